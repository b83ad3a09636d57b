"""The addresses of a dump become the decoys among them, and those that nearly are decoys."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from canary.address import canonical, split
from canary.dump.nearness import MOST, Domains, Near, canonical_parts, locals_of, near

T = TypeVar("T")
Known = Callable[[Sequence[str]], Mapping[str, T]]
"""What is known of those of some canonical addresses that are decoys, by address."""

DecoysOf = Callable[[str], Iterable[str]]
"""The addresses of the live decoys of a domain, as they were minted or canonical."""

BATCH = 5000
CHUNK = 20_000
MOST_COMPARED = 500
"""Each costs 0.2 s CPU for a million decoys. At decoys' domains nobody else has an address, so that more of
them are guesses, not misreadings."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A decoy in the dump: as first written, on which line, how often it is there, and what is known."""

    address: str
    line: int
    decoy: str
    known: T
    times: int = 1


@dataclass(frozen=True, slots=True)
class Lookup(Generic[T]):
    """What a dump holds. `addresses` counts all of them, `lines` is the last line with one.

    `uncompared` counts the addresses at our domains that were too many to be compared with decoys.
    """

    decoys: tuple[Found[T], ...]
    near: tuple[Near, ...]
    addresses: int
    lines: int
    uncompared: int = 0


@dataclass(slots=True)
class _Search(Generic[T]):
    """What was found so far. `strangers` are (canonical local part, our domain, edits to it)."""

    found: dict[str, Found[T]] = field(default_factory=dict)
    near: dict[tuple[str, float], Near] = field(default_factory=dict)
    strangers: dict[tuple[str, str, float], tuple[str, int]] = field(default_factory=dict)
    room: dict[bool, int] = field(default_factory=lambda: {True: MOST_COMPARED, False: MOST_COMPARED})
    uncompared: int = 0


def look_up(
    addresses: Iterable[tuple[str, int]],
    domains: Iterable[str],
    known: Known[T],
    decoys_of: DecoysOf,
    most: int = MOST_COMPARED,
) -> Lookup[T]:
    """Return the decoys among addresses, in the order of their lines, and the near misses, nearest first.

    Only addresses at our domains, or nearly, are asked about and compared; memory holds those alone. So
    many at our domains, and as many at look-alike ones, are compared.
    What `known` and `decoys_of` raise is let through.
    """
    ours = Domains(domains)
    search: _Search[T] = _Search(room={True: most, False: most})
    count, line = 0, 0
    source = iter(addresses)
    while batch := list(islice(source, BATCH)):
        count, line = count + len(batch), batch[-1][1]
        _take(search, batch, ours, known)
    misses = sorted(
        (*search.near.values(), *_misses(search, decoys_of)),
        key=lambda each: (each.distance, each.line, each.decoy),
    )
    found = sorted(search.found.values(), key=lambda each: each.line)
    return Lookup(tuple(found), tuple(misses), count, line, search.uncompared)


def _take(search: _Search[T], batch: list[tuple[str, int]], ours: Domains, known: Known[T]) -> None:
    """Take what of a batch is at one of our domains: decoys, and strangers to compare later."""
    candidates = [
        (address, line, local, place)
        for address, line in batch
        for local, domain in (canonical_parts(address),)
        for place in ours.places(domain)
    ]
    asked = {f"{local}@{place.domain}" for _, _, local, place in candidates} - search.found.keys()
    answers = known(sorted(asked)) if asked else {}
    for address, line, local, place in candidates:
        decoy = f"{local}@{place.domain}"
        if decoy in search.found or decoy in answers:
            if place.distance:
                near_miss = Near(address, line, decoy, place.distance)
                search.near.setdefault((decoy, place.distance), near_miss)
            else:
                _count(search, address, line, decoy, answers)
        elif not place.glued:
            _keep(search, (local, place.domain, place.distance), (address, line))


def _keep(search: _Search[T], key: tuple[str, str, float], where: tuple[str, int]) -> None:
    """Keep a stranger to be compared; apart those at domains that only look like ours, which may be big."""
    if key in search.strangers:
        return
    theirs = not key[2]
    if search.room[theirs]:
        search.room[theirs] -= 1
        search.strangers[key] = where
    else:
        search.uncompared += 1


def _count(search: _Search[T], address: str, line: int, decoy: str, answers: Mapping[str, T]) -> None:
    seen = search.found.get(decoy)
    search.found[decoy] = (
        Found(seen.address, seen.line, decoy, seen.known, seen.times + 1)
        if seen
        else Found(address, line, decoy, answers[decoy])
    )


def _misses(search: _Search[T], decoys_of: DecoysOf) -> Iterator[Near]:
    """Yield the near misses among the strangers: each domain's decoys are gone through once, in chunks."""
    for domain in dict.fromkeys(domain for _, domain, _ in search.strangers):
        strangers = [(key, where) for key, where in search.strangers.items() if key[1] == domain]
        decoys = iter(decoys_of(domain))
        while chunk := {split(canonical(decoy))[0]: decoy for decoy in islice(decoys, CHUNK)}:
            decoys_here = locals_of(chunk)
            for (local, _, apart), (address, line) in strangers:
                for text, edits in near(local, decoys_here, MOST - apart):
                    yield Near(address, line, chunk[text], apart + edits)
