"""What no measurement has told yet: the model's constants, each with its reason in `docs/inference.md`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from canary.inference.values import HitDecoy
from canary.model import HitClass

FEW = 1e-6


def _doubts() -> Mapping[HitClass, float]:
    return {HitClass.MAIL: 0.10, HitClass.TOUCH: 0.10, HitClass.PROBE: 0.24, HitClass.BOUNCE: 0.55}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The constants; every one is a judgement. Shares and chances are between 0 and 1, `slack` is in µs.

    `bulk` is the share of leaks that took the store itself; `growing` how much rarer a coalition is with
    each further account, `largest` the most accounts of one, a broker's sources among them. `took_all` is the
    share of leaks that took all that was shown rather than some records; `cleaned_alone` and
    `cleaned_together` that what differs between two screens was removed. `doubts` say how often a hit of a
    class has another cause than a leak (`unknown_doubt` of other classes); `near_doubt`, `foreign_doubt` and
    `found_doubt` the same for near misses, for envelopes that were not ours and for a list that was found.
    `repeated` is how often one more decoy belongs to the same noise. `near_chance` is how many more addresses
    meet a decoy nearly than exactly. `most_noise` is the most that noise is believed before a look at the
    hits, `slack` how far clocks may be apart.
    """

    bulk: float = 0.02
    growing: float = 0.10
    largest: int = 24
    took_all: float = 0.5
    cleaned_alone: float = 0.05
    cleaned_together: float = 0.5
    doubts: Mapping[HitClass, float] = field(default_factory=_doubts)
    unknown_doubt: float = 0.5
    near_doubt: float = 0.5
    foreign_doubt: float = 0.28
    found_doubt: float = 0.05
    repeated: float = 0.3
    near_chance: float = 1000.0
    most_noise: float = 0.5
    slack: int = 600_000_000

    def doubt(self, hit: HitDecoy) -> float:
        """Return the chance that a group with this hit alone has another cause than a leak."""
        if hit.near:
            return self.near_doubt
        if hit.found:
            return self.found_doubt
        doubt = self.doubts.get(hit.hit_class, self.unknown_doubt)
        return doubt if hit.ours else max(doubt, self.foreign_doubt)
