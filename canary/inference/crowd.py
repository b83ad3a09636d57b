"""Coalitions too many to be weighed one by one become some that stand for all of them.

Where everybody was shown half of all records, thousands of pairs explain the hits as well as the best does. A
search that finds a few hundred of them leaves out most of their weight, and says too surely what it found. So
some of each size are drawn, and each stands for as many as its chance to be drawn says (Horvitz and Thompson,
A Generalization of Sampling Without Replacement, JASA 47, 1952).
"""

import math
import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from canary.inference.leaks import Counts
from canary.inference.search import WIDE, Accounts, Supposed, suppose
from canary.inference.surveying import Survey

DRAWN = 48
"""So many coalitions of each size are drawn."""
SEED = 1
"""The same question draws the same ones."""
LITTLE = 4.0
"""What is e^4 below the best weighs little."""
STEEP = 3.0
"""An account that was shown one more of the hits that are left is drawn e^3 times as often."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws coalitions: one account after the other, by how many of the hits left each had been shown.

    In one half of the draws all are chosen so, in the other the last alone. So both a few who explain most
    and many who explain half are met.
    """

    masks: Mapping[int, int]
    everything: int
    size: int
    known: dict[tuple[frozenset[int], float], dict[int, float]] = field(default_factory=dict)

    def drawn(self, chance: random.Random) -> Accounts:
        """Return a coalition, its accounts ascending."""
        steep = self._steep(first=chance.random() < 0.5)  # noqa: PLR2004 - one half
        taken: frozenset[int] = frozenset()
        while len(taken) < self.size:
            chances = self._next(taken, steep[len(taken)])
            sums = list(accumulate(chances.values()))
            (one,) = chance.choices(list(chances), cum_weights=sums)
            taken |= {one}
        return tuple(sorted(taken))

    def chance(self, accounts: Accounts) -> float:
        """Return the chance that a coalition is drawn, in whatever order."""
        return 0.5 * (self._chance(accounts, first=True) + self._chance(accounts, first=False))

    def _chance(self, accounts: Accounts, *, first: bool) -> float:
        steep = self._steep(first=first)
        so_far = {frozenset[int](): 1.0}
        for step in range(self.size):
            grown: dict[frozenset[int], float] = {}
            for taken, chance in so_far.items():
                chances = self._next(taken, steep[step])
                for one in accounts:
                    if one not in taken:
                        more = taken | {one}
                        grown[more] = grown.get(more, 0.0) + chance * chances[one]
            so_far = grown
        return so_far[frozenset(accounts)]

    def _steep(self, *, first: bool) -> list[float]:
        return [STEEP if first else 0.0] * (self.size - 1) + [STEEP]

    def _next(self, taken: frozenset[int], steep: float) -> dict[int, float]:
        found = self.known.get((taken, steep))
        if found is None:
            left = self.everything
            for one in taken:
                left &= ~self.masks[one]
            gains = {one: (mask & left).bit_count() for one, mask in self.masks.items() if one not in taken}
            best = max(gains.values())
            weights = {one: math.exp(max(steep * (gain - best), -60.0)) for one, gain in gains.items()}
            total = math.fsum(weights.values())
            found = self.known[taken, steep] = {one: each / total for one, each in weights.items()}
        return found


def crowd(survey: Survey, shown: Counts, found: Mapping[Accounts, Supposed]) -> dict[Accounts, float]:
    """Return coalitions that stand for all that were not found, with log of what each stands for.

    Of each size up to `WIDE` that was searched; of one that was searched through there are none, nor of one
    of which all would weigh little, were they as likely as the best.
    """
    best = max((each.weight for each in found.values()), default=0.0)
    usable = sorted({account for accounts in found if len(accounts) == 1 for account in accounts})
    masks = {account: survey.masks[account] for account in usable}
    standing: dict[Accounts, float] = {}
    for size in range(2, WIDE + 1):
        known = [each.weight for accounts, each in found.items() if len(accounts) == size]
        every = math.comb(len(usable), size)
        if 0 < len(known) < every and max(known) + math.log(every) > best - LITTLE:
            drawing = Drawing(masks, survey.everything & ~survey.controls, size)
            standing |= _standing(survey, shown, drawing, found)
    return standing


def _standing(
    survey: Survey, shown: Counts, drawing: Drawing, found: Collection[Accounts]
) -> dict[Accounts, float]:
    chance = random.Random(SEED)  # noqa: S311 - nothing is kept secret by it
    drawn = Counter(drawing.drawn(chance) for _ in range(DRAWN))
    return {
        accounts: suppose(survey, accounts, shown).weight
        + math.log(times / DRAWN)
        - math.log(drawing.chance(accounts))
        for accounts, times in sorted(drawn.items())
        if accounts not in found
    }
