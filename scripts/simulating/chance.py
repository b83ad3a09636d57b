"""A seed and a purpose become a source of chance, the same in every run."""

import math
from random import Random


def chance(seed: int, *purpose: object) -> Random:
    """Return a source of chance of its own for a purpose: what one draws changes nothing for others."""
    return Random(f"{seed}|{'|'.join(map(str, purpose))}")  # noqa: S311 - a made-up company


def poisson(source: Random, mean: float) -> int:
    """Return a Poisson count; of large means its normal approximation."""
    if mean > 50:
        return max(0, round(source.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, source.random()
    while product > limit:
        count += 1
        product *= source.random()
    return count
