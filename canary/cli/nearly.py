"""Recipients that nobody has become near misses: which decoys they nearly are, and how likely by chance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import chain
from typing import Any

from canary.address import canonical, canonical_domain, split
from canary.cli.output import counted, printable
from canary.dump import Lookup, Near, look_up
from canary.investigate import access_json, few, layer_of, stamp
from canary.model import Access, Decoy, Tried
from canary.model.casework import CaseFile
from canary.odds.nearness import nearness_chance
from canary.persona import bits_to_guess
from canary.ports import Exposures, Store

MOST_TRIED = 20_000
LEAST_TRIED = 100
MOST_PAIRS = 150_000_000
"""So many recipients times decoys are compared, in some ten seconds; those of the quietest networks."""

MOST_ACCESSES = 100
MOST_DECOYS = 2000
MOST_LINES = 20
BEFORE = timedelta(days=30)
FOR_REVIEW = "Near misses, for review: nobody has shown that these decoys were meant."
COLUMNS = ("tried", "edits", "decoy", "layer", "employee", "record", "network", "last", "times", "by chance")


@dataclass(frozen=True, slots=True)
class Miss:
    """A recipient that nobody has and a decoy that it nearly is. `shown` are all accesses that showed it.

    `chance` is that of the network's attempts of the day to come as near to any of the domain's `decoys`.
    """

    tried: Tried
    decoy: Decoy
    distance: float
    decoys: int
    chance: float
    accesses: tuple[Access, ...]
    shown: int


@dataclass(frozen=True, slots=True)
class Misses:
    """Near misses, the least likely by chance first, and how many recipients were compared for them."""

    rows: tuple[Miss, ...]
    compared: int
    uncompared: int


def near_misses(store: Store, since: datetime, domains: Iterable[str]) -> Misses:
    """Return the near misses among the recipients tried since a time at domains of decoys.

    With very many decoys only the most telling recipients are compared; the others are counted.
    """
    rate = store.base_rate()
    pairs = MOST_PAIRS // max(rate.decoys + rate.controls, 1)
    tried = _tried(store, since)
    with store.exposures() as look:
        parts = look.locals_by_domain() if tried else {}
        lookup = look_up(
            ((address, number) for number, address in enumerate(tried)),
            sorted({*map(canonical_domain, domains), *parts}),
            look.found,
            lambda domain: (f"{local}@{domain}" for local in parts.get(domain, "").split()),
            max(LEAST_TRIED, min(pairs, MOST_TRIED)),
        )
        return _misses(look, lookup, tried, {domain: text.count("\n") + 1 for domain, text in parts.items()})


def misses_of(store: Store, decoys: Sequence[Decoy], since: datetime) -> Misses:
    """Return the near misses of some decoys; of chance nothing is said, since others are not looked at."""
    by_domain: dict[str, list[str]] = {}
    for decoy in decoys:
        address = canonical(decoy.address)
        by_domain.setdefault(split(address)[1], []).append(address)
    tried = _tried(store, since) if decoys else {}
    with store.exposures() as look:
        lookup: Lookup[Decoy] = look_up(
            ((address, number) for number, address in enumerate(tried)),
            sorted(by_domain),
            lambda _: {},
            lambda domain: by_domain.get(domain, ()),
            MOST_TRIED,
        )
        return _misses(look, lookup, tried, {})


def misses_of_case(store: Store, case: CaseFile) -> Misses:
    """Return the near misses of the decoys that an incident's hits are on, from a month before it on."""
    decoys = {each.hit.decoy.id: each.hit.decoy for each in case.hits if not each.hit.decoy.selftest}
    return misses_of(store, list(decoys.values())[:MOST_DECOYS], case.incident.opened_at - BEFORE)


def _tried(store: Store, since: datetime) -> Mapping[str, Sequence[Tried]]:
    """Return what was tried, by canonical address: what is known to be near, then the quietest networks'."""
    near: list[Tried] = []

    def others() -> Iterator[Tried]:
        for each in store.tried_recipients(since):
            if each.near:
                near.append(each)
            else:
                yield each

    rest = nsmallest(MOST_TRIED, others(), key=lambda each: each.attempts)
    found: dict[str, list[Tried]] = {}
    for each in chain(near, rest):
        found.setdefault(canonical(each.address), []).append(each)
    return found


def _misses(
    look: Exposures, lookup: Lookup[Decoy], tried: Mapping[str, Sequence[Tried]], decoys: Mapping[str, int]
) -> Misses:
    meant = look.found(list(dict.fromkeys(each.decoy for each in lookup.near)))
    rows = [
        _miss(look, one, near, meant[near.decoy], decoys)
        for near in lookup.near
        if near.distance and near.decoy in meant
        for one in tried[near.address]
        if one.last >= meant[near.decoy].minted_at
    ]
    rows.sort(key=lambda each: (each.chance, each.distance, each.tried.last))
    return Misses(tuple(rows), lookup.addresses - lookup.uncompared, lookup.uncompared)


