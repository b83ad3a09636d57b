"""A story becomes plain text for terminals and mail."""

from collections.abc import Iterable, Iterator
from textwrap import fill

from canary.alert.markup import spoken
from canary.alert.receipt import Receipt, is_receipt, receipt
from canary.alert.wording import Story, story
from canary.model import Alert

COLUMNS = 100
LABEL_COLUMNS = 24


def plain(alert: Alert) -> str:
    """Return everything an alert says as text of at most 100 columns, attackers' words defanged."""
    if not alert.hits:
        return "An alert without hits."
    if is_receipt(alert):
        return "\n".join(_receipt_lines(receipt(alert)))
    return "\n".join(_lines(story(alert)))


def _receipt_lines(told: Receipt) -> Iterator[str]:
    yield _wrapped(told.title)
    for label, value in told.facts:
        yield _labelled(f"  {label}", spoken(value))
    yield _wrapped(told.note)
    yield _wrapped(spoken(told.rest))


def _lines(told: Story) -> Iterator[str]:
    yield _wrapped(told.title)
    yield "=" * min(len(told.title), COLUMNS)
    for sentence in told.lead:
        yield _wrapped(spoken(sentence))
    if told.known:
        yield from _listing("What all hits of it say together", (each.text for each in told.known))
    if told.facts:
        yield ""
    for label, value in told.facts:
        yield _labelled(label, spoken(value))
    if told.exposed:
        yield from _listing("Exposed through the accesses of", map(spoken, told.exposed))
    total = len(told.arrived) + told.more_arrived
    for number, rows in enumerate(told.arrived, 1):
        yield ""
        yield "What arrived" + (f" ({number} of {total:,})" if total > 1 else "")
        for label, quote in rows:
            yield _labelled("  " + label, quote.text)
    if told.more_arrived:
        yield f"… and {told.more_arrived:,} more."
    yield from _listing(f"Confidence {told.confidence}, because", (reason.text for reason in told.reasons))
    yield from _listing("What else could explain it", map(spoken, told.doubts))
    yield ""
    yield "What to do next"
    for number, step in enumerate(told.steps, 1):
        yield _wrapped(spoken(step), f"  {number}. ")
    yield ""
    yield _wrapped(spoken(told.noise))
    yield _wrapped(spoken(told.rest))


def _listing(heading: str, items: Iterable[str]) -> Iterator[str]:
    yield ""
    yield heading
    for item in items:
        yield _wrapped(item, "  - ")


def _labelled(label: str, value: str) -> str:
    return _wrapped(value, label.ljust(LABEL_COLUMNS) + " ")


def _wrapped(text: str, lead: str = "") -> str:
    return fill(
        text,
        COLUMNS,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_on_hyphens=False,
    )
