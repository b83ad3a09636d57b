"""Accounts become the leak that would be theirs; what the store holds becomes the leak of it all."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from canary.inference.likelihood import CLEANED, WHOLE, Extent, Leak
from canary.inference.surveying import Survey
from canary.inference.values import LAYERS, Shown

Counts = Mapping[tuple[int, ...], Shown]
"""What accounts had been shown, and where it is known, what any account of a coalition had been."""
Triple = tuple[float, float, float]


def leak_of(survey: Survey, accounts: tuple[int, ...], counts: Counts) -> Leak:
    """Return the leak of what these accounts were shown, pooled."""
    masks = [survey.masks[account] for account in accounts]
    if accounts in counts:
        return pooled(survey, [reduce(or_, masks)], [counts[accounts]], len(accounts))
    each = [counts.get((account,), survey.holdings.typical) for account in accounts]
    return pooled(survey, masks, each, len(accounts))


def pooled(survey: Survey, masks: Sequence[int], counts: Sequence[Shown], size: int) -> Leak:
    """Return the leak of so many accounts with these masks and counts.

    How much of what they were shown is the same is told by the hits: if this leak is behind them, they are a
    sample of it, so its size is the sum of theirs by the mean number of them that were shown a hit decoy.
    """
    mask = reduce(or_, masks, 0)
    total: list[float] = []
    near: list[float] = []
    for layer in range(len(LAYERS)):
        here = sum(kind for each, _, kind in survey.kinds if each == layer)
        alike = _alike(masks, mask, here)
        total.append(sum(each.total[layer] for each in counts) / alike)
        near.append(sum(each.beside[layer] for each in counts) / alike)
    touched = [sum(1 for record in survey.records if record & each) for each in masks]
    hit_records = sum(1 for record in survey.records if record & mask)
    every = sum(max(each.records, own) for each, own in zip(counts, touched, strict=True))
    records = every * hit_records / max(sum(touched), 1)
    extents = _extents(survey, size, (_triple(total), _triple(near)), (records, hit_records))
    return Leak(mask, tuple(extents))


def bulk(survey: Survey) -> Leak:
    """Return the leak of everything that the store holds, controls among it."""
    hit = [0] * len(LAYERS)
    for layer, _, mask in survey.kinds:
        hit[layer] += mask.bit_count()
    first, *others = hit
    whole = max(survey.noise.held - sum(others), first)
    return Leak(survey.everything, (Extent(0.0, WHOLE, _triple([whole, *others])),))


def _extents(
    survey: Survey, size: int, shown: tuple[Triple, Triple], records: tuple[float, int]
) -> Iterator[Extent]:
    """Return the four ways: everything or just the records with hits, and cleaned or not."""
    judgement = survey.judgement
    cleaned = judgement.cleaned_alone if size == 1 else judgement.cleaned_together
    for share, left in ((1 - cleaned, WHOLE), (cleaned, CLEANED)):
        everything, near = shown
        yield Extent(math.log(share) + math.log(judgement.took_all), left, everything)
        yield Extent(math.log(share) + _price(*records, judgement.took_all), left, near, some=True)


def _price(records: float, hit: int, took_all: float) -> float:
    """Return log of the chance that a leak took just the records that were hit.

    Of R records r were taken with the chance (1/r - 1/(r+1)), scaled to add up to 1, any r of them alike.
    """
    every = max(records, hit, 1)
    taken = max(hit, 1)
    number = 1 / (taken * (taken + 1)) / (1 - 1 / (every + 1))
    which = math.lgamma(every + 1) - math.lgamma(taken + 1) - math.lgamma(every - taken + 1)
    return math.log(1 - took_all) + math.log(number) - which


def _alike(masks: Sequence[int], mask: int, here: int) -> float:
    """Return how many of the accounts were shown a hit decoy of a layer, in the mean."""
    together = (mask & here).bit_count()
    return sum((each & here).bit_count() for each in masks) / together if together else 1.0


def _triple(numbers: Sequence[float]) -> Triple:
    view, stable, cohort = numbers
    return (view, stable, cohort)
