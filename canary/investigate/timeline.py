"""An incident becomes its story: what was shown when, what arrived, what was done about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from canary.investigate.joining import plain, shown
from canary.investigate.layers import named
from canary.mail import headers_of
from canary.model import Access, AuditEntry, Hit, Layer
from canary.model.casework import CaseFile, JoinedHit

ORDER = ("shown", "shown again", "probe", "mail", "touch", "act")
MOST_CHARS = 120


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, in words that are safe to show. `about` are identifiers."""

    at: datetime
    kind: str
    words: str
    about: tuple[str, ...] = ()


def timeline(case: CaseFile) -> tuple[Moment, ...]:
    """Return what happened, first things first.

    Of a shared decoy only the first look is told: everybody's are too many, and say little.
    """
    moments = chain(
        _showings(case.hits), (_arrival(each) for each in _each_arrival(case.hits)), map(_act, case.audit)
    )
    return tuple(sorted(moments, key=lambda each: (each.at, ORDER.index(_rank(each.kind)))))


def _rank(kind: str) -> str:
    return kind if kind in ORDER else "act"


def _showings(hits: Sequence[JoinedHit]) -> Iterator[Moment]:
    """Yield when each account was first shown hit decoys of each record, and when again for the last time."""
    looks: dict[tuple[str, str], dict[str, Access]] = {}
    decoys: dict[tuple[str, str], set[str]] = {}
    for each in hits:
        accesses = each.hit.accesses if each.hit.decoy.layer is Layer.VIEW else each.hit.accesses[:1]
        for access in accesses:
            pair = (named(access), access.record)
            looks.setdefault(pair, {})[access.id] = access
            decoys.setdefault(pair, set()).add(each.hit.decoy.id)
    for pair, seen in looks.items():
        account, record = map(plain, pair)
        ordered = sorted(seen.values(), key=lambda access: access.at)
        count = len(decoys[pair])
        decoys_hit = "a decoy that was hit later" if count == 1 else f"{count} decoys that were hit later"
        yield Moment(
            ordered[0].at,
            "shown",
            f"first to {account}, record {record}: {decoys_hit}",
            (ordered[0].id,),
        )
        again = ordered[1:]
        if again:
            times = "once" if len(again) == 1 else f"{len(again):,} times, the last time now"
            words = f"to {account}, record {record}: {times}"
            yield Moment(again[-1].at, "shown again", words, tuple(access.id for access in again))


def _each_arrival(hits: Sequence[JoinedHit]) -> Iterator[list[Hit]]:
    """Yield the hits of one message together, every other by itself."""
    arrivals: dict[str, list[Hit]] = {}
    for each in hits:
        arrivals.setdefault(each.hit.message.id if each.hit.message else each.hit.id, []).append(each.hit)
    yield from arrivals.values()


def _arrival(hits: Sequence[Hit]) -> Moment:
    hit = hits[0]
    about = tuple(each.id for each in hits)
    if hit.touch:
        words = f"{plain(hit.touch.employee)}: {shown(hit.touch.action)} on {shown(hit.decoy.address)}"
        return Moment(hit.at, "touch", words, about)
    if hit.message is None:
        others = f", {hit.probe.others:,} others tried" if hit.probe else ""
        verb = hit.probe.verb.value if hit.probe else "probe"
        return Moment(hit.at, "probe", f"{verb} {shown(hit.decoy.address)}{others}", about)
    headers = headers_of(hit.message.head)
    sender = shown(hit.message.mail_from) or "<>"
    to = shown(hit.decoy.address) if len(hits) == 1 else f"{len(hits)} decoys"
    words = f"from {sender} to {to}: {shown(headers.subject) or 'no subject'}"
    return Moment(hit.at, hit.verdict.hit_class.value, words, about)


def _act(entry: AuditEntry) -> Moment:
    return Moment(entry.at, entry.action, f"{plain(entry.actor)}: {entry.words}", (entry.id,))
