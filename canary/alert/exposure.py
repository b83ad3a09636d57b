"""The accesses of an alert become sentences: which account was shown what, when, and how long before."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from canary.alert.facts import (
    Account,
    accounts,
    distinct,
    leading_class,
    pointed_to,
    span,
    surest,
    when,
)
from canary.alert.markup import Quote, Sentence, quoted
from canary.model import Access, Alert, HitClass

VALUE_CHARS = 80
CONFIDENCE_WORDS = ((0.9, "high"), (0.7, "fair"), (0.4, "low"), (0.0, "very low"))


def facts_of(alert: Alert, account: Account, values: int) -> Iterator[tuple[str, Sentence]]:
    """Return what is known of one account's accesses, labelled, at most `values` values of a kind."""
    shown = account.accesses
    last = account.last
    since = len(shown) - len(account.before)
    times = "1 access" if len(shown) == 1 else f"{len(shown):,} accesses"
    times += f", {since:,} since" if since else ""
    records = distinct(access.record for access in shown)
    yield "Account", (quoted(account.employee, VALUE_CHARS), account.acting)
    yield "Record" if len(records) == 1 else "Records", listed(records, values)
    yield "Beneficiary", listed(distinct(access.beneficiary for access in shown), values)
    yield "First shown", (f"{when(shown[0].at)}, {before(shown[0], account, alert)}",)
    yield "Last shown", (f"{when(last.at)}, {before(last, account, alert)} ({times})",)
    for label, value in (("Tool", last.tool), ("Session", last.session), ("Client IP", last.client_ip)):
        if value:
            yield f"{label} of that access", (quoted(value, VALUE_CHARS),)
    yield "Class", (_classes(alert),)
    yield "Confidence", (confidence(alert),)


def told_of(alert: Alert, exposed: tuple[Account, ...], most: int, values: int) -> tuple[Sentence, ...]:
    """Return a sentence for each of the first `most` accounts, and how many more there are."""
    told = [_exposure(alert, account, values) for account in exposed[:most]]
    if len(exposed) > most:
        told.append((f"… and {len(exposed) - most:,} more accounts.",))
    return tuple(told)


def listed(values: Sequence[str], most: int) -> Sentence:
    """Return the first values as quotes, and how many more there are."""
    parts: list[str | Quote] = []
    for value in values[:most]:
        parts += [", ", quoted(value, VALUE_CHARS)]
    if len(values) > most:
        parts.append(f" and {len(values) - most:,} more")
    return tuple(parts[1:]) or ("not given",)


def confidence(alert: Alert) -> str:
    """Return the highest confidence among the hits as a word and a figure that never reaches 1.

    Where decoys that accounts share point to none of them, it is said to be for all of these together.
    """
    highest = surest(alert)[0].verdict.confidence
    word = next((word for least, word in CONFIDENCE_WORDS if highest >= least), "very low")
    exposed = accounts(alert)
    whose = " for these accounts together" if exposed and not pointed_to(alert, exposed) else ""
    return f"{word} ({min(highest, 0.99):.2f}){whose}"


def before(access: Access, account: Account, alert: Alert) -> str:
    """Return how long before the first hit on its account an access was."""
    gap = account.hit_at - access.at
    classes = {hit.verdict.hit_class for hit in alert.hits}
    what = leading_class(alert).value if len(classes) == 1 else "first hit"
    if gap < timedelta(0):
        return f"{span(gap)} after the {what}: compare the clocks"
    return f"{span(gap)} before the {what}"


def _exposure(alert: Alert, account: Account, values: int) -> Sentence:
    count = "1 decoy" if account.decoys == 1 else f"{account.decoys:,} decoys"
    first, last = account.accesses[0], account.last
    where = [
        part
        for label, value in (("tool", last.tool), ("session", last.session), ("from", last.client_ip))
        if value
        for part in (f", {label} ", quoted(value, VALUE_CHARS))
    ]
    return (
        quoted(account.employee, VALUE_CHARS),
        f"{account.acting}: {count}, record ",
        *listed(distinct(access.record for access in account.accesses), values),
        ", beneficiary ",
        *listed(distinct(access.beneficiary for access in account.accesses), values),
        f"; first shown {when(first.at)}, last {when(last.at)} ({before(last, account, alert)})",
        *where,
    )


def _classes(alert: Alert) -> str:
    counts = {
        one: sum(hit.verdict.hit_class is one for hit in alert.hits)
        for one in (HitClass.MAIL, HitClass.TOUCH, HitClass.BOUNCE, HitClass.PROBE)
    }
    return ", ".join(
        one.value if len(alert.hits) == 1 else f"{count:,} {one.value}"
        for one, count in counts.items()
        if count
    )
