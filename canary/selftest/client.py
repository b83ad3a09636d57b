"""Commands become replies: the sending side of SMTP (RFC 5321), no wait longer than its deadline."""

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass

from canary.selftest.route import Stop

LINE_BYTES = 4096
REPLY_LINES = 100
SAID_CHARS = 200
CODE_DIGITS = 3
ESMTP_REFUSED = 500
GREETING = 220
CONNECT_SECONDS = 15.0


class GarbledError(OSError):
    """The other side said what is no SMTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host answered."""

    code: int
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Say whether it is a yes."""
        return 200 <= self.code < 400  # noqa: PLR2004 - RFC 5321 section 4.2.1

    @property
    def later(self) -> bool:
        """Say whether trying again may help."""
        return 400 <= self.code < 500  # noqa: PLR2004 - the same

    def __str__(self) -> str:
        """Return it as one line, cut where it is long."""
        return f"{self.code} {' / '.join(self.lines)}"[:SAID_CHARS].strip()


class Wire:
    """One session as its client sees it. Raises OSError for all that can happen to a connection."""

    def __init__(self, stop: Stop, helo: str, deadline: float) -> None:
        self.stop = stop
        self.banner = Reply(0, ())
        self.extensions: dict[str, str] = {}
        self._helo = helo
        self._deadline = deadline
        self._pending = b""
        self._socket = socket.create_connection(
            (stop.address, stop.port), timeout=min(CONNECT_SECONDS, self._left())
        )

    @property
    def secured(self) -> ssl.SSLSocket | None:
        """Return the encrypted socket, None in clear text."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None

    def greeted(self) -> None:
        """Read the host's banner."""
        self.banner = self.reply()
        if self.banner.code != GREETING:
            raise GarbledError(f"it greets with {self.banner}")

    def hello(self) -> None:
        """Say EHLO, or HELO where that is not known, and note what the host offers."""
        reply = self.say(f"EHLO {self._helo}")
        if reply.code >= ESMTP_REFUSED:
            reply = self.say(f"HELO {self._helo}")
        if not reply.good:
            raise GarbledError(f"it answers the greeting with {reply}")
        offered = (line.partition(" ") for line in reply.lines[1:])
        self.extensions = {keyword.upper(): value for keyword, _, value in offered}

    def secure(self, context: ssl.SSLContext) -> None:
        """Turn the connection into TLS and say EHLO again. Raises ssl.SSLError, OSError where it is refused.

        What came in clear text after the reply to STARTTLS is not taken for the host's (CVE-2011-0411).
        """
        reply = self.say("STARTTLS")
        if reply.code != GREETING:
            raise GarbledError(f"STARTTLS is offered and refused: {reply}")
        if self._pending:
            raise GarbledError("something was said in clear text after STARTTLS")
        self._socket.settimeout(min(CONNECT_SECONDS, self._left()))
        self._socket = context.wrap_socket(self._socket, server_hostname=self.stop.name)
        self.hello()

    def say(self, command: str) -> Reply:
        """Send a command line and return the reply."""
        return self.send(f"{command}\r\n".encode())

    def send(self, data: bytes) -> Reply:
        """Send bytes and return the reply."""
        self._socket.settimeout(self._left())
        self._socket.sendall(data)
        return self.reply()

    def reply(self) -> Reply:
        """Return the next reply (RFC 5321 section 4.2)."""
        lines: list[str] = []
        while len(lines) < REPLY_LINES:
            line = self._line()
            code, more, text = (
                line[:CODE_DIGITS],
                line[CODE_DIGITS : CODE_DIGITS + 1],
                line[CODE_DIGITS + 1 :],
            )
            if not code.isdigit() or len(code) < CODE_DIGITS or more not in {"", " ", "-"}:
                raise GarbledError(f"no SMTP reply: {line[:60]!r}")
            lines.append(text)
            if more != "-":
                return Reply(int(code), tuple(lines))
        raise GarbledError("a reply without an end")

    def quit(self) -> None:
        """Say goodbye; the host need not answer."""
        with suppress(OSError):
            self.say("QUIT")

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._socket.close()

    def _line(self) -> str:
        while b"\n" not in self._pending:
            if len(self._pending) > LINE_BYTES:
                raise GarbledError("a line without an end")
            self._socket.settimeout(self._left())
            received = self._socket.recv(LINE_BYTES)
            if not received:
                raise ConnectionResetError("the host hung up")
            self._pending += received
        line, _, self._pending = self._pending.partition(b"\n")
        return line.rstrip(b"\r").decode("ascii", "replace")

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left


def dialled(stop: Stop, helo: str, deadline: float) -> Wire:
    """Return a session in which both sides have greeted. Raises OSError."""
    wire = Wire(stop, helo, deadline)
    try:
        wire.greeted()
        wire.hello()
    except BaseException:
        wire.close()
        raise
    return wire


def fault_of(error: OSError) -> str:
    """Return what happened to a connection, in words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return (error.reason or type(error).__name__).replace("_", " ").lower()
    return error.strerror or str(error) or type(error).__name__
