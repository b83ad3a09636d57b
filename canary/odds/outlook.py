"""A plan becomes its outlook: rows by leak size, and the sizes from which on a chance is good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from canary.odds.chance import Chances, chances, least_leak
from canary.odds.colleagues import Colleagues
from canary.odds.domains import Domains
from canary.odds.layers import Layers
from canary.odds.leak import Leak

SURE = 0.95


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of a leak of one size: of one insider, and of several who compare their screens.

    `repeats` is how many domains occur twice or oftener among the decoys of the first.
    """

    size: int
    pages: int
    alone: Chances
    compared: Chances
    repeats: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan's rows, and the least leak that is seen, attributed, attributed though compared at 95 %.

    None is more than 100,000 addresses, or than the pages show.
    """

    layers: Layers
    rows: tuple[Row, ...]
    seen: int | None
    attributed: int | None
    compared: int | None


def outlook(
    layers: Layers, leak: Leak, sizes: Sequence[int], colleagues: Colleagues, insiders: int, domains: Domains
) -> Outlook:
    """Return what a plan does for leaks of several sizes, else like `leak`. Raises UsageError."""

    def least(together: int, what: str) -> int | None:
        def reached(one: Leak) -> float:
            return float(getattr(chances(layers, one, colleagues, together), what))

        return least_leak(reached, leak, SURE)

    return Outlook(
        layers,
        rows_of(layers, leak, sizes, colleagues, insiders, domains),
        least(1, "seen"),
        least(1, "attributed"),
        least(insiders, "attributed"),
    )


def rows_of(
    layers: Layers, leak: Leak, sizes: Sequence[int], colleagues: Colleagues, insiders: int, domains: Domains
) -> tuple[Row, ...]:
    """Return what becomes of leaks of several sizes, else like `leak`. Raises UsageError."""
    return tuple(_row(layers, replace(leak, size=size), colleagues, insiders, domains) for size in sizes)


def _row(layers: Layers, leak: Leak, colleagues: Colleagues, insiders: int, domains: Domains) -> Row:
    alone = chances(layers, leak, colleagues)
    compared = chances(layers, leak, colleagues, insiders)
    return Row(leak.size, leak.page_count(), alone, compared, domains.repeats(alone.decoys))


def spread(largest: int, a_decade: int = 16) -> tuple[int, ...]:
    """Return the sizes of leaks from 1 to `largest`, evenly on a logarithmic scale."""
    sizes, number = {1, largest}, 1
    while (size := round(10 ** (number / a_decade))) < largest:
        sizes.add(size)
        number += 1
    return tuple(sorted(sizes))
