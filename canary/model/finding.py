"""What was found: hits with their verdicts, and the words owed about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from canary.model.record import Access, Decoy
from canary.model.telling import Briefing, Case
from canary.model.wire import UNTRACED, Peer, Probe, Touch, Trace


class HitClass(StrEnum):
    """What a hit is.

    MAIL is solicitation or any other mail; BOUNCE an automatic reply, too; OWN the company's own, proven;
    SPAM what controls and unknown recipients were sent, too; DICTIONARY a guess among very many.
    """

    MAIL = "mail"
    PROBE = "probe"
    TOUCH = "touch"
    BOUNCE = "bounce"
    OWN = "own"
    SPAM = "spam"
    DICTIONARY = "dictionary"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a hit is and how sure we are.

    `confidence` is between 0 and 1: that the address came from the exposing accesses and not
    by chance. `reasons` say why, the weightiest first.
    """

    hit_class: HitClass
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message as it is kept; `head` is the beginning of the raw bytes, its headers.

    `trace` and `options` are those of its first delivery.
    """

    id: str
    sha256: str
    mail_from: str
    recipients: tuple[str, ...]
    peer: Peer
    received_at: datetime
    size: int
    ours: bool
    head: bytes
    options: tuple[str, ...] = ()
    trace: Trace = UNTRACED


@dataclass(frozen=True, slots=True)
class Hit:
    """A message, probe or touch and one decoy, with the accesses that showed it, first shown first.

    `deliveries` counts how often the same message was given to us for this decoy. Of a probe
    `message` is None and `probe` says what was tried; of a touch both are None. `incident` is the one that it
    belongs to, "" for none or while that is not known.
    """

    id: str
    at: datetime
    verdict: Verdict
    decoy: Decoy
    accesses: tuple[Access, ...]
    message: KeptMessage | None
    probe: Probe | None
    deliveries: int
    touch: Touch | None = None
    incident: str = ""


@dataclass(frozen=True, slots=True)
class BaseRate:
    """How much noise there is: what arrived for controls and for nobody, beside the hits on shown decoys.

    `control_hits` and `hits` count controls and shown decoys that were hit, each once. `strays` are
    recipients that were refused because nobody has them.
    """

    decoys: int = 0
    controls: int = 0
    control_hits: int = 0
    strays: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """A word to the team that no hit owes: how the sink itself is. All of it is our own words.

    `steps` are what to do about it, first things first.
    """

    title: str
    text: str
    steps: tuple[str, ...] = ()


class AlertState(StrEnum):
    """What has become of an alert. WITHHELD: no hit of it is of a class that is told."""

    OWED = "owed"
    SENT = "sent"
    PARKED = "parked"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Alert:
    """A word owed to one channel about the hits that belong together.

    `earlier` counts the hits of the same employees that were told within the window before. `case` says of
    which incidents the hits are, where they are of any; `briefing` what is known of these.
    """

    id: str
    channel: str
    state: AlertState
    attempts: int
    created_at: datetime
    due_at: datetime
    hits: tuple[Hit, ...] = ()
    error: str = ""
    earlier: int = 0
    base_rate: BaseRate = BaseRate()
    case: Case | None = None
    briefing: Briefing | None = None
