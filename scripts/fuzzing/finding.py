"""What ought to hold and did not becomes an error that says so in one line."""


class Finding(AssertionError):  # noqa: N818 - that is what fuzzers call it
    """Something that is never to happen. `rule` names it, always in the same words."""

    def __init__(self, rule: str, details: object = "") -> None:
        super().__init__(f"{rule}: {details!r}" if details != "" else rule)
        self.rule = rule


def hold(fact: object, rule: str, details: object = "") -> None:
    """Raise Finding unless something is so."""
    if not fact:
        raise Finding(rule, details)
