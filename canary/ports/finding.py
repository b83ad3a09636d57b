"""What the mail side looks for and hands over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canary.model import (
    NOBODY,
    Access,
    AlertState,
    Decoy,
    Face,
    HitClass,
    Lead,
    Message,
    Origin,
    Probe,
    Touch,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class FaceChange:
    """A decoy's face as it is about to be kept, and as it `was` kept before (None: it had none)."""

    was: Face | None
    now: Face


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on one decoy, about to be kept with the message, probe or touch that hit it."""

    decoy: Decoy
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Attributed:
    """A message, probe or touch with what it hit, about to be kept."""

    arrival: Message | Probe | Touch
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a message or probe came to. `fresh` counts the hits that were not there before."""

    hit_ids: tuple[str, ...]
    fresh: int


@dataclass(frozen=True, slots=True)
class HitFilter:
    """Which hits to look at; None asks for all.

    `controls` includes the hits on controls, `selftests` those of our own tests. With `after` they come in
    the order in which they were kept, from behind that hit on; from the first where it is "".
    """

    employee: str | None = None
    record: str | None = None
    hit_class: HitClass | None = None
    since: datetime | None = None
    controls: bool = True
    limit: int | None = None
    selftests: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How much is kept and how it is going. `oldest_owed` is when the first alert owed was, or is, due."""

    accesses: int
    decoys: int
    controls: int
    hits: int
    control_hits: int
    strays: int
    messages: int
    alerts: Mapping[AlertState, int]
    oldest_owed: datetime | None
    last_mail: datetime | None
    last_selftest: datetime | None
    size_bytes: int
    schema: int
    withheld: Mapping[HitClass, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A decoy that was found by address, with the accesses that showed it, first shown first.

    A busy record's shared decoy has more than anybody reads before a 250: `more` says that some are left out.
    """

    decoy: Decoy
    accesses: tuple[Access, ...]
    more: bool = False


BECOMES: Mapping[HitClass, tuple[HitClass, ...]] = {each: (each,) for each in HitClass} | {
    HitClass.MAIL: (HitClass.MAIL, HitClass.BOUNCE, HitClass.OWN, HitClass.SPAM, HitClass.DICTIONARY),
    HitClass.BOUNCE: (HitClass.BOUNCE, HitClass.DICTIONARY),
}
"""What a hit may turn out to be, by the class that it was kept with."""
Attribute = Callable[[Message | Probe, Mapping[str, Sighting]], Attributed]
"""Says what a message or probe hit, by who was shown which of the decoys that it names."""


@dataclass(frozen=True, slots=True)
class Owing:
    """Which hits owe a word to which channels.

    Within `window` an incident is told at most once, after its first sign; before hits are known to be of an
    incident those of one employee go together. Hits below `min_confidence` owe none, nor do those of a class
    below its `least` confidence, None being out of reach. Alerts are held for `hold`, so that hits are
    appraised and joined first; 0 holds nothing.
    """

    channels: tuple[str, ...] = ()
    window: timedelta = timedelta(minutes=5)
    min_confidence: float = 0.0
    least: Mapping[HitClass, float | None] = field(default_factory=dict)
    hold: timedelta = timedelta(0)

    def tells(self, verdict: Verdict) -> bool:
        """Say whether a hit with this verdict is told of."""
        return self._tells(verdict.hit_class, verdict.confidence)

    def may_tell(self, verdict: Verdict) -> bool:
        """Say whether mail that was kept with this verdict may be told of once it is appraised."""
        return any(self._tells(each, verdict.confidence) for each in BECOMES[verdict.hit_class])

    def _tells(self, hit_class: HitClass, confidence: float) -> bool:
        least = self.least.get(hit_class, 0.0)
        return least is not None and confidence >= max(least, self.min_confidence)


@dataclass(frozen=True, slots=True)
class Told:
    """How an alert was told: whom it pointed to, and what the channel calls it, "" for nothing."""

    lead: Lead = NOBODY
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What was found out about hits that came together: who sent them, and their verdicts by hit.

    `message` and `origin` are those of mail. Not empty, `quiet` says why none of them is told.
    """

    verdicts: Mapping[str, Verdict]
    message: str = ""
    origin: Origin | None = None
    quiet: str = ""
