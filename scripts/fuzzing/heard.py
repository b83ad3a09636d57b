"""What went on in a session becomes a list of things to judge."""

from dataclasses import dataclass

from canary.model import Message, Probe


@dataclass(frozen=True)
class Said:
    """A reply, and how many bytes had been sent by then."""

    reply: str
    sent: int


@dataclass(frozen=True)
class Looked:
    """An address was looked up."""

    address: str
    live: bool


@dataclass(frozen=True)
class Given:
    """A message was given to the door."""

    message: Message
    raw: bytes


@dataclass(frozen=True)
class Kept:
    """It is kept."""


@dataclass(frozen=True)
class Refused:
    """It is not."""


@dataclass(frozen=True)
class Named:
    """A probe was given to the door."""

    probe: Probe


Event = Said | Looked | Given | Kept | Refused | Named


@dataclass(frozen=True)
class Heard:
    """What came of a session. `well` says that every message in order had to be kept."""

    stream: bytes
    events: list[Event]
    sent: bytes
    profile: str
    lmtp: bool
    proxied: bool
    well: bool
