"""Settings become a policy: how many decoys of each layer the views of a record get."""

from dataclasses import dataclass
from datetime import timedelta

from canary.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class MintPolicy:
    """How many decoys the views of a record get, and where they live.

    `domains` are (domain, weight); `window` is how long a view lasts from its first access, 0 making
    every access a view. `view_rate` is the share of views, from 0 to 1, in which `per_view` decoys of their
    own join, until an employee has seen `cap` of a record. A record ends up with `stable` and `cohort`
    decoys of these layers: the first of each joins with the first view that shows it, one more every
    `join_every` after that. `controls` are minted for every 1,000 decoys.
    """

    domains: tuple[tuple[str, float], ...]
    window: timedelta = timedelta(hours=24)
    per_view: int = 1
    cap: int = 5
    view_rate: float = 1.0
    stable: int = 0
    cohort: int = 0
    join_every: timedelta = timedelta(days=30)
    controls: int = 0

    def __post_init__(self) -> None:
        if not self.domains:
            raise ConfigurationError(
                "no domains to mint decoys on",
                hint='set mint.domains, e.g. mint.domains = ["your-domain.net"]',
            )
