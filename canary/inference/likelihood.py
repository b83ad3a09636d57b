"""A supposed leak becomes its log-likelihood: decoys hit and not hit, over all that nobody knows of it.

What nobody knows are its extent (all that was shown, or some records), whether what differs between
screens was removed, and the share of it that was mailed. `docs/inference.md` has the mathematics.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from canary.inference.surveying import Survey
from canary.inference.values import LAYERS

NOTHING = 40.0
"""A log so far below 0 is that of nothing, beside 1."""
LEAST = 0.05
"""A share that would mail fewer decoys of a leak than this is no share of a leak that is seen."""
MAILED = tuple(0.97 * 10 ** (-third / 3) for third in range(24))
"""Shares of a leak that are mailed, evenly on a logarithmic scale, the greatest first."""
WHOLE = (1.0, 1.0, 1.0)
CLEANED = (0.0, 1.0, 0.5)
"""What is left of each layer where screens were compared: no view-unique decoy, half of a cohort's."""

Counts = tuple[tuple[int, float, int], ...]
"""How many hit decoys of a leak are alike: layer, the chance that noise meets one, how many."""


@dataclass(frozen=True, slots=True)
class Extent:
    """One way in which a leak may have come about, and log of its chance.

    `left` is the share of each layer that a comparison left in it, `shown` how many decoys of each it had.
    `some` says that it is of some records, not of all.
    """

    log_chance: float
    left: tuple[float, float, float]
    shown: tuple[float, float, float]
    some: bool = False


@dataclass(frozen=True, slots=True)
class Leak:
    """A supposed leak: the hit decoys in it as a mask, and the ways in which it may have come about."""

    mask: int
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts of an extent's log-likelihood are, for one mailed share after the other.

    `hit` has a column for each layer with hit decoys. `unhit` are the `spare` decoys of the leak without a
    hit. `rest` is log of the mailed share's own chance, given that the leak was seen, and not noise alone.
    """

    extent: Extent
    hit: Mapping[int, Sequence[float]]
    unhit: Sequence[float]
    rest: Sequence[float]
    spare: float

    def sums(self) -> list[float]:
        """Return log of the joint chance of hits, extent and mailed share, for each share."""
        columns = zip(*self.hit.values(), self.unhit, self.rest, strict=True)
        return [self.extent.log_chance + sum(each) for each in columns]


def log_likelihood(survey: Survey, leak: Leak) -> float:
    """Return log of the chance of these hits and no others, if this leak is behind them."""
    sums = [each for parts in parts_of(survey, leak) for each in parts.sums()]
    return beside(survey, leak.mask) + log_sum(sums)


def beside(survey: Survey, mask: int) -> float:
    """Return log of the chance that noise met, beside a leak, the hit decoys that are not in its mask."""
    share = math.log(survey.noise.share)
    met = sum((share + draw) * (kind & ~mask).bit_count() for _, draw, kind in survey.kinds)
    return met - survey.noise.share


def chance(survey: Survey) -> float:
    """Return log of the chance that noise alone makes these hits and no others."""
    drawn = sum(draw * mask.bit_count() for _, draw, mask in survey.kinds)
    return survey.noise.together(len(survey.hits)) + drawn


def parts_of(survey: Survey, leak: Leak) -> Iterator[Parts]:
    """Return the parts of a leak's log-likelihood but for `beside`, extent by extent.

    An extent of which a comparison would have left nothing is not among them.
    """
    counts = tuple(
        (layer, survey.noise.share * math.exp(draw), count)
        for layer, draw, kind in survey.kinds
        if (count := (kind & leak.mask).bit_count())
    )
    for extent in leak.extents:
        parts = _parts(counts, extent)
        if parts:
            yield parts


def log_sum(logs: Iterable[float]) -> float:
    """Return log of the sum of what these are the logs of; minus infinity of nothing."""
    every = list(logs)
    top = max(every, default=-math.inf)
    return top if math.isinf(top) else top + math.log(math.fsum(math.exp(each - top) for each in every))


def log_less(log: float) -> float:
    """Return log(1 - exp(log)) for a log of at most 0, exact near both ends (Mächler 2012)."""
    if log >= 0:
        return -math.inf
    if log < -NOTHING:
        return 0.0
    return math.log(-math.expm1(log)) if log > -math.log(2) else math.log1p(-math.exp(log))


def _parts(counts: Counts, extent: Extent) -> Parts | None:
    hit_here = [0] * len(LAYERS)
    for layer, _, count in counts:
        hit_here[layer] += count
    shown = [max(number, hit) for number, hit in zip(extent.shown, hit_here, strict=True)]
    weight = sum(number * left for number, left in zip(shown, extent.left, strict=True))
    width = sum(mailed * weight >= LEAST for mailed in MAILED)
    if not width or not any(extent.left[layer] for layer, _, _ in counts):
        return None
    hit = {
        layer: _total(
            [(_hit(extent.left[each], met), count) for each, met, count in counts if each == layer], width
        )
        for layer in range(len(LAYERS))
        if hit_here[layer]
    }
    alike: dict[float, list[float]] = {left: [0.0, 0.0] for left in extent.left if left}
    for left, number, struck in zip(extent.left, shown, hit_here, strict=True):
        if left:
            alike[left][0] += number - struck
            alike[left][1] += number
    unhit = _total([(_spared(left), spare) for left, (spare, _) in alike.items()], width)
    unseen = _total([(_spared(left), number) for left, (_, number) in alike.items()], width)
    by_noise = sum(count * math.log(met) for _, met, count in counts)
    own = -math.log(width)
    rest = [
        own + log_less(by_noise - sum(met)) - log_less(none)
        for *met, none in zip(*hit.values(), unseen, strict=True)
    ]
    spare = sum(left * number for left, (number, _) in alike.items())
    return Parts(extent, hit, unhit, rest, spare)


def _total(columns: Sequence[tuple[Sequence[float], float]], width: int) -> list[float]:
    """Return the weighted sum of columns, cut to a width."""
    (first, weight), *others = columns
    total = [weight * each for each in first[:width]]
    for column, weight in others:
        total = [so_far + weight * each for so_far, each in zip(total, column, strict=False)]
    return total


@lru_cache(maxsize=4096)
def _hit(left: float, met: float) -> tuple[float, ...]:
    """Return log of the chance that a decoy of the leak is hit, for each mailed share; `met` is by noise."""
    return tuple(math.log(mailed * left + met) for mailed in MAILED)


@lru_cache(maxsize=64)
def _spared(left: float) -> tuple[float, ...]:
    """Return log of the chance that a decoy of the leak is not hit, for each mailed share."""
    return tuple(math.log1p(-mailed * left) for mailed in MAILED)
