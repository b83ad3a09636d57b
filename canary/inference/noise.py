"""What is measured of noise becomes chances: that a question is noise, and which decoys noise meets."""

import math
from dataclasses import dataclass

from canary.inference.judgement import FEW, Judgement
from canary.inference.values import HitDecoy, Holdings
from canary.model import BaseRate

BLIND = tuple(10 ** (-9 + half / 2) for half in range(15))
"""Rates at which noise may hit a decoy, between one in 10^9 and one in 100, evenly on a logarithmic scale."""
STEPS = 4
"""The log of a chance is held to a quarter, so that alike decoys are counted together."""
MANY = 1000
"""From so many hits on a Poisson count is taken as normal."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How noise hits: `share` of questions are noise; `blind` and `guesses` are chances for a decoy.

    `held` are all decoys and controls that it might have hit.
    """

    share: float
    blind: float
    guesses: float
    held: int
    repeated: float
    near_chance: float

    def draw(self, hit: HitDecoy) -> float:
        """Return log of the chance that noise, when it hits anything, hits this decoy; in whole `STEPS`.

        All are equally likely but for how easily each had been guessed by then.
        """
        share = (self.blind + guessed(hit.surprisal, hit.tries)) / (self.blind + self.guesses) / self.held
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
    guesses = guessed(holdings.bits, rate.strays)
    weighed = tuple(zip(BLIND, blind_weights(rate), strict=True))
    share = math.fsum(
        weight * min((blind + guesses) * rate.decoys / max(rate.hits, 1), judgement.most_noise)
        for blind, weight in weighed
    )
    return Noise(
        max(share, FEW),
        math.fsum(blind * weight for blind, weight in weighed),
        guesses,
        max(rate.decoys + rate.controls, 1),
        judgement.repeated,
        judgement.near_chance,
    )


def guessed(surprisal: float, tries: int) -> float:
    """Return the chance that so many guesses have met an address of this surprisal, in bits."""
    return -math.expm1((tries + 1) * math.log1p(-(2.0 ** -max(surprisal, 1.0))))


def blind_weights(rate: BaseRate) -> tuple[float, ...]:
    """Return how likely each of the `BLIND` rates is, by the controls that were hit and all hits there were.

    Nothing is known of how many hits on shown decoys are noise: every number of them up to all is equally
    likely, which makes the likelihood of a rate the chance of at most so many.
    """
    logs = [
        rate.control_hits * math.log(blind)
        + max(0, rate.controls - rate.control_hits) * math.log1p(-blind)
        + math.log(max(at_most(rate.hits, blind * rate.decoys), 1e-300))
        for blind in BLIND
    ]
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    return tuple(weight / math.fsum(weights) for weight in weights)


def at_most(count: int, mean: float) -> float:
    """Return the chance that a Poisson count of this mean is at most `count`."""
    if mean <= 0:
        return 1.0
    if count > MANY or mean > 2 * MANY:
        return 0.5 * math.erfc((mean - count - 0.5) / math.sqrt(2 * mean))
    return min(
        1.0, math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count + 1))
    )
