"""What is measured of noise becomes chances: that a question is noise, and which decoys noise meets."""

import math
from dataclasses import dataclass

from canary.inference.judgement import FEW, Judgement
from canary.inference.values import HitDecoy, Holdings
from canary.model import BaseRate

BLIND = tuple(10 ** (-9 + half / 2) for half in range(15))
"""Rates at which noise may hit a decoy, between one in 10^9 and one in 100, evenly on a logarithmic scale."""
AIMED = (*(10 ** (-half / 2) for half in range(9)), 0.0)
"""Shares of tried recipients that may be guesses by how decoys' addresses are made: 1 … 10^-4, or none."""
STEPS = 4
"""The log of a chance is held to a quarter, so that alike decoys are counted together."""
CERTAIN = 0.999
MANY = 1000
"""From so many hits on a Poisson count is taken as normal."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How noise hits: `share` of questions are noise.

    `blind` is the chance for any decoy, `guesses` that for an ordinary one to be guessed, if of all tries a
    share `aimed` are guesses at decoys. `held` are all decoys and controls that it might have hit.
    """

    share: float
    blind: float
    aimed: float
    guesses: float
    held: int
    repeated: float
    near_chance: float

    def draw(self, hit: HitDecoy) -> float:
        """Return log of the chance that noise, when it hits anything, hits this decoy; in whole `STEPS`.

        All are equally likely but for how easily each had been guessed by then.
        """
        guessed_it = guessed(hit.surprisal, self.aimed * hit.tries)
        share = (self.blind + guessed_it) / (self.blind + self.guesses) / self.held
        share *= self.near_chance if hit.near else 1.0
        return round(math.log(min(share, 1.0)) * STEPS) / STEPS

    def together(self, hits: int) -> float:
        """Return log of the chance that noise hits so many decoys, apart from which they are.

        A geometric number of them, in no order: (1 - r) r^(h-1) h!.
        """
        return math.log1p(-self.repeated) + (hits - 1) * math.log(self.repeated) + math.lgamma(hits + 1)


def noise_of(holdings: Holdings, judgement: Judgement) -> Noise:
    """Return how noise hits, by what the store has seen of it.

    The share is what noise makes one expect against all hits seen, and never more than `most_noise`: noise
    that could silence would be made on purpose.
    """
    rate = holdings.rate
    weighed = rates(rate, holdings.bits)
    share = math.fsum(
        weight * min((blind + guesses) * rate.decoys / max(rate.hits, 1), judgement.most_noise)
        for weight, blind, _, guesses in weighed
    )
    blind, aimed, guesses = (math.fsum(each[0] * each[part] for each in weighed) for part in (1, 2, 3))
    return Noise(
        max(share, FEW),
        blind,
        aimed,
        guesses,
        max(rate.decoys + rate.controls, 1),
        judgement.repeated,
        judgement.near_chance,
    )


def guessed(surprisal: float, tries: float) -> float:
    """Return the chance that so many guesses have met an address of this surprisal, in bits."""
    return -math.expm1((tries + 1) * math.log1p(-(2.0 ** -max(surprisal, 1.0))))


def rates(rate: BaseRate, bits: float) -> list[tuple[float, float, float, float]]:
    """Return what noise may be: how likely, its `BLIND` rate, the share `AIMED`, and what that guesses.

    By the controls that were hit and all hits there were. Nothing is known of how many hits on shown decoys
    are noise: every number of them up to all is equally likely, which makes the likelihood of a rate the
    chance of at most so many. An ordinary address has these `bits`: had all of many tries been guesses, more
    controls and decoys of so many bits would have been hit.
    """
    spared = max(0, rate.controls - rate.control_hits)
    logs: list[tuple[float, float, float, float]] = []
    for blind in BLIND:
        for aimed in AIMED if rate.strays else (0.0,):
            guesses = guessed(bits, aimed * rate.strays)
            chance = min(blind + guesses, CERTAIN)
            log = rate.control_hits * math.log(chance) + spared * math.log1p(-chance)
            log += math.log(max(at_most(rate.hits, chance * rate.decoys), 1e-300))
            logs.append((log, blind, aimed, guesses))
    top = max(log for log, *_ in logs)
    weights = [math.exp(log - top) for log, *_ in logs]
    total = math.fsum(weights)
    return [
        (weight / total, blind, aimed, guesses)
        for weight, (_, blind, aimed, guesses) in zip(weights, logs, strict=True)
    ]


def at_most(count: int, mean: float) -> float:
    """Return the chance that a Poisson count of this mean is at most `count`."""
    if mean <= 0:
        return 1.0
    if count > MANY or mean > 2 * MANY:
        return 0.5 * math.erfc((mean - count - 0.5) / math.sqrt(2 * mean))
    return min(
        1.0, math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count + 1))
    )
