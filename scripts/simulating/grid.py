"""A scale becomes the scenes to play: every plan against every kind of leak, sizes and shares, and noise."""

from collections.abc import Collection, Iterator, Sequence
from math import ceil

from scripts.simulating.leaks import Cell, Kind
from scripts.simulating.scene import Scene

CELLS = (
    *(Cell(Kind.LONE, size, 0.1) for size in (300, 1000, 3000)),
    *(Cell(Kind.LONE, 1000, mailed) for mailed in (0.03, 0.3)),
    *(Cell(Kind.PAIR, size, 0.3) for size in (300, 1000, 3000)),
    Cell(Kind.PAIR, 1000, 0.1),
    *(Cell(Kind.BROKER, 3000, mailed) for mailed in (0.1, 0.3)),
    *(Cell(Kind.PHOTO, size, 0.1) for size in (1000, 3000)),
    *(Cell(Kind.BULK, size, 0.1) for size in (2000, 6000)),
)
LEAKS = 30
AT_A_TIME = {Kind.BULK: 1}
"""Leaks played in one copy of a world: ten teams at a time, but a store is copied once."""

MOST_AT_A_TIME = 10
FEWER = {Kind.BULK: 6}
"""How many times fewer leaks of a kind are played."""

QUIET = 4
"""Scenes of noise alone for each plan; half of all noise is in these."""


def scenes(plans: Sequence[str], kinds: Collection[Kind], scale: float, noise: int) -> list[Scene]:
    """Return all scenes, first some of every cell. Half of the noise comes beside leaks, evenly."""
    cells = [(plan, cell) for cell in CELLS if cell.kind in kinds for plan in plans]
    found = sorted(
        (
            (number, place, leaks)
            for place, (_, cell) in enumerate(cells)
            for number, leaks in enumerate(_leaks(cell, scale))
        )
    )
    beside = noise // 2 // len(found) if found else 0
    alone = (noise - beside * len(found)) // max(QUIET * len(plans), 1)
    quiet = [Scene(plan, None, 0, alone, number) for number in range(QUIET) for plan in plans]
    return quiet + [Scene(*cells[place], leaks, beside, number) for number, place, leaks in found]


def _leaks(cell: Cell, scale: float) -> Iterator[int]:
    """Yield how many leaks each scene of a cell has."""
    left = ceil(LEAKS * scale / FEWER.get(cell.kind, 1))
    while left > 0:
        yield min(left, AT_A_TIME.get(cell.kind, MOST_AT_A_TIME))
        left -= AT_A_TIME.get(cell.kind, MOST_AT_A_TIME)
