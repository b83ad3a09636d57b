"""What a listener has to be told before it opens."""

from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from math import ceil
from pathlib import Path

from canary.errors import ConfigurationError

HIGHEST_PORT = 65535
MEBIBYTE = 1024 * 1024
UNEVEN = 1.5
"""How unevenly the kernel may spread a network's connections over the workers."""


class Unknown(StrEnum):
    """What becomes of recipients at our domains whom nobody has."""

    REJECT = "reject"
    SOME = "some"
    ACCEPT_ALL = "accept-all"


Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client network (an IPv4 address, an IPv6 /64) may do; 0 is no limit.

    Rates are per minute. `errors` are those of one session since its last message, at which the client is
    sent away; from half of them on a profile that is slow answers late. `unknown` counts
    recipients that nobody has, in an hour: from `unknown_slow` on each is answered a second late, at
    `unknown` the client is sent away. `exempt` networks are not limited.
    """

    connections: int = 50
    connection_rate: int = 300
    message_rate: int = 1200
    recipient_rate: int = 6000
    errors: int = 20
    unknown_slow: int = 20
    unknown: int = 200
    exempt: tuple[Network, ...] = LOOPBACK


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Certificate chain and key, PEM; `folder` has NAME/fullchain.pem and NAME/privkey.pem by host name."""

    cert: Path | None = None
    key: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Ordinary:
    """How much is kept of mail that names no live decoy: for postmaster, or for those whom nobody is.

    The size of a message, and what a network and all together may send in a day, in bytes and messages.
    """

    message: int = MEBIBYTE
    network_bytes: int = 10 * MEBIBYTE
    network_messages: int = 200
    house_bytes: int = 200 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How the listener presents itself and how much it takes.

    `listen`, `lmtp` and `tls_listen` (TLS from the first byte) hold `host:port` or `[::1]:port`, port 0
    being any free one and no host all addresses of the machine; `lmtp` also `unix:/path`. `hostnames` are
    the names to go by on some of our own addresses. `domains` are ours, in canonical form. `profile` is
    postfix, exim or generic. `max_message` is in bytes as sent. `timeout` is how many seconds a client may
    be silent, `transaction_timeout` how many it may take from MAIL to the end of DATA, and how many keeping
    a message may take after that, `session_timeout` how many all of it may take. Bodies above `spill_above`
    bytes are written to files without a name in `spill_folder`; together bodies take at most `memory` bytes
    of memory and `disk` bytes of disk. Connections from `proxy_peers` begin with a PROXY header.
    """

    listen: tuple[str, ...]
    hostname: str
    domains: frozenset[str]
    max_message: int = 25 * 1024 * 1024
    timeout: float = 300.0
    transaction_timeout: float = 1800.0
    session_timeout: float = 7200.0
    max_connections: int = 1000
    max_recipients: int = 1000
    tls: TlsFiles = TlsFiles()
    tls_listen: tuple[str, ...] = ()
    lmtp: tuple[str, ...] = ()
    hostnames: tuple[tuple[str, str], ...] = ()
    profile: str = "postfix"
    unknown: Unknown = Unknown.REJECT
    unknown_share: float = 0.03
    greylist: float = 0.0
    proxy_peers: tuple[Network, ...] = ()
    spill_above: int = 256 * 1024
    spill_folder: Path | None = None
    memory: int = 64 * 1024 * 1024
    disk: int = 2 * 1024**3
    reverse_names: bool = True
    limits: Limits = Limits()
    ordinary: Ordinary = Ordinary()

    def domains_of(self, hostname: str) -> frozenset[str]:
        """Return the domains that we receive for where we go by this name: all, where it is our only one.

        Where there are several, a domain belongs to the names in and under it; to all, where there is none.
        """
        if not self.hostnames:
            return self.domains
        names = {self.hostname, *(name for _, name in self.hostnames)}
        return frozenset(
            domain
            for domain in self.domains
            if _is_within(hostname, domain) or not any(_is_within(name, domain) for name in names)
        )


def of_one_worker(settings: SinkSettings, workers: int) -> SinkSettings:
    """Return what one of so many workers may take, so that together they take what `settings` say.

    The kernel spreads connections over the workers, though unevenly; a connection stays with its worker, so
    that rates, unknown recipients and a network's ordinary mail are not divided: a network that connects
    again and again may do up to `workers` times as much of these.
    """
    limits, ordinary = settings.limits, settings.ordinary
    return replace(
        settings,
        max_connections=ceil(settings.max_connections / workers),
        memory=settings.memory // workers,
        disk=settings.disk // workers,
        limits=replace(
            limits,
            connections=min(limits.connections, ceil(limits.connections * UNEVEN / workers)),
        ),
        ordinary=replace(ordinary, house_bytes=ordinary.house_bytes // workers),
    )


def endpoint_of(listen: str) -> tuple[str | None, int]:
    """Return host and port of `host:port`; the host is None for all. Raises ConfigurationError."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not (colon and port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT) or (
        ":" in host and not bracketed
    ):
        raise ConfigurationError(
            f"sink.listen: {listen!r} is no address to listen on",
            hint="write host:port, with an IPv6 address in brackets: 0.0.0.0:25 or [::]:25",
        )
    return (host[1:-1] if bracketed else host) or None, int(port)


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
