"""A plan and a leak become chances: that it is seen, attributed, and attributed though screens are compared.

Let a page be what one insider sees of one record. Pages are independent of each other, so everything
about a leak is a product over its pages; `page_law` gives the factors.

- *Seen*: 1 - prod P(no decoy of the page is mailed).
- *Attributed*: a view-unique decoy is mailed, or the decoys that were mailed narrow to the insiders: each of
  the m others is ruled out by a record that they did not view or a cohort that they are not in. With X the
  chance that one given other passes (X = prod X_page), all are ruled out with (1 - X)^m, whose mean is

      sum_j (-1)^j C(m, j) E[X^j],   E[X^j] = prod E[X_page^j],

  since the others are independent given the records. E[X_page^j] needs the moments E[v^j] of the share v
  that views a record, and 2^-j for each cohort decoy. The sum alternates, so it is done in decimals of as
  many digits as C(m, j) can eat, and is exact but for the rounding of its inputs.

Ruling out is the guilt model of Papadimitriou and Garcia-Molina ("Data Leakage Detection", IEEE TKDE 23(1),
2011) where nothing can be guessed: an agent who was not given an object of the leaked set is not its source.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, getcontext, localcontext
from math import comb, log10, prod

from canary.errors import UsageError
from canary.odds.colleagues import Colleagues, moments
from canary.odds.layers import Layers
from canary.odds.leak import Leak
from canary.odds.page import PageLaw, page_law

SPARE_DIGITS = 30
LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Chances:
    """What becomes of a leak: `decoys` taken and `hits` of them mailed on average; the rest are chances."""

    decoys: float
    hits: float
    seen: float
    attributed: float


def chances(layers: Layers, leak: Leak, colleagues: Colleagues, insiders: int = 1) -> Chances:
    """Return what becomes of a leak, of one insider or of several who remove what their screens differ in.

    Raises UsageError where the page has not room for its decoys or there are fewer employees than insiders.
    """
    _fit(layers, leak, colleagues, insiders)
    others = colleagues.employees - insiders
    with localcontext() as context:
        context.prec = SPARE_DIGITS + int(others * log10(2))
        pages = [
            (
                count,
                page_law(layers, leak.page, taken, leak.mailed, leak.looks, insiders, context.prec),
            )
            for count, taken in leak.takes()
        ]
        quiet = prod((law.quiet**count for count, law in pages), start=Decimal(1))
        unnamed = prod((sum(law.unnamed) ** count for count, law in pages), start=Decimal(1))
        alone = _none_passes(pages, colleagues, insiders) - (0 if others else quiet)
        attributed = 1 - unnamed + alone
    decoys = sum(count * law.decoys for count, law in pages)
    return Chances(decoys, decoys * leak.mailed, _share(1 - quiet), _share(attributed))


def _none_passes(pages: list[tuple[int, PageLaw]], colleagues: Colleagues, insiders: int) -> Decimal:
    """Return P(no view-unique decoy is mailed, and nobody but the insiders has seen all that is)."""
    others = colleagues.employees - insiders
    total = Decimal(0)
    for j, view in enumerate(moments(colleagues, insiders, others + 1, getcontext().prec)):
        share = Decimal(1) / 2**j
        passed = prod((law.passed(share, view) ** count for count, law in pages), start=Decimal(1))
        total += (-1) ** j * comb(others, j) * passed
    return total


def least_leak(
    reached: Callable[[Leak], float], leak: Leak, share: float, largest: int = LARGEST
) -> int | None:
    """Return the size from which on a chance is at least `share`, None if it is not at `largest`.

    Chances only grow with a leak, so it is found by halving.
    """
    low, high = 0, largest if leak.pages is None else min(largest, leak.pages * leak.page)
    if reached(replace(leak, size=high)) < share:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(replace(leak, size=middle)) >= share else (middle, high)
    return high


def _fit(layers: Layers, leak: Leak, colleagues: Colleagues, insiders: int) -> None:
    if layers.most(leak.looks) > leak.page:
        raise UsageError(
            f"plan {layers.name}: {layers.most(leak.looks)} decoys do not fit on a page of "
            f"{leak.page} addresses",
            hint="--page counts the decoys too: raise it, or lower --cap, --stable or --cohort",
        )
    if not 1 <= insiders <= colleagues.employees:
        raise UsageError(
            f"{insiders} insiders cannot be among {colleagues.employees} employees",
            hint="lower --insiders or raise --employees",
        )


def _share(chance: Decimal) -> float:
    return min(max(float(chance), 0.0), 1.0)
