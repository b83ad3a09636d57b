"""A hit on a self-test's decoy becomes a receipt: short, and nothing that could be taken for an alarm."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from canary.address import split
from canary.alert.facts import Arrival, arrivals, when
from canary.alert.markup import Quote, Sentence, capped, clean, defanged_quote, quoted, spoken
from canary.model import Alert, Peer

TITLE_CHARS = 150
VALUE_CHARS = 80
PATH_CHARS = 700
MOST_STEPS = 40
SUMMARY_FACTS = 2
SHORT = timedelta(minutes=10)
STEP = re.compile(r"(\d{1,6}\.\d{1,6}) ([CS]): ([A-Za-z]{1,10}|\d{3})(?![A-Za-z\d])")
NOT_AN_ALARM = (
    "Nobody was exposed. If nobody ran canary selftest then, somebody else has its decoy's address."
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says, before it is laid out: a title, labelled facts, and where the rest is."""

    title: str
    facts: tuple[tuple[str, Sentence], ...]
    note: str
    rest: Sentence


def is_receipt(alert: Alert) -> bool:
    """Say whether an alert is about nothing but self-tests."""
    return bool(alert.hits) and all(hit.decoy.selftest for hit in alert.hits)


def receipt(alert: Alert) -> Receipt:
    """Tell a self-test's arrival."""
    came = arrivals(alert)[0]
    return Receipt(
        title=_title(alert),
        facts=tuple(_facts(alert, came)),
        note=NOT_AN_ALARM,
        rest=("Everything kept: ", quoted(f"canary hit show {alert.hits[0].id}", VALUE_CHARS)),
    )


def receipt_summary(alert: Alert) -> str:
    """Tell it in one line of plain text: when it was kept, and whence it came."""
    told = receipt(alert)
    facts = told.facts[:SUMMARY_FACTS]
    return f"{told.title}: " + "; ".join(f"{label.lower()} {spoken(value)}" for label, value in facts)


def _title(alert: Alert) -> str:
    domains = ", ".join(dict.fromkeys(split(hit.decoy.address)[1] for hit in alert.hits))
    mail = any(hit.message is not None for hit in alert.hits)
    what = f"mail to {domains} arrived" if mail else f"the decoy of {domains} was named, no mail followed"
    return capped(f"Self-test: {clean(what, TITLE_CHARS)}", TITLE_CHARS)


def _facts(alert: Alert, came: Arrival) -> Iterator[tuple[str, Sentence]]:
    yield "Kept", (_kept(alert, came),)
    if came.peer.ip:
        yield "From", tuple(_peer(came.peer))
    message = alert.hits[0].message
    probe = came.probe
    trace = message.trace if message else probe.trace if probe else None
    if trace is None:
        return
    steps = path_of(trace.lines)
    if steps:
        yield "Path", (quoted(steps, PATH_CHARS),)
    if trace.queue_id:
        yield "Queued as", (quoted(trace.queue_id, VALUE_CHARS),)


def _kept(alert: Alert, came: Arrival) -> str:
    """Return when it arrived, and how long it then took until it was kept."""
    took = alert.created_at - came.at
    if timedelta(0) <= took < SHORT:
        return f"{when(came.at)}, in {took / timedelta(milliseconds=1):,.0f} ms"
    return when(came.at)


def _peer(peer: Peer) -> Iterator[str | Quote]:
    yield quoted(peer.ip, VALUE_CHARS)
    for words, value in ((" (", peer.name), (" saying ", peer.helo), (" by way of ", peer.via)):
        if value:
            yield words
            yield defanged_quote(value, VALUE_CHARS)
            yield ")" if words == " (" else ""
    yield ", "
    yield quoted(peer.tls, VALUE_CHARS) if peer.tls else "clear text"


def path_of(lines: Sequence[str]) -> str:
    """Return the legs that a transcript shows: commands and reply codes with their seconds, no other word.

    `0.001 EHLO 250, 0.004 STARTTLS 220, …`
    """
    legs: list[str] = []
    for line in lines[:MOST_STEPS]:
        found = STEP.match(line)
        if found is None:
            continue
        seconds, side, word = found.groups()
        if side == "S" and legs:
            legs[-1] += f" {word}"
        else:
            legs.append(f"{seconds} {word.upper()}")
    return ", ".join(legs)
