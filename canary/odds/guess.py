"""Domains, a floor and a number of decoys become the odds that somebody's guess meets one.

What a guesser does not know is the key; what they may know is how people form addresses. So a guess is one
more draw from the natural model, at one of our domains, and it has met a decoy if the two are the same to
the store: in canonical form. Each of the n decoys of a domain is met with chance E[p], p being the natural
probability of a decoy's canonical form, and n E[p] is the chance that a guess meets any of them.

p is 2^-surprisal, so E[p] is the mean over people who are drawn as decoys. It cannot be more than
2^-floor: whence the rule of thumb, log2(n) + 10 bits, which always keeps a guess below one in 1,024.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import ceil, log2, sqrt
from statistics import fmean, stdev

from canary.errors import UsageError
from canary.odds.domains import Domains
from canary.odds.layers import Layers
from canary.persona import Generator, NaturalGenerator
from canary.persona.natural import HIGHEST_FLOOR

DRAWS = 5_000
SPREAD = 37
"""Domains that people are drawn at, since each has a checksum of its own."""

LIMIT = 0.001
"""The greatest chance of a single guess that is safe, unless another is chosen."""

RULE_BITS = 10
DAYS = 365
BITS_A_BIT = 0.7
"""The least that a bit of the floor takes off the chance, in bits, measured from floors of 20 to 34 bits."""


@dataclass(frozen=True, slots=True)
class Volume:
    """How many decoys a plan will have: `views` a day for `years` over `records`, beside those `held` now.

    `decoys`, where given, is all of them. Raises UsageError for what cannot be.
    """

    views: float = 100
    years: float = 1
    records: int = 600
    held: int = 0
    decoys: int | None = None

    def __post_init__(self) -> None:
        for option, value in (
            ("--views", self.views),
            ("--years", self.years),
            ("--records", self.records),
            ("--decoys", self.decoys or 0),
        ):
            if not 0 <= value <= 1e12:  # noqa: PLR2004 - said in the hint
                raise UsageError(f"{option} {value:g} is no number of them", hint=f"{option} takes 0 or more")

    def a_day(self, layers: Layers) -> float:
        """Return how many view-unique decoys join in a day, at most: caps are not counted in."""
        return self.views * layers.view_rate * layers.per_view * (1 + layers.controls / 1000)

    def at_once(self, layers: Layers) -> float:
        """Return how many there are before any day has passed: those held, and those of the records."""
        return self.held + self.records * (layers.stable + layers.cohort) * (1 + layers.controls / 1000)

    def expected(self, layers: Layers) -> int:
        """Return how many decoys there will be, controls among them, at most."""
        if self.decoys is not None:
            return self.decoys
        return ceil(self.at_once(layers) + self.a_day(layers) * DAYS * self.years)


@dataclass(frozen=True, slots=True)
class Meeting:
    """The chance that a natural guess is one given decoy of its domain, and its relative standard error."""

    chance: float
    error: float


def meeting(minted: Generator, draws: int = DRAWS) -> Meeting:
    """Return the chance that a natural guess is a person of a generator, in canonical form.

    Draws as many people, in some 20 µs each.
    """
    chances = [
        2.0 ** -minted.persona(b"decoy %d" % number, f"{number % SPREAD}.example").surprisal
        for number in range(draws)
    ]
    mean = fmean(chances)
    return Meeting(mean, stdev(chances, mean) / sqrt(draws) / mean)


@lru_cache(maxsize=16)
def meeting_at(floor_bits: float) -> Meeting:
    """Return the same for what is minted above a floor: under one fixed key, so the same at every run."""

    def draw(purpose: bytes, seed: bytes) -> bytes:
        return blake2b(purpose + b"\0" + seed, key=b"canary plan").digest()

    return meeting(NaturalGenerator(draw, floor_bits=floor_bits))


@dataclass(frozen=True, slots=True)
class Guessing:
    """What a number of decoys means for guesses.

    `fullest` is how many decoys the fullest domain carries, where a guess meets one with `chance`, give or
    take the share `error` of it. `hits` are the accidental ones of a year's guesses there. `rule` is the
    floor in bits that the rule of thumb asks for; `room` is how many decoys keep `chance` within the
    limit, and `years` when they are reached, None where they never are.
    """

    decoys: int
    fullest: float
    chance: float
    error: float
    hits: float
    rule: float
    room: int
    years: float | None
    safe: bool


def guessing(
    layers: Layers, volume: Volume, domains: Domains, met: Meeting, guesses: float, limit: float
) -> Guessing:
    """Return what a plan's decoys mean for guesses; `guesses` are those of a year at the fullest domain.

    `limit` is the greatest chance of a single guess that is safe.
    """
    if not 0 < limit < 1:
        raise UsageError(f"a chance of {limit:g} is no limit", hint="--guess-limit takes 0 to 1, e.g. 0.001")
    if not 0 <= guesses <= 1e12:  # noqa: PLR2004 - more than all mail of the world
        raise UsageError(f"{guesses:g} is no number of guesses", hint="--guesses takes 0 or more a year")
    decoys = volume.expected(layers)
    fullest = decoys * domains.fullest
    chance = min(fullest * met.chance, 1.0)
    room = int(limit / met.chance / domains.fullest)
    daily = volume.a_day(layers)
    return Guessing(
        decoys=decoys,
        fullest=fullest,
        chance=chance,
        error=met.error,
        hits=guesses * chance,
        rule=log2(max(fullest, 1)) + RULE_BITS,
        room=room,
        years=max(room - volume.at_once(layers), 0) / daily / DAYS if daily else None,
        safe=chance <= limit,
    )


def remedy(found: Guessing, floor_bits: float, met: Meeting, limit: float) -> str:
    """Return what to set so that a plan is safe: a floor, if the model has such a one, or domains."""
    floor = ceil(floor_bits + log2(found.fullest * met.chance / limit) / BITS_A_BIT)
    domains = ceil(found.decoys * met.chance / limit)
    more = f"spread mint.domains over {domains:,} or more domains of equal weight"
    if floor > HIGHEST_FLOOR:
        return f"{more}, or plan fewer decoys (view_rate, per_view)"
    return f"raise mint.floor_bits to {floor}, or {more}"


def told_unsafe(decoys: int, domains: Domains, floor_bits: float) -> str:
    """Return in words that decoys can be guessed too easily, and the remedy; "" if they cannot.

    The rule is that of a plan. The chance is measured only where the floor alone does not promise it.
    """
    if decoys * domains.fullest * 2.0**-floor_bits <= LIMIT:
        return ""
    met = meeting_at(floor_bits)
    found = guessing(Layers("held"), Volume(decoys=decoys), domains, met, 0, LIMIT)
    if found.safe:
        return ""
    return (
        f"can be guessed too easily: one guess in {1 / found.chance:,.0f} at the fullest domain meets one; "
        + remedy(found, floor_bits, met, LIMIT)
    )
