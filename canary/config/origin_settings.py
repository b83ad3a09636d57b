"""The settings of who sent a hit, what is the company's own, and which classes of hits are told."""

from ipaddress import ip_address
from typing import Final

from canary.config.kinds import Kind, duration, items_of, yes_or_no
from canary.config.places import host_of
from canary.config.setting import Setting

SYSTEM, OFF = "system", "off"
ALWAYS, NEVER = "always", "never"

CLASSES: Final = (
    ("mail", ALWAYS, "Solicitation and any other mail."),
    ("probe", ALWAYS, "An address that was named and no message followed: somebody verifies a list."),
    ("touch", ALWAYS, "An action on a decoy's record that the tool reported."),
    ("bounce", 0.3, "Bounces, delivery reports and automatic replies."),
    ("own", NEVER, "Mail of the company's own domains, proven by SPF or DKIM."),
    ("spam", NEVER, "What controls, which nobody was shown, were sent, too."),
    ("dictionary", NEVER, "Guesses: what a client hit that tried very many addresses in vain."),
)


def when() -> Kind:
    """Return the kind of `always`, `never` (None), or a least confidence."""

    def parse(value: object) -> float | None:
        if value in {ALWAYS, NEVER}:
            return 0.0 if value == ALWAYS else None
        if type(value) not in {int, float} or not 0 <= float(str(value)) <= 1:
            raise ValueError
        return float(str(value))

    def native(text: str) -> object:
        return text if text in {ALWAYS, NEVER} else float(text)

    return Kind("always, never, or a least confidence from 0 to 1", parse, native)


def name_servers() -> Kind:
    """Return the kind of `system` (()), `off` (None), or a list of name servers' addresses."""

    def parse(value: object) -> tuple[str, ...] | None:
        if value in {SYSTEM, OFF}:
            return () if value == SYSTEM else None
        found = items_of(value)
        if not found:
            raise ValueError
        return tuple(str(ip_address(each)) for each in found)

    def native(text: str) -> object:
        return text if text in {SYSTEM, OFF} else items_of(text)

    return Kind("system, off, or a list of IP addresses", parse, native)


def own_domains() -> Kind:
    """Return the kind of lists of domains."""
    return Kind(
        'a list of domains such as ["example.com"]',
        lambda value: tuple(map(host_of, items_of(value))),
        items_of,
    )


ORIGIN_SETTINGS: Final = (
    Setting(
        "origin.appraise",
        yes_or_no(),
        True,  # noqa: FBT003 - a default, beside what it is the default of
        "Find out who sent what was kept, which class it is of, and which incident it joins. `false` leaves "
        "all that to the next start with `true`, and alerts go out at once.",
    ),
    Setting(
        "origin.own_domains",
        own_domains(),
        (),
        "The company's own sending domains. Mail of theirs is class `own` where SPF or DKIM prove it.",
        example=("example.com", "mail.example.net"),
    ),
    Setting(
        "origin.dns",
        name_servers(),
        SYSTEM,
        "Which name servers are asked who sent a message: those of the system, some by address, or none "
        "(`off`).",
    ),
    Setting(
        "origin.deadline",
        duration("1s", "60s"),
        "8s",
        "How long SPF, DKIM and DMARC of one message may take in all; what is late is not evaluated.",
    ),
)

HOLD_SETTING: Final = Setting(
    "alert.hold",
    duration("0", "60s"),
    "3s",
    "How long an alert waits for class and incident of its hits at the most; 0 alerts at once, whatever "
    "they turn out to be.",
)

ON_SETTINGS: Final = tuple(
    Setting(f"alert.on.{name}", when(), default, f"{text} `always`, `never`, or from a confidence on.")
    for name, default, text in CLASSES
)