def _miss(look: Exposures, tried: Tried, near: Near, decoy: Decoy, decoys: Mapping[str, int]) -> Miss:
    accesses, shown = look.accesses(decoy.id, MOST_ACCESSES)
    there = decoys.get(split(near.decoy)[1], 0)
    chance = nearness_chance(bits_to_guess(decoy), near.distance, there, tried.attempts)
    by_then = tuple(access for access in accesses if access.at <= tried.last)
    return Miss(tried, decoy, near.distance, there, chance, by_then or accesses, shown)


def rows_of(misses: Misses) -> Iterator[tuple[str, ...]]:
    """Yield the near misses as rows of a table."""
    for each in misses.rows:
        employees = list(dict.fromkeys(access.employee for access in each.accesses))
        records = list(dict.fromkeys(access.record for access in each.accesses))
        yield (
            each.tried.address,
            f"{each.distance:g}",
            each.decoy.address,
            layer_of(each.decoy),
            few(employees) or "-",
            few(records) or "-",
            each.tried.network,
            f"{each.tried.last:%Y-%m-%d %H:%M}",
            f"{each.tried.times:,}",
            _odds(each.chance),
        )


def words_of(miss: Miss) -> str:
    """Return how likely a near miss is by chance."""
    domain = split(miss.decoy.address)[1]
    one = nearness_chance(bits_to_guess(miss.decoy), miss.distance, miss.decoys, 1)
    decoys = "the only decoy there" if miss.decoys == 1 else f"one of the {miss.decoys:,} decoys there"
    tried = counted(miss.tried.attempts, "recipient")
    return (
        f"a guess, or a stranger's address mistyped to {domain}, comes this near to {decoys} with a chance "
        f"of {_odds(one)}; its network tried {tried} that nobody has on that day: {_odds(miss.chance)}"
    )


def said_of(misses: Misses) -> str:
    """Return what all near misses together say about chance."""
    controls = sum(each.decoy.control for each in misses.rows)
    left = (
        f"; {counted(misses.uncompared, 'other')} of busier networks were not compared"
        if misses.uncompared
        else ""
    )
    found = counted(len(misses.rows), "near miss", "near misses")
    return (
        f"{counted(misses.compared, 'recipient')} that nobody has compared: {found}, {controls:,} of them of "
        f"controls, which nobody was shown: what comes near these is chance{left}"
    )


def lines_of(misses: Misses) -> Iterator[str]:
    """Yield near misses as lines below a heading of their own; nothing where there are none."""
    if misses.rows:
        yield from ("", FOR_REVIEW)
    for each in misses.rows[:MOST_LINES]:
        edits = "1 edit" if each.distance == 1 else f"{each.distance:g} edits"
        yield (
            f"  {printable(each.tried.address)} ({edits} from {each.decoy.address}) was tried "
            f"{counted(each.tried.times, 'time')} by {each.tried.network}, "
            f"last at {each.tried.last:%Y-%m-%d %H:%M} UTC"
        )

    if len(misses.rows) > MOST_LINES:
        yield f"  … {len(misses.rows) - MOST_LINES:,} more: `canary attempts --near`"


def miss_json(miss: Miss) -> dict[str, Any]:
    """Return a near miss; `address`, `decoy`, `distance` and `accesses` are those of `canary lookup`."""
    return {
        "address": miss.tried.address,
        "decoy": miss.decoy.address,
        "distance": miss.distance,
        "id": miss.decoy.id,
        "layer": layer_of(miss.decoy),
        "network": miss.tried.network,
        "first": stamp(miss.tried.first),
        "last": stamp(miss.tried.last),
        "times": miss.tried.times,
        "attempts": miss.tried.attempts,
        "shown": miss.shown,
        "accesses": [access_json(access) for access in miss.accesses],
    }


def misses_json(misses: Misses) -> dict[str, Any]:
    """Return near misses with their odds, and what was compared."""
    return {
        "near": [
            miss_json(each) | {"chance": each.chance, "because": words_of(each)} for each in misses.rows
        ],
        "said": said_of(misses),
        "compared": misses.compared,
        "uncompared": misses.uncompared,
    }


def _odds(chance: float) -> str:
    return f"1 in {1 / chance:,.0f}" if chance > 1e-12 else "nearly 0"  # noqa: PLR2004 - no number would say more
