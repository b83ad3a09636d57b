"""Hits, or decoys in a list that was found, become the question that inference answers."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from statistics import median

from canary.address import split
from canary.inference import HitDecoy, Holdings, Seen, Shown, Survey, survey
from canary.model import EPOCH, MICROSECOND, BaseRate, Decoy, Hit, Peer
from canary.model.showing import Place, Showing, Viewings
from canary.ports import Exposures

MOST_EXPOSURES = 400_000
"""So many exposures of hit decoys are read, of the rarest first: what thousands were shown names nobody."""

WITHIN = timedelta(days=7)
"""Hits by one sender, each within a week of the one before, are one piece of evidence."""

SLACK = timedelta(minutes=10)
SAMPLED = 5
NETWORKS = {4: 24, 6: 64}
LIST = "list"
MISSES = 4
"""One near miss may well mean another address; that so many do is no likelier than that a list has another
cause."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of inference, and by what its accounts are found. `left_out` counts hit decoys."""

    survey: Survey
    viewings: Viewings
    until: datetime
    left_out: int = 0


def struck(
    hits: Iterable[Hit], rate: BaseRate, senders: Mapping[str, Collection[str]] | None = None
) -> list[HitDecoy]:
    """Return hits as inference takes them; a self-test's are no evidence.

    `senders` tells of messages, by identifier, by what their sender is known again, where that is known.
    """
    every = [hit for hit in hits if not hit.decoy.selftest]
    groups = groups_of(every, senders or {})
    return [
        replace(
            _hit_decoy(hit.decoy, hit.at, groups[hit.id], rate),
            hit_class=hit.verdict.hit_class,
            ours=hit.message.ours if hit.message else True,
        )
        for hit in every
    ]


def listed(decoys: Iterable[Decoy], near: Iterable[Decoy], at: datetime, rate: BaseRate) -> list[HitDecoy]:
    """Return the decoys of a list that was found at a time, as inference takes them: one piece of evidence.

    A near miss counts only for a decoy that is not in the list itself; a self-test's decoy never does. Where
    there are near misses alone, each is doubtful by itself, up to `MISSES` of them.
    """
    exact = {each.id: each for each in decoys if not each.selftest}
    missed = {each.id: each for each in near if not each.selftest and each.id not in exact}
    found = [_hit_decoy(each, at, LIST, rate) for each in exact.values()]
    for place, each in enumerate(missed.values()):
        group = LIST if exact else f"{LIST} {place % MISSES}"
        found.append(replace(_hit_decoy(each, at, group, rate), near=True))
    return [replace(each, found=True) for each in found]


def groups_of(hits: Sequence[Hit], senders: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return for each hit the piece of evidence that it is part of, by the first hit of that.

    One message, one session, or one sender (a domain, a client network, an indicator) within `WITHIN`.
    """
    first: dict[str, str] = {hit.id: hit.id for hit in hits}
    last: dict[str, tuple[str, datetime]] = {}
    for hit in sorted(hits, key=lambda each: (each.at, each.id)):
        for key, bounded in _keys(hit, senders):
            other, at = last.get(key, (hit.id, hit.at))
            if not bounded or hit.at - at <= WITHIN:
                first[_root(first, hit.id)] = _root(first, other)
            last[key] = (hit.id, hit.at)
    return {hit.id: _root(first, hit.id) for hit in hits}


def question_of(look: Exposures, hits: Sequence[HitDecoy], rate: BaseRate) -> Question | None:
    """Return the question that hits ask of what the store holds; None if there is nothing to ask."""
    planted = {hit.decoy for hit in hits if not hit.control}
    viewings = look.viewings(planted, MOST_EXPOSURES)
    asked = [
        replace(hit, record=viewings.records[hit.decoy].hex() if hit.decoy in viewings.records else "")
        for hit in hits
        if hit.decoy not in viewings.left_out
    ]
    if not asked:
        return None
    until = EPOCH + max(hit.at for hit in asked) * MICROSECOND + SLACK
    number, some = look.accounts(SAMPLED)
    sample = look.showings([(place,) for place in some], planted, _month_end(until))
    holdings = Holdings(max(number, 1), rate, typical=_typical(list(sample.values())))
    seen = {
        decoy: Seen(each.accounts, each.first, each.times, each.last)
        for decoy, each in viewings.viewers.items()
    }
    return Question(survey(asked, seen, holdings), viewings, until, len(viewings.left_out))


def counted(
    look: Exposures, question: Question, groups: Iterable[tuple[int, ...]]
) -> dict[tuple[int, ...], Showing]:
    """Return how much accounts, alone or together, had been shown by the last hit."""
    places = question.viewings.accounts
    by_places: dict[tuple[Place, ...], tuple[int, ...]] = {
        tuple(places[account] for account in group): group for group in groups
    }
    hit = [each.decoy for each in question.survey.hits]
    found = look.showings(by_places, hit, question.until)
    return {by_places[group]: showing for group, showing in found.items()}


def shown_of(showing: Showing) -> Shown:
    """Return what was counted as inference takes it."""
    return Shown(showing.total, showing.beside, showing.records, showing.unhit_first)


def _hit_decoy(decoy: Decoy, at: datetime, group: str, rate: BaseRate) -> HitDecoy:
    return HitDecoy(
        decoy.id,
        (at - EPOCH) // MICROSECOND,
        group,
        layer=decoy.layer,
        surprisal=decoy.surprisal,
        domain=split(decoy.address)[1],
        minted_at=(decoy.minted_at - EPOCH) // MICROSECOND,
        tries=rate.strays,
        control=decoy.control,
    )


def _keys(hit: Hit, senders: Mapping[str, Collection[str]]) -> Iterator[tuple[str, bool]]:
    """Yield by what a hit belongs together with others, and whether that holds for a time only."""
    arrival = hit.message or hit.probe
    if hit.touch:
        yield f"touch {hit.touch.employee}", True
    if arrival is None:
        return
    if hit.message:
        yield f"message {hit.message.id}", False
        yield from ((f"sender {each}", True) for each in senders.get(hit.message.id, ()))
    if arrival.peer.session:
        yield f"session {arrival.peer.session}", False
    domain = split(arrival.mail_from)[1].lower() if "@" in arrival.mail_from else ""
    if domain:
        yield f"domain {domain}", True
    network = _network(arrival.peer)
    if network:
        yield f"network {network}", True


def _network(peer: Peer) -> str:
    try:
        address = ip_address(peer.ip)
    except ValueError:
        return ""
    return str(ip_network((address, NETWORKS[address.version]), strict=False))


def _root(first: dict[str, str], hit: str) -> str:
    while first[hit] != hit:
        first[hit] = first[first[hit]]
        hit = first[hit]
    return hit


def _month_end(at: datetime) -> datetime:
    """Return the end of the 30 days that a time is in: many questions ask for the same typical account."""
    return EPOCH + timedelta(days=((at - EPOCH).days // 30 + 1) * 30)


def _typical(sample: Sequence[Showing]) -> Shown:
    """Return what an account is shown of which nothing was counted: the middle of some of them."""
    if not sample:
        return Holdings(1, BaseRate()).typical
    total = [int(median(each.total[layer] for each in sample)) for layer in range(3)]
    records = max(1, int(median(each.records for each in sample)))
    view, stable, cohort = (max(1, -(-shown // records)) if shown else 0 for shown in total)
    return Shown((total[0], total[1], total[2]), (view, stable, cohort), records)
