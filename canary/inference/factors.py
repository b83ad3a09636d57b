"""A weighed explanation becomes its factors: each in words, and together exactly its weight.

The sum over what nobody knows of a leak is taken apart by log p(x) = E[log p(x, z)] - E[log r(z)], r being
the posterior of the unknown z: every part is a mean over r, and what not knowing costs is a part of its own.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from canary.inference.answers import Factor
from canary.inference.likelihood import CLEANED, MAILED, Leak, beside, chance, parts_of
from canary.inference.surveying import Survey
from canary.inference.values import LAYERS
from canary.inference.wording import (
    beside_words,
    extent_words,
    hit_words,
    unhit_words,
    unknown_words,
)


@dataclass(frozen=True, slots=True)
class Apart:
    """A leak's log-likelihood taken apart.

    `hit` by layer, `beside`, `unhit`, `extent` and `unknown` add up to it. The others are means: the share
    mailed, how many decoys of the leak were not hit, whether it is of some records, whether screens were
    compared.
    """

    hit: tuple[float, ...]
    beside: float
    unhit: float
    extent: float
    unknown: float
    mailed: float
    spare: float
    some: float
    compared: float


def apart(survey: Survey, leak: Leak) -> Apart:
    """Return the parts of a leak's log-likelihood."""
    every = list(parts_of(survey, leak))
    sums = [each for parts in every for each in parts.sums()]
    top = max(sums)
    belief = [math.exp(each - top) for each in sums]
    belief = [each / math.fsum(belief) for each in belief]

    def mean(columns: Sequence[Sequence[float]]) -> float:
        values = [value for column in columns for value in column]
        return math.fsum(share * value for share, value in zip(belief, values, strict=True) if share)

    return Apart(
        tuple(
            mean([parts.hit.get(layer, [0.0] * len(parts.rest)) for parts in every])
            for layer in range(len(LAYERS))
        ),
        beside(survey, leak.mask),
        mean([parts.unhit for parts in every]),
        mean([[parts.extent.log_chance] * len(parts.rest) for parts in every]),
        mean([parts.rest for parts in every]) - math.fsum(each * math.log(each) for each in belief if each),
        mean([MAILED[: len(parts.rest)] for parts in every]),
        mean([[parts.spare] * len(parts.rest) for parts in every]),
        mean([[float(parts.extent.some)] * len(parts.rest) for parts in every]),
        mean([[float(parts.extent.left == CLEANED)] * len(parts.rest) for parts in every]),
    )


def likelihood_factors(survey: Survey, leak: Leak, parts: Apart, *, accounts: int) -> Iterator[Factor]:
    """Yield what the hits say about a leak, beside what they say about chance.

    They add up to its log-likelihood less that of chance. `accounts` is 0 for the leak of the whole store.
    """
    hits = len(survey.hits)
    by_count = survey.noise.together(hits) / hits
    by_chance = [0.0] * len(LAYERS)
    counts = [0] * len(LAYERS)
    for layer, draw, kind in survey.kinds:
        counts[layer] += (kind & leak.mask).bit_count()
        by_chance[layer] += (draw + by_count) * (kind & leak.mask).bit_count()
    for layer, name in enumerate(LAYERS):
        if counts[layer]:
            words = hit_words(counts[layer], name, accounts)
            yield Factor(f"hit_{name.value}", parts.hit[layer] - by_chance[layer], words)
    rest = chance(survey) - sum(by_chance)
    yield Factor("not_shown", parts.beside - rest, beside_words(hits - sum(counts), accounts))
    yield Factor("not_hit", parts.unhit, unhit_words(parts.spare, accounts))
    if accounts:
        yield Factor("extent", parts.extent, extent_words(parts.some, parts.compared))
    yield Factor("unknown", parts.unknown, unknown_words(parts.mailed))
