"""A page and how much is taken of it become what is mailed of its decoys."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import comb

from canary.odds.layers import Layers, binomial, power


@dataclass(frozen=True, slots=True)
class PageLaw:
    """What happens to one page's decoys.

    `quiet` is the chance that none is mailed. `unnamed[h]` is the chance that h cohort decoys are mailed,
    any number of record-stable ones, and no view-unique one. `decoys` is the mean number taken.
    """

    quiet: Decimal
    unnamed: tuple[Decimal, ...]
    decoys: float

    def passed(self, share: Decimal, view: Decimal) -> Decimal:
        """Return E[1{no view-unique decoy mailed} X], X being what the page lets pass of the others.

        X is 1 where nothing of the page is mailed, else `view` * `share`^(cohort decoys mailed):
        others must have viewed the record, and belong to the half that each cohort decoy was shown to.
        """
        total, power = Decimal(0), Decimal(1)
        for chance in self.unnamed:
            total += chance * power
            power *= share
        return self.quiet + view * (total - self.quiet)


@lru_cache(maxsize=4096)
def page_law(
    layers: Layers, page: int, taken: int, mailed: float, looks: int, insiders: int, digits: int
) -> PageLaw:
    """Return what happens where `taken` of a page's `page` addresses are taken and a share is mailed.

    Which ones are taken has nothing to do with which are decoys, so the numbers taken of each kind are
    hypergeometric; each is then mailed with chance `mailed`. Two or more insiders compare their screens
    and remove what differs before they take: all view-unique decoys and the cohort decoys that one of
    them was not shown. `digits` is the precision in force, for the cache.
    """
    del digits
    miss = 1 - Decimal(mailed)
    quiet, mean = Decimal(0), Decimal(0)
    unnamed = [Decimal(0)] * (layers.cohort + 1)
    for chance, own, common, left in _pages(layers, page, looks, insiders):
        known, whole = own + layers.stable + common, comb(left, min(taken, left))
        mean += chance * known * min(taken, left) / max(left, 1)
        quiet += chance * sum(
            Decimal(ways) / whole * power(miss, found) for found, ways in _found(left, known, taken)
        )
        for cohort, ways in _unnamed(left, own, common, taken, miss):
            for share, mailings in binomial(cohort, Decimal(mailed)):
                unnamed[mailings] += chance * share * ways / whole
    return PageLaw(quiet, tuple(unnamed), float(mean))


def _pages(layers: Layers, page: int, looks: int, insiders: int) -> Iterator[tuple[Decimal, int, int, int]]:
    """Yield (chance, view-unique, cohort, addresses) of what can be taken of a page."""
    for chance, unique in layers.unique_law(looks):
        for also, shown, common in layers.cohort_law(insiders):
            both = chance * also
            if insiders == 1:
                yield both, unique, shown, page
            else:
                yield both, 0, common, page - unique - (shown - common)


def _found(left: int, known: int, taken: int) -> Iterator[tuple[int, int]]:
    """Yield (n, ways to take `taken` of `left` addresses with n of the `known` ones)."""
    taken = min(taken, left)
    for found in range(min(known, taken) + 1):
        yield found, comb(known, found) * comb(left - known, taken - found)


def _unnamed(left: int, own: int, common: int, taken: int, miss: Decimal) -> Iterator[tuple[int, Decimal]]:
    """Yield (n, weighted ways to take n cohort decoys and to mail none of the view-unique ones taken)."""
    taken = min(taken, left)
    for cohort in range(min(common, taken) + 1):
        ways = sum(
            comb(own, unique) * comb(left - own - common, taken - cohort - unique) * power(miss, unique)
            for unique in range(min(own, taken - cohort) + 1)
        )
        yield cohort, comb(common, cohort) * Decimal(ways)
