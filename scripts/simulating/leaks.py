"""What insiders were shown becomes a list that somebody mails: which decoys are in it, and whose they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from canary.model import Access, Planting
from scripts.simulating.company import START, TEAM, access, employee
from scripts.simulating.mistyping import mistyped
from scripts.simulating.world import Pages, World

AMONG = 20
"""A decoy stands among so many addresses, itself one of them: a density of 5 %."""

SOURCES = 3
EARLIEST = 0.6
"""Leaks are of the last part of the company's days: what was shown by then can leave."""

A_STRETCH = 0.5
"""The share of insiders who take what they looked at last, rather than records picked here and there."""

MISTYPED = 0.25
BOTH_LOOK = timedelta(hours=3)


class Kind(StrEnum):
    """What somebody does who takes addresses out."""

    LONE = "lone seller"
    PAIR = "two comparing"
    BROKER = "broker, 3 sources"
    BULK = "bulk breach"
    PHOTO = "photographed, typed off"


@dataclass(frozen=True, slots=True)
class Cell:
    """What is played again and again: a kind of leak, its addresses, and the share of them that is mailed."""

    kind: Kind
    size: int
    mailed: float

    def __str__(self) -> str:
        return f"{self.kind} {self.size:,} {self.mailed:.0%}"


@dataclass(frozen=True, slots=True)
class Look:
    """An access made to compare with a page that shows these decoys to somebody else."""

    access: Access
    page: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """A list that left at a time. `decoys` are its decoys' addresses as they stand in it, of `size` in all.

    `insiders` are the accounts through whose access it was exposed, nobody's for a copied store; `whose` says
    of which of them, by decoy, where that is not all. `looks` must be planted before: only then it is known
    what two screens have in common (`compared`).
    """

    kind: Kind
    insiders: frozenset[str]
    decoys: tuple[str, ...]
    size: int
    left: datetime
    looks: tuple[Look, ...] = ()
    whose: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def behind(self, decoy: str) -> frozenset[str]:
        """Return the accounts through whose access a decoy of the list was exposed."""
        return self.whose.get(decoy, self.insiders)


def able(world: World, cell: Cell) -> list[int]:
    """Return the employees who were shown enough for a leak of a cell by the earliest day of leaks."""
    if cell.kind is Kind.BULK:
        return []
    wanted = _each(cell) // AMONG
    by = START + timedelta(days=world.company.days * EARLIEST)
    return [
        number
        for number in world.numbers
        if sum(len(_by(page, by)) for page in world.shown[employee(number)].values()) >= wanted
    ]


def leak_of(world: World, cell: Cell, insiders: Sequence[int], source: Random) -> Leak:
    """Return a leak by insiders; of a pair the second compares with the first."""
    left = START + timedelta(
        days=world.company.days * source.uniform(EARLIEST, 1), hours=source.uniform(9, 18)
    )
    names = frozenset(map(employee, insiders))
    match cell.kind:
        case Kind.BULK:
            held = world.addresses + world.controls
            decoys: Iterable[str] = source.sample(held, min(cell.size // AMONG, len(held)))
            return Leak(cell.kind, names, tuple(decoys), cell.size, left)
        case Kind.PAIR:
            return _comparing(world, cell, insiders, left, source)
        case Kind.PHOTO:
            taken = _taken(world, insiders[0], cell.size, left, source)
            typed = (mistyped(each, source) if source.random() < MISTYPED else each for each in taken)
            return Leak(cell.kind, names, tuple(typed), cell.size, left)
        case _:
            whose: dict[str, frozenset[str]] = {}
            for number in insiders:
                for each in _taken(world, number, _each(cell), left, source):
                    whose[each] = whose.get(each, frozenset()) | {employee(number)}
            return Leak(cell.kind, names, tuple(whose), cell.size, left, whose=whose)


def number_of_insiders(kind: Kind) -> int:
    """Return how many accounts are behind a leak of a kind."""
    return {Kind.PAIR: 2, Kind.BROKER: SOURCES, Kind.BULK: 0}.get(kind, 1)


def same_team(insiders: Sequence[int]) -> bool:
    """Say whether all are of one team."""
    return len({number // TEAM for number in insiders}) <= 1


def compared(leak: Leak, plantings: Iterable[Planting]) -> Leak:
    """Return the leak of two who compare: what the other's look showed, too, and nothing that differs."""
    shown = zip(leak.looks, plantings, strict=True)
    both = [
        address
        for look, planting in shown
        for address in look.page
        if address in {decoy.address for decoy in planting.decoys}
    ]
    return replace(leak, decoys=tuple(dict.fromkeys(both)), looks=())


def _comparing(world: World, cell: Cell, insiders: Sequence[int], left: datetime, source: Random) -> Leak:
    """Return the leak of two, half the list from each, whose records the other opens, too, to compare."""
    looks = []
    for number in insiders:
        (other,) = (each for each in insiders if each != number)
        for record in _records(world, number, cell.size // 2, left, source):
            at = left + BOTH_LOOK * source.random()
            page = tuple(_by(world.shown[employee(number)][record], left))
            looks.append(Look(access(other, int(record.removeprefix("product:B")), at), page))
    names = frozenset(map(employee, insiders))
    looks.sort(key=lambda each: each.access.at)
    return Leak(cell.kind, names, (), cell.size, left + BOTH_LOOK, tuple(looks))


def _taken(world: World, number: int, size: int, left: datetime, source: Random) -> list[str]:
    pages = world.shown[employee(number)]
    taken = [
        each for record in _records(world, number, size, left, source) for each in _by(pages[record], left)
    ]
    return taken[: size // AMONG]


def _records(world: World, number: int, size: int, left: datetime, source: Random) -> list[str]:
    """Return the records whose pages an insider takes: the last ones looked at, or some here and there."""
    pages = {record: page for record, page in world.shown[employee(number)].items() if _by(page, left)}
    if source.random() < A_STRETCH:
        order = sorted(pages, key=lambda record: max(_by(pages[record], left).values()), reverse=True)
    else:
        order = source.sample(sorted(pages), len(pages))
    chosen, decoys = [], 0
    for record in order:
        if decoys >= size // AMONG:
            break
        chosen.append(record)
        decoys += len(_by(pages[record], left))
    return chosen


def shown_by(pages: Pages, left: datetime) -> set[str]:
    """Return the decoys that an account had been shown by a time."""
    return {address for page in pages.values() for address in _by(page, left)}


def _by(page: dict[str, datetime], left: datetime) -> dict[str, datetime]:
    return {address: at for address, at in page.items() if at <= left}


def _each(cell: Cell) -> int:
    """Return how many addresses each insider takes."""
    return cell.size // max(1, number_of_insiders(cell.kind))
