"""The nouns that travel between the rooms; all frozen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Access:
    """One employee looking at one record (set) at one time, through one tool, in one session.

    `at` is an aware UTC time. `actor` is the person or job that reported the access where
    that is not the employee. `source_id` is the caller's own identifier of the access or of the
    request behind it. `id` is given by the store (`acc_…`).
    """

    employee: str
    record: str
    at: datetime
    beneficiary: str | None = None
    tool: str | None = None
    session: str | None = None
    client_ip: str | None = None
    actor: str | None = None
    source_id: str | None = None
    id: str = ""

    @property
    def identity(self) -> str:
        """Return what makes two accesses of an employee to a record the same one.

        The caller's identifier, which one request may share between several records; else all they say.
        """
        if self.source_id is not None:
            return f"{self.employee}\0{self.record}\0{self.source_id}"
        seen = (self.at - EPOCH) // MICROSECOND
        return (
            f"{self.employee}\0{self.record}\0\0{seen}\0{self.tool or ''}\0{self.session or ''}\0"
            f"{self.client_ip or ''}"
        )

    def numbered(self, number: str) -> "Access":
        """Return the same access with the identifier that the store gave it."""
        return Access(
            self.employee,
            self.record,
            self.at,
            self.beneficiary,
            self.tool,
            self.session,
            self.client_ip,
            self.actor,
            self.source_id,
            number,
        )


@dataclass(frozen=True, slots=True)
class Persona:
    """A believable person: a name and a local part from the same draws.

    `surprisal` is -log2 of the chance that the natural model draws this local part, in bits.
    `generator` names the model and version that drew it.
    """

    given: str
    family: str
    local: str
    surprisal: float
    generator: str

    @property
    def name(self) -> str:
        """Return the display name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Decoy:
    """A reviewer who does not exist; belongs to one employee and one record.

    `slot` counts the decoys of that employee and record from 0. A control is never shown; a
    `selftest` decoy is a control that only our own `canary selftest` writes to.
    `id` is given by the store (`dec_…`).
    """

    address: str
    given: str
    family: str
    minted_at: datetime
    slot: int
    surprisal: float
    generator: str
    control: bool = False
    id: str = ""
    selftest: bool = False

    @property
    def name(self) -> str:
        """Return the display name."""
        return f"{self.given} {self.family}"

    def numbered(self, number: str) -> "Decoy":
        """Return the same decoy with the identifier that the store gave it."""
        return Decoy(
            self.address,
            self.given,
            self.family,
            self.minted_at,
            self.slot,
            self.surprisal,
            self.generator,
            self.control,
            number,
            self.selftest,
        )


@dataclass(frozen=True, slots=True)
class Planting:
    """What became of one access: its decoys in the order of their slots, and how many are new.

    `duplicate` says that this very access was in the ledger before; nothing was changed.
    """

    access: Access
    decoys: tuple[Decoy, ...]
    fresh: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a decoy was put among the records of an export: 0 is the first record."""

    decoy: Decoy
    position: int


class Verb(StrEnum):
    """The SMTP command that named a decoy."""

    RCPT = "RCPT"
    VRFY = "VRFY"
    DATA = "DATA"


@dataclass(frozen=True, slots=True)
class Peer:
    """Who was at the other end of the wire. `tls` is "" in clear text, else "TLSv1.3 CIPHER".

    `name` is what the address resolves to in reverse, where that was known in time; `server_name` what
    the client asked for in its TLS handshake (RFC 6066 section 3). Behind a proxy or a mail host of
    ours, `ip` and `port` are the client's as told by that, and `via` is its own address; `certificate` is
    the name in a client's certificate that such a proxy verified, we ask for none ourselves.
    """

    ip: str
    port: int
    helo: str = ""
    tls: str = ""
    session: str = ""
    name: str = ""
    server_name: str = ""
    via: str = ""
    certificate: str = ""

    def __str__(self) -> str:
        """Return `ip:port`, the IPv6 address in brackets; "" for somebody we never met."""
        if not self.ip:
            return ""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


class Body(Protocol):
    """The bytes of a message that are too many to be held in memory."""

    def __len__(self) -> int:
        """Return how many bytes there are."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Give all of them from the beginning, a piece at a time. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Trace:
    """How a message or probe came in, as our host saw it.

    `host` is the name that we went by, `protocol` a transmission type (RFC 3848: SMTP, ESMTPS,
    LMTP …), `queue_id` what the 250 called it. `lines` are the commands and replies of the session that
    matter to it, each with the seconds since the connection began: `0.120 C: MAIL FROM:<a@b.example>`.
    """

    host: str = ""
    protocol: str = ""
    queue_id: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived on the wire: envelope, raw bytes, peer, time.

    `recipients` are the accepted ones, as they were written, each once. `ours` says that we
    saw the envelope ourselves; of a message read from a file (`canary ingest`) we did not.
    """

    raw: bytes | Body
    mail_from: str
    recipients: tuple[str, ...]
    peer: Peer
    received_at: datetime
    ours: bool = True
    options: tuple[str, ...] = ()
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True)
class Probe:
    """A live decoy named in RCPT or VRFY with no message behind it.

    `others` counts the other recipients that this client tried in the same session; `tried` holds the
    first of them.
    """

    recipient: str
    verb: Verb
    mail_from: str
    peer: Peer
    at: datetime
    others: int = 0
    tried: tuple[str, ...] = ()
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a client network tried recipients that nobody has, on one day: evidence of guessing.

    `network` is an IPv4 /32 or an IPv6 /64; `sample` holds some of what was tried.
    """

    day: datetime
    network: str
    count: int
    sample: tuple[str, ...] = ()


class HitClass(StrEnum):
    """What a hit is."""

    MAIL = "mail"
    PROBE = "probe"
    BOUNCE = "bounce"


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
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True)
class Hit:
    """A message or probe and one decoy, with the accesses that showed it, first shown first.

    `deliveries` counts how often the same message was given to us for this decoy. Of a probe
    `message` is None and `probe` says what was tried.
    """

    id: str
    at: datetime
    verdict: Verdict
    decoy: Decoy
    accesses: tuple[Access, ...]
    message: KeptMessage | None
    probe: Probe | None
    deliveries: int


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
    """What has become of an alert."""

    OWED = "owed"
    SENT = "sent"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Alert:
    """A word owed to one channel about the hits that belong together.

    `earlier` counts the hits of the same employees that were told within the window before.
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
