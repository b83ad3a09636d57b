"""A connection becomes bytes that wait, replies that go out, and an end that comes in time.

aiosmtpd reads every line through a StreamReader in a task of its own, sets a timer anew for
each, and looks through its handler at every connection; that was the larger part of its CPU
time. Here commands are answered within `data_received`, one timer is moved only when it runs
out, and nothing is built that most connections do not need.
"""

import asyncio
import logging
import secrets
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP

from canary.sink.house import House
from canary.sink.inbox import Inbox

if TYPE_CHECKING:
    from canary.sink.budget import Purse

log = logging.getLogger("canary.sink")
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # aiosmtpd logs addresses and text there

FREE_BYTES = 8 * 1024
"""How many bytes may wait for a client's turn without being counted."""

UNREAD = 16 * 1024
"""How many bytes of replies may wait to be read before no more are given."""

AT_A_TIME = 100
"""How many commands of one client are answered before it is others' turn."""

LINGER = 10.0
"""How many seconds a client has to read the last reply."""

GATHERED = 64
"""How many replies to pipelined commands are sent at once."""


class Wire(SMTP):
    """One connection, whatever is spoken on it. It is over once the last reply has been said."""

    transport: asyncio.Transport

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        # Past SMTP.__init__, which inspects its handler, and those above it, which make a StreamReader.
        self.loop = loop
        self.house = house
        self.inbox = Inbox()
        self.label = secrets.token_hex(6)
        self.born = loop.time()
        self.over = False
        self._said: list[str] = []
        self._work: asyncio.Future[Any] | None = None
        self._ended = self._choked = self._held = self._lost = self._waits = False
        self._counted = 0
        self.purse: Purse | None = None
        self._deadline = self.born + house.settings.timeout
        self._timer = loop.call_at(self._deadline, self._tick)

    @abstractmethod
    def opened(self) -> None:
        """Begin the conversation with a client."""

    @abstractmethod
    def advance(self) -> None:
        """Answer what can be answered of `inbox`, as long as `ready`."""

    @abstractmethod
    def gone(self) -> None:
        """End the conversation: the client is lost and nothing is awaited."""

    @abstractmethod
    def farewell(self, cause: str) -> str:
        """Return the last word to a client: `timeout`, `closing`, `failed` or `memory`."""

    def hold(self) -> None:
        """Read nothing more of this client for now."""
        if not self._held:
            self._held = True
            self.transport.pause_reading()

    def rested(self) -> None:
        """Note that nothing is awaited any more and that it is the client's turn."""

    def give_way(self) -> None:
        """Go on with what this client said after others had their turn."""
        self.hold()
        self._waits = True
        self.loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._waits = False
        if self.ready:
            self._resume()

    @property
    def ready(self) -> bool:
        """Say whether the next command may be looked at."""
        return self._work is None and not (self.over or self._choked or self._waits)

    @property
    def idle(self) -> bool:
        """Say whether nothing is being awaited."""
        return self._work is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(UNREAD)
        self.opened()
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Take in what arrived and answer as much of it as can be answered."""
        if self.over:
            return
        self.inbox.feed(data)
        if self.ready:
            self._proceed()
        else:
            self.hold()
        if self._counted or len(self.inbox) > FREE_BYTES:
            self._count()

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
        self.inbox.clear()
        self._count()
        if self.idle:
            self.gone()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Await something; what the client says meanwhile has to wait."""
        self._work = self.loop.create_task(self._do(work))

    def attend(self, work: "asyncio.Future[Any]", then: Callable[["asyncio.Future[Any]"], None]) -> None:
        """Await one thing as `start` does, without a task, and do what follows from it."""
        self._work = work

        def done(work: "asyncio.Future[Any]") -> None:
            try:
                then(work)
            except Exception as error:  # noqa: BLE001 - the same as in `_do`
                self._fail(error)
            finally:
                self._worked()

        work.add_done_callback(done)

    def say(self, reply: str) -> None:
        """Have a reply sent with the next flush."""
        self._said.append(reply)
        if len(self._said) >= GATHERED:
            self.flush()

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
        self.hang_up(self.farewell("closing"))
        if self._work is not None:
            self._work.cancel()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self.transport.abort()
        if self._work is not None:
            self._work.cancel()

    def expect_within(self, seconds: float) -> None:
        """Give the client so many seconds for what comes next."""
        self.expect_by(self.loop.time() + seconds)

    def expect_by(self, deadline: float) -> None:
        """Give the client until then, by the loop's clock, for what comes next."""
        if self.over:
            return
        self._deadline = deadline
        if deadline < self._timer.when():
            self._timer.cancel()
            self._timer = self.loop.call_at(deadline, self._tick)

    def log_failure(self, what: str, error: BaseException) -> None:
        """Log what failed, without the words of an error, which may quote a client."""
        log.error("session %s: %s: %s", self.label, what, type(error).__name__)
        log.debug("session %s: %s", self.label, what, exc_info=error)

    def _proceed(self) -> None:
        try:
            self.advance()
        except Exception as error:  # noqa: BLE001 - one client's trouble is nobody else's
            self._fail(error)
        if self._ended and self.ready:
            self.hang_up("")
        if self._said:
            self.flush()

    def _resume(self) -> None:
        if self._held:
            self._held = False
            self.transport.resume_reading()
        self.expect_within(self.house.settings.timeout)
        self._proceed()
        self.rested()
        if self._counted:
            self._count()

    def _count(self) -> None:
        """Count what waits as memory in use; a client for whose words there is no memory has to go."""
        waiting = 0 if self._lost else len(self.inbox)
        surplus = waiting - self._counted
        if self.purse is None:
            return
        if surplus < 0:
            self.purse.give("memory", -surplus)
        elif surplus and not self.purse.take("memory", surplus):
            self.inbox.clear()
            self.hang_up(self.farewell("memory"))
            return
        self._counted = waiting

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the one place where nothing may be lost
            self._fail(error)
        finally:
            self._worked()

    def _worked(self) -> None:
        """Go on: nothing is awaited any more."""
        self._work = None
        if self._lost:
            self.gone()
        elif not self.over:
            self._resume()

    def _fail(self, error: Exception) -> None:
        self.log_failure("failed", error)
        self.hang_up(self.farewell("failed"))

    def _tick(self) -> None:
        """Hang up if the client's time is over; while something is awaited it is not the client's."""
        now = self.loop.time()
        if self._work is not None:
            self._deadline = now + self.house.settings.timeout
        if now < self._deadline:
            self._timer = self.loop.call_at(self._deadline, self._tick)
        else:
            self.hang_up(self.farewell("timeout"))
