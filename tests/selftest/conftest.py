"""A name server, a mail host that says what its script says, and certificates: all on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from canary.model import Decoy
from canary.selftest import Letter, Stop, letter_to
from tests.certificates import certify
from tests.parts import START

PATIENCE = 60.0
A_WHILE = 0.005
"""A part of a day, so that the days that are left are whole for as long as a test takes."""

Zone = dict[tuple[str, str], tuple[str, ...]]


@contextmanager
def name_server(zone: Zone, broken: frozenset[str] = frozenset()) -> Iterator[tuple[str, int]]:
    """Answer from a zone of (name, type) -> records: `broken` names with SERVFAIL, others with NXDOMAIN."""
    names = {name for name, _ in zone}

    def answered(wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in names:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif (name, kind) in zone:
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *zone[name, kind]))
        return response.to_wire()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            with suppress(OSError):
                while received := server.recvfrom(4096):
                    if not received[0]:
                        return
                    server.sendto(answered(received[0]), received[1])

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", server.getsockname())
        thread.join()


class MailHost:
    """Says what its script has for a command, each reply in turn; the last of them for ever.

    A reply of "hangup" closes, "silence" says nothing until the client has gone. `heard` are the lines of
    all sessions, `letters` the messages.
    """

    ORDINARY = {  # noqa: RUF012 - never changed
        "banner": ["220 mx.example.org ESMTP"],
        "EHLO": ["250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME"],
        "MAIL": ["250 2.1.0 Ok"],
        "RCPT": ["550 5.1.1 User unknown", "250 2.1.5 Ok"],
        "RSET": ["250 2.0.0 Ok"],
        "DATA": ["354 Go on"],
        ".": ["250 2.0.0 Ok: queued as 4F1A2B"],
        "QUIT": ["221 2.0.0 Bye"],
        "STARTTLS": ["220 2.0.0 Ready"],
    }

    def __init__(self, tls: ssl.SSLContext | None, **script: str | list[str]) -> None:
        told = {name: [said] if isinstance(said, str) else said for name, said in script.items()}
        self.script = {name: list(said) for name, said in {**self.ORDINARY, **told}.items()}
        if tls is not None and "EHLO" not in told:
            self.script["EHLO"] = ["250-mx.example.org\r\n250 STARTTLS", "250 mx.example.org"]
        self.tls = tls
        self.heard: list[str] = []
        self.letters: list[bytes] = []
        self.secured = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    def stop_at(self, name: str = "mx.example.org") -> Stop:
        return Stop(name, "127.0.0.1", self.port)

    def close(self) -> None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                connection.settimeout(PATIENCE)
                with suppress(OSError), ExitStack() as stack:
                    self._talk(connection, stack)

    def _said(self, name: str) -> str:
        replies = self.script.get(name, ["500 5.5.2 What?"])
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def _talk(self, connection: socket.socket, stack: ExitStack) -> None:
        """Hold one session; what it opens is closed with the stack."""
        reader = stack.enter_context(stack.enter_context(connection).makefile("rb"))
        name = "banner"
        while True:
            reply = self._said(name)
            if reply == "hangup":
                return
            if reply == "silence":
                reader.read()
                return
            connection.sendall(f"{reply}\r\n".encode())
            if name == "STARTTLS" and reply.startswith("220") and self.tls is not None:
                connection = stack.enter_context(self.tls.wrap_socket(connection, server_side=True))
                reader = stack.enter_context(connection.makefile("rb"))
                self.secured += 1
            elif name == "DATA" and reply.startswith("354"):
                self.letters.append(b"".join(iter(reader.readline, b".\r\n")))
                name = "."
                continue
            line = reader.readline()
            if not line:
                return
            self.heard.append(line.decode("latin-1").rstrip("\r\n"))
            name = self.heard[-1].partition(" ")[0]


@pytest.fixture
def mail_host() -> Iterator[Callable[..., MailHost]]:
    with ExitStack() as stack:

        def opened(tls: ssl.SSLContext | None = None, **script: str | list[str]) -> MailHost:
            host = MailHost(tls, **script)
            stack.callback(host.close)
            return host

        yield opened


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ssl.SSLContext]:
    """Return a maker of server contexts whose certificate is valid for so many days."""

    def made(name: str = "mx.example.org", days: float = 60, *, trusted: bool = True) -> ssl.SSLContext:
        cert, private = certify(tmp_path / "tls", name, days + A_WHILE)
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, private)
        return context

    return made


@pytest.fixture
def decoy() -> Decoy:
    return Decoy(
        "nadine.foster84@example.org",
        "Nadine",
        "Foster",
        START,
        0,
        30.0,
        "natural-1",
        control=True,
        id="dec_7",
        selftest=True,
    )


@pytest.fixture
def letter(decoy: Decoy) -> Letter:
    return letter_to(decoy, "postmaster@example.net", START)
