"""A connection becomes bytes that wait, replies that go out, and an end that comes in time.

aiosmtpd reads every line through a StreamReader in a task of its own, sets a timer anew for
each, and looks through its handler at every connection; that was the larger part of its CPU
time. Here commands are answered within `data_received`, one timer is moved only when it runs
out, and a task exists only while something is awaited.
"""

import asyncio
import logging
import secrets
import ssl
from abc import abstractmethod
from collections import Counter
from collections.abc import Coroutine
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from canary.sink import replies
from canary.sink.house import House
from canary.sink.inbox import Inbox

log = logging.getLogger("canary.sink")
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # aiosmtpd logs addresses and text there

HIGH_WATER = 128 * 1024
"""How many bytes may wait while something is awaited, before the client is made to wait."""

LINGER = 10.0
"""How many seconds a client has to read the last reply."""


class Wire(SMTP):
    """One connection, whatever is spoken on it. It is over once the last reply has been said."""

    transport: asyncio.Transport

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        # Past SMTP.__init__, which inspects its handler; the reader is asked for and never read.
        super(SMTP, self).__init__(asyncio.StreamReader(limit=1, loop=loop), loop=loop)
        self.loop = loop
        self.house = house
        self.inbox = Inbox()
        self.codes: Counter[str] = Counter()
        self.label = secrets.token_hex(6)
        self.born = loop.time()
        self.over = False
        self._said: list[str] = []
        self._work: asyncio.Task[None] | None = None
        self._ended = self._choked = self._held = self._lost = False
        self._deadline = self.born + house.settings.timeout
        self._timer = loop.call_at(self._deadline, self._tick)

    @abstractmethod
    def opened(self, ip: str, port: int) -> None:
        """Begin the conversation with a client at this address."""

    @abstractmethod
    def advance(self) -> None:
        """Answer what can be answered of `inbox`, as long as `ready`."""

    @abstractmethod
    def gone(self) -> None:
        """End the conversation: the client is lost and nothing is awaited."""

    @property
    def ready(self) -> bool:
        """Say whether the next command may be looked at."""
        return self._work is None and not (self.over or self._choked)

    @property
    def idle(self) -> bool:
        """Say whether nothing is being awaited."""
        return self._work is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in."""
        self.transport = cast("asyncio.Transport", transport)
        ip, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.opened(ip, port)
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Take in what arrived and answer as much of it as can be answered."""
        if self.over:
            return
        self.inbox.feed(data)
        if self.ready:
            self._proceed()
        elif len(self.inbox) > HIGH_WATER and not self._held:
            self._held = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """Note that the client will say no more; in clear text it may still hear the replies."""
        self._ended = True
        if self.ready:
            self._proceed()
        return self.transport.get_extra_info("ssl_object") is None

    def pause_writing(self) -> None:
        """Answer nothing more to a client that does not read its replies."""
        self._choked = True

    def resume_writing(self) -> None:
        """Go on, the client having read its replies."""
        self._choked = False
        if self.ready:
            self._resume()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it was lost
        """End the conversation, unless something is being awaited that has to end first."""
        if self._lost:
            return
        self._lost = self.over = True
        self._timer.cancel()
        if self.idle:
            self.gone()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Await something; what the client says meanwhile has to wait."""
        self._work = self.loop.create_task(self._do(work))

    def say(self, reply: str) -> None:
        """Have a reply sent with the next flush."""
        self.codes[reply[:3]] += 1
        self._said.append(reply)

    def flush(self) -> None:
        """Send the replies that have gathered, those to pipelined commands in one packet."""
        if self._said and not self.transport.is_closing():
            self._said.append("")
            self.transport.write("\r\n".join(self._said).encode("utf-8", "replace"))
        self._said.clear()

    def hang_up(self, reply: str) -> None:
        """Say the last word and close; a client that does not read it is dropped after a while."""
        if self.over:
            return
        if reply:
            self.say(reply)
        self.flush()
        self.over = True
        self._timer.cancel()
        self._timer = self.loop.call_later(LINGER, self.transport.abort)
        self.transport.close()

    def dismiss(self) -> None:
        """Hang up now, giving up what is being awaited."""
        self.hang_up(replies.closing(self.house.settings.hostname))
        if self._work is not None:
            self._work.cancel()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self.transport.abort()
        if self._work is not None:
            self._work.cancel()

    def expect_within(self, seconds: float) -> None:
        """Give the client so many seconds for what comes next."""
        if self.over:
            return
        self._deadline = self.loop.time() + seconds
        if self._deadline < self._timer.when():
            self._timer.cancel()
            self._timer = self.loop.call_at(self._deadline, self._tick)

    async def upgrade(self, context: ssl.SSLContext) -> bool:
        """Go on over TLS; say whether the handshake succeeded. A connection where it did not is lost."""
        self._held = False
        transport = None
        try:
            transport = await self.loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.house.settings.timeout,
            )
        except OSError as error:
            log.debug("session %s: handshake failed: %s", self.label, type(error).__name__)
        finally:
            if transport is None:
                self.connection_lost(None)  # nobody else says so while the handshake lasts
        if transport is None:
            return False
        self.transport = transport
        return True

    def log_failure(self, what: str, error: Exception) -> None:
        """Log what failed, without the words of an error, which may quote a client."""
        log.error("session %s: %s: %s", self.label, what, type(error).__name__)
        log.debug("session %s: %s", self.label, what, exc_info=error)

    def _proceed(self) -> None:
        self.advance()
        if self._ended and self.ready:
            self.hang_up("")
        self.flush()

    def _resume(self) -> None:
        if self._held:
            self._held = False
            self.transport.resume_reading()
        self.expect_within(self.house.settings.timeout)
        self._proceed()

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the one place where nothing may be lost
            self.log_failure("failed", error)
            self.hang_up(replies.server_error(self.house.settings.hostname))
        finally:
            self._work = None
            if self._lost:
                self.gone()
            elif not self.over:
                self._resume()

    def _tick(self) -> None:
        """Hang up if the client's time is over; while something is awaited it is not the client's."""
        now = self.loop.time()
        if self._work is not None:
            self._deadline = now + self.house.settings.timeout
        if now < self._deadline:
            self._timer = self.loop.call_at(self._deadline, self._tick)
        else:
            self.hang_up(replies.timeout_exceeded(self.house.settings.hostname))
