"""The mail side's nouns: what arrived on the wire, and how."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


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


UNTRACED = Trace()


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
    trace: Trace = UNTRACED


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
    trace: Trace = UNTRACED


@dataclass(frozen=True, slots=True)
class Touch:
    """An action on a decoy's record that a person could only take by hand, as the tool reported it.

    `action` is the tool's word (`delete`, `edit`, `export`, `open` …); `access` is the identifier of the
    access that showed the decoy; `employee` is who acted, which need not be who was shown it.
    """

    address: str
    action: str
    employee: str
    at: datetime
    access: str


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a client network tried recipients that nobody has, on one day: evidence of guessing.

    `network` is an IPv4 /32 or an IPv6 /64; `sample` holds some of what was tried, and `times`, where it is
    told, how often each of these was.
    """

    day: datetime
    network: str
    count: int
    sample: tuple[str, ...] = ()
    times: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """A recipient that nobody has, as a client network tried it on one day.

    `times` is how often, `first` and `last` when it was written down, some ten seconds late; `attempts` are
    all that the network made in vain on that day. It is `near` if it was one edit from a live decoy then.
    """

    address: str
    network: str
    attempts: int
    times: int
    first: datetime
    last: datetime
    near: bool
