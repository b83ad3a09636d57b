"""An event loop without a clock and a connection without a socket: both go on when they are told to."""

import asyncio
import heapq
from asyncio import events
from typing import Any


class _Selector:
    """Waits for nothing: time goes by at once."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop

    def select(self, seconds: float | None) -> list[Any]:
        """Let time go by."""
        if seconds:
            self._loop.now += seconds
        return []


class Loop(asyncio.BaseEventLoop):
    """asyncio's own loop, stepped by hand; `now` is its time in seconds.

    `problems` holds what would have been logged. TLS is had from `start_tls` without a handshake, which
    fails where `handshake_fails` says so.
    """

    _scheduled: list[asyncio.TimerHandle]
    _ready: Any

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.problems: list[str] = []
        self.handshake_fails = False
        self._selector = _Selector(self)
        self.set_exception_handler(self._note)

    def __del__(self) -> None:
        """There is nothing to close: a session that broke a rule leaves its loop behind."""

    def time(self) -> float:
        """Return what time it is here."""
        return self.now

    def step(self) -> None:
        """Do all that can be done now."""
        events._set_running_loop(self)  # noqa: SLF001 - what run_forever does, without its costs
        try:
            while self._ready:
                self._run_once()  # type: ignore[attr-defined]
        finally:
            events._set_running_loop(None)  # noqa: SLF001

    def forward(self, seconds: float) -> None:
        """Let so much time go by, doing everything when it is due."""
        until = self.now + seconds
        self.step()
        while (due := self.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self._wake()
        self.now = until

    def next_due(self) -> float | None:
        """Return when the next timer is due."""
        scheduled = self._scheduled
        while scheduled and scheduled[0].cancelled():
            heapq.heappop(scheduled)._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001 - as the loop
        return scheduled[0].when() if scheduled else None

    def _wake(self) -> None:
        events._set_running_loop(self)  # noqa: SLF001
        try:
            self._run_once()  # type: ignore[attr-defined]
            while self._ready:
                self._run_once()  # type: ignore[attr-defined]
        finally:
            events._set_running_loop(None)  # noqa: SLF001

    async def start_tls(self, transport: Any, protocol: Any, sslcontext: Any, **told: Any) -> Any:  # noqa: ARG002
        """Return the same wire as if it were encrypted now."""
        await asyncio.sleep(0)
        transport.resume_reading()
        if self.handshake_fails:
            transport.abort()
            raise ConnectionResetError
        if transport.is_closing():
            raise ConnectionAbortedError
        transport.secured = Secured()
        return transport

    def _note(self, _: object, context: dict[str, Any]) -> None:
        self.problems.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing ever comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody else is there to wake it."""


class Secured:
    """What a client and a server agreed on."""

    asked = "mx.example.net"

    def version(self) -> str:
        """Return the version of TLS."""
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        """Return the cipher."""
        return "TLS_AES_256_GCM_SHA384", "TLSv1.3", 256


class Wire(asyncio.Transport):
    """A connection in memory; `sent` is what went out, `held` says that nothing is to come in for now."""

    def __init__(self, loop: Loop, protocol: asyncio.Protocol, peer: tuple[str, int] | str) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._ends: dict[str, Any] = {"peername": peer, "sockname": ("198.51.100.1", 25)}
        self.sent = bytearray()
        self.secured: Secured | None = None
        self.held = False
        self.lost = False
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        return self.secured if name == "ssl_object" else self._ends.get(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take any limit: everything is sent at once."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who hears what comes in."""
        return self._protocol

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """Send."""
        if not self._closing:
            self.sent += data

    def is_closing(self) -> bool:
        """Say whether nothing can be sent any more."""
        return self._closing

    def pause_reading(self) -> None:
        """Have nothing come in."""
        self.held = True

    def resume_reading(self) -> None:
        """Have it come in again."""
        self.held = False

    def close(self) -> None:
        """Close once everything is sent, which it is."""
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._lose)

    def abort(self) -> None:
        """Close at once."""
        self.close()

    def _lose(self) -> None:
        self.lost = True
        self._protocol.connection_lost(None)
