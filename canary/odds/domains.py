"""Domains and how many decoys they carry become what a leak shows of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from canary.errors import UsageError

MOST = 10_000
REAL_REPEATS = 1.3
"""Domains that occur twice or oftener in the tail of 1,000 real addresses, as measured."""


@dataclass(frozen=True, slots=True)
class Domains:
    """The shares of decoys that live under each domain; they add up to 1. Raises UsageError without any."""

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.shares) <= MOST:
            raise UsageError(
                f"{len(self.shares):,} domains cannot carry decoys",
                hint="set mint.domains, or try a number of equal ones with --domains N",
            )

    @classmethod
    def weighing(cls, weights: Sequence[float]) -> "Domains":
        """Return domains with shares in proportion to weights."""
        total = sum(weights)
        return cls(tuple(weight / total for weight in weights))

    @property
    def fullest(self) -> float:
        """Return the largest share."""
        return max(self.shares)

    def repeats(self, decoys: float) -> float:
        """Return how many domains occur twice or oftener in a leak with so many decoys, on average.

        Each decoy's domain is drawn on its own, so a domain of share w occurs a binomial number of times:
        1 - (1 - w)^d - d w (1 - w)^(d - 1). A leak that carries fewer than two repeats none.
        """
        whole = round(decoys)
        if whole < 2:  # noqa: PLR2004 - a repetition needs two
            return 0.0
        return sum(
            1 - (1 - share) ** whole - whole * share * (1 - share) ** (whole - 1) for share in self.shares
        )
