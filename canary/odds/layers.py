"""A plan's layers become how many decoys a page has, and with what chance."""

from dataclasses import dataclass
from decimal import Decimal
from math import comb
from typing import Final

from canary.errors import UsageError

MOST: Final = {"per_view": 20, "cap": 50, "stable": 20, "cohort": 20, "controls": 1000}
"""As the configuration has it."""


@dataclass(frozen=True, slots=True)
class Layers:
    """How many decoys of each layer a record of one kind shows.

    `view_rate` (0 to 1) is the share of views that get `per_view` view-unique decoys, until an employee
    has seen `cap` of a record; `stable` record-stable decoys are the same for everybody who views it;
    each of `cohort` is shown to a keyed half of the employees; `controls` are minted per 1,000 decoys.
    Raises UsageError for what cannot be.
    """

    name: str
    view_rate: float = 1.0
    per_view: int = 1
    cap: int = 5
    stable: int = 0
    cohort: int = 0
    controls: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.view_rate <= 1:
            raise UsageError(
                f"plan {self.name}: a view rate of {self.view_rate:g} is no share",
                hint="--view-rate takes 0 to 1",
            )
        for what, most in MOST.items():
            count = getattr(self, what)
            if not 0 <= count <= most:
                raise UsageError(
                    f"plan {self.name}: {what} = {count:,} is no number of decoys to plan with",
                    hint=f"--{what.replace('_', '-')} takes 0 to {most:,}",
                )

    def unique_law(self, looks: int) -> tuple[tuple[Decimal, int], ...]:
        """Return (chance, count) of the view-unique decoys seen in the last of an employee's `looks` views.

        Each view adds `per_view` with chance `view_rate`, so the number of views that did is binomial.
        The chances add up to 1 in the precision in force.
        """
        law: dict[int, Decimal] = {}
        for chance, views in binomial(looks, Decimal(self.view_rate)):
            count = min(self.cap, views * self.per_view)
            law[count] = law.get(count, Decimal(0)) + chance
        return tuple((chance, count) for count, chance in law.items() if chance)

    def cohort_law(self, insiders: int) -> tuple[tuple[Decimal, int, int], ...]:
        """Return (chance, shown, common): cohort decoys on one insider's page, and on every insider's.

        The cohorts are independent halves: of those shown to one, each further insider sees a half.
        """
        return tuple(
            (chance * also, shown, common)
            for chance, shown in binomial(self.cohort, Decimal(1) / 2)
            for also, common in binomial(shown, Decimal(1) / 2 ** (insiders - 1))
            if also
        )

    def most(self, looks: int) -> int:
        """Return the most decoys that one page can have."""
        return min(self.cap, looks * self.per_view) * (self.view_rate > 0) + self.stable + self.cohort


def binomial(trials: int, chance: Decimal) -> tuple[tuple[Decimal, int], ...]:
    """Return (chance, count) of successes in independent trials, in the precision in force."""
    return tuple(
        (comb(trials, count) * power(chance, count) * power(1 - chance, trials - count), count)
        for count in range(trials + 1)
    )


def power(value: Decimal, exponent: int) -> Decimal:
    """Return a power, 0^0 being 1, of which `Decimal` will not hear."""
    return value**exponent if exponent else Decimal(1)
