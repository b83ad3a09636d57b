"""What a listener has to be told before it opens."""

from dataclasses import dataclass
from pathlib import Path

from canary.errors import ConfigurationError

HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How the listener presents itself and how much it takes.

    `listen` holds `host:port` or `[::1]:port`, port 0 being any free one and no host all
    addresses of the machine. `domains` are ours, in canonical form. `max_message` is in bytes as
    sent. `timeout` is how many seconds a client may be silent, `transaction_timeout` how many
    it may take from MAIL to the end of DATA, and how many keeping a message may take after
    that. STARTTLS is offered where both `tls_cert` and `tls_key` name a PEM file.
    """

    listen: tuple[str, ...]
    hostname: str
    domains: frozenset[str]
    max_message: int = 25 * 1024 * 1024
    timeout: float = 300.0
    transaction_timeout: float = 1800.0
    max_connections: int = 1000
    max_recipients: int = 1000
    tls_cert: Path | None = None
    tls_key: Path | None = None


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
