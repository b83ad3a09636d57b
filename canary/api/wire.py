"""HTTP/1.1 on a connection, within bounds: a client that sends endless heads, or none, is sent away."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 32 * 1024
HEAD_SECONDS: Final = 10.0
TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
CONTINUE: Final = b"HTTP/1.1 100 "


class Joined:
    """A transport that sends the head of an answer together with its body: one system call, one packet."""

    __slots__ = ("_held", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        """Return what else the transport has."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Hold the first piece of an answer, its head, until the next one."""
        if self._held:
            data, self._held = self._held + data, b""
        elif not data.startswith(CONTINUE):
            self._held = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what is held: a head without a body."""
        if self._held:
            data, self._held = self._held, b""
            self._transport.write(data)

    def close(self) -> None:
        """Close once all is sent."""
        self.flush()
        self._transport.close()


class Wire(HttpToolsProtocol):
    """uvicorn's own protocol, which bounds neither the size nor the time of a request's head."""

    _overdue: asyncio.TimerHandle | None = None
    _size = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        """Expect a request."""
        super().connection_made(transport)
        self.transport: Any = Joined(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._rest()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Expect the rest of a head."""
        self._in_head, self._size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Expect nothing: the body has bounds of its own."""
        self._rest()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Send an answer that has no body, too."""
        self.transport.flush()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too long."""
        super().data_received(data)
        if self._in_head and self.parser is not None:
            if self._overdue is None:
                self._expect()
            self._size += len(data)
            if self._size > HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(TOO_LONG)
                self.transport.close()

    def _expect(self) -> None:
        self._in_head = True
        self._overdue = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _rest(self) -> None:
        self._in_head = False
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
