"""What arrives on the wire becomes replies, and messages and probes for the door."""

import asyncio
import logging
from functools import partial
from typing import Any

from canary.model import Message
from canary.sink.answer import Answer, Do
from canary.sink.commands import answer
from canary.sink.content import Content, Drain
from canary.sink.house import House, Kind
from canary.sink.reception import Reception
from canary.sink.wire import AT_A_TIME
from canary.tallies import (
    FAILURES,
    LIMIT_ERRORS,
    LIMIT_SIZE,
    MESSAGE_BYTES,
    MESSAGE_SECONDS,
    MESSAGES,
    SPILLED,
)

log = logging.getLogger("canary.sink")

KEPT = f"{MESSAGES}|kept"
KEPT_WITHIN = 300.0
"""How many seconds the door has to keep a message: then a client, which waits for ten minutes (RFC 5321
section 4.5.3.2.6), hears that it has to try again."""

DRAINED = 4
"""How many times the largest message is read and forgotten before hanging up."""

GOOD = ("2", "3", "")
IDLE_WORDS = frozenset({b"NOOP", b"RSET", b"HELP", b"VRFY"})
"""Commands that get nobody anywhere: a client that says no others may be hung up for another's sake."""


class Conversation(Reception):
    """One client's session of SMTP (RFC 5321) or LMTP (RFC 2033), from the banner to the last reply."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop, kind: Kind = Kind.SMTP) -> None:
        super().__init__(house, loop, kind)
        self._messages = 0
        self._gave_up = False
        self._progressed = self._stepped = False
        self._reading = Do.GO_ON
        self._chunk = Answer("")
        self._to_come = 0

    def advance(self) -> None:
        """Answer what has arrived, up to what has to be awaited."""
        turns = 0
        while self.ready and self._step():
            turns += 1
            if turns == AT_A_TIME:
                self.give_way()
        if self._said:
            self.flush()  # the client goes on while we note how far it got
        if self._progressed:
            self._progressed = False
            now = self.loop.time()
            self._give_time(now)
            if self._stepped:
                self._stepped = False
                self._mark(now)

    def _step(self) -> bool:
        """Do the next thing that what has arrived is enough for; say whether there was one."""
        if self.house.closing and self._visit.transaction is None:
            self.retire()
            return True
        if self._awaits_header:
            return self._take_header()
        if self._reading is not Do.GO_ON:
            self._progressed = self._stepped = True
            return self._take_content()
        line = self.inbox.line()
        if line is None:
            return False
        self._progressed = True
        self._take_line(line)
        return True

    def gone(self) -> None:
        """Owe a probe for every decoy that was named without a message, and be gone once the door knows."""
        visit = self._visit
        if self._reading is not Do.GO_ON:
            self._reading = Do.GO_ON
            self.house.tallies.add(f"{MESSAGES}|broken_off")
            if visit.transaction is not None:
                visit.drop()
        visit.leave()
        self._tell()
        self.part()
        if log.isEnabledFor(logging.INFO):
            log.info(
                "session %s: ended after %.3f s, %d messages, replies %s",
                self.label,
                self.loop.time() - self.born,
                self._messages,
                " ".join(f"{code}={count}" for code, count in sorted(self.codes.items())),
            )

    def _take_line(self, line: bytes) -> None:
        visit = self._visit
        visit.transcript.note("C", line.decode("utf-8", "replace"))
        before = visit.transaction
        found = answer(visit, line)
        if before is None and visit.transaction is not None:
            visit.transcript.opened()
        if found.text[:1] in GOOD and line[:4].upper() not in IDLE_WORDS:
            self._stepped = True
        if visit.unwelcome:
            found = Answer(visit.unwelcome, Do.HANG_UP)
        if visit.owed:
            self._tell()
        if visit.delay:
            delay, visit.delay = visit.delay, 0.0
            self.start(self._late(delay, found))
        else:
            self.conclude(found)

    def conclude(self, found: Answer) -> None:
        """Say what a command came to, and do what that means."""
        if found.do is Do.GO_ON:
            self.say(found.text)
            if self._visit.errors >= self.house.settings.limits.errors and not self._visit.at_home:
                self.house.tallies.add(LIMIT_ERRORS)
                self.hang_up(self._visit.words.too_many_errors())
        elif found.do is Do.HANG_UP:
            self.hang_up(found.text)
        elif found.do is Do.READ_BODY:
            self.say(found.text)
            self._begin_content()
            self._chunk = found
            self._reading = Do.READ_BODY
            self.inbox.begin_body()
        elif found.do is Do.READ_CHUNK:
            if not found.text:
                self._begin_content()
            self._reading = Do.READ_CHUNK
            self._chunk, self._to_come = found, found.size
        else:
            self.start(self._secure(found.text))

    def _begin_content(self) -> None:
        transaction = self._visit.transaction
        if transaction is not None and transaction.body is None:
            settings = self.house.settings
            ordinary = min(settings.max_message, settings.ordinary.message)
            transaction.body = Content(
                settings.max_message if transaction.decoys else ordinary,
                settings.spill_above,
                settings.spill_folder,
                self.purse or self.house.budget,
            )

    def _take_content(self) -> bool:
        """Take in what there is of a message; say whether what was to be read is complete."""
        transaction = self._visit.transaction
        body = transaction.body if transaction is not None else None
        if self._reading is Do.READ_CHUNK:
            wanted = body if body is not None and not self._chunk.text else Drain()
            self._to_come = self.inbox.chunk(self._to_come, wanted)
            if self._to_come:
                return False
            self._reading = Do.GO_ON
            self._end_chunk(body)
            return True
        if body is None:
            raise RuntimeError("a message without a transaction")
        if self.inbox.body(body):
            self._reading = Do.GO_ON
            self._end_content(body)
            return True
        if body.sent > DRAINED * self.house.settings.max_message:
            self.hang_up(self._visit.words.too_big())
        return False

    def _end_chunk(self, body: Content | None) -> None:
        if self._chunk.text or body is None:
            self.conclude(Answer(self._chunk.text))
        elif self._chunk.last or body.oversized or body.failed:
            self._end_content(body)
        else:
            self.say(self._visit.words.chunk_taken(self._chunk.size))

    def _end_content(self, body: Content) -> None:
        """Have a whole message kept, or say why it cannot be."""
        visit = self._visit
        if body.oversized:
            self.house.tallies.add(LIMIT_SIZE)
            self.house.tallies.add(f"{MESSAGES}|too_big")
            self._refuse(visit.words.too_big(), dropped=True)
        elif body.failed or not visit.may_keep(body.sent):
            self.house.tallies.add(f"{MESSAGES}|deferred")
            self._refuse(visit.words.no_room(), dropped=False)
        else:
            self._keep(body)

    def _refuse(self, reply: str, *, dropped: bool) -> None:
        """Refuse a message: for good, so that its recipients are probes, or for now."""
        replies = self._replies(reply)
        if dropped:
            self._visit.drop()
        else:
            self._visit.postpone()
        self._tell()
        self.start(self._late(0, *replies))

    def _replies(self, reply: str) -> list[Answer]:
        """Return the one reply of SMTP, or that for each recipient of LMTP (RFC 2033 section 4.2)."""
        transaction = self._visit.transaction
        count = len(transaction.accepted) if self._visit.lmtp and transaction is not None else 1
        return [Answer(reply)] * count

    def _keep(self, body: Content) -> None:
        """Give a message to the door, to be acknowledged only when that has kept it."""
        loop, visit = self.loop, self._visit
        began = loop.time()
        message = visit.message(body.whole(), visit.words.queue_id())
        if not isinstance(message.raw, bytes):
            self.house.tallies.add(SPILLED)
        kept: asyncio.Future[Any]
        try:
            kept = asyncio.ensure_future(self.house.door.message(message), loop=loop)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender has to try again
            kept = loop.create_future()
            kept.set_exception(error)
        patience = min(self.house.settings.transaction_timeout, KEPT_WITHIN)
        timer = loop.call_later(patience, self._give_up, kept)
        self.attend(kept, partial(self._tried, body, message, began, timer))

    def _give_up(self, kept: "asyncio.Future[Any]") -> None:
        """Wait no longer for the door. No clock is asked: timers of uvloop come up to a rounding early."""
        self._gave_up = True
        kept.cancel()

    def _tried(
        self,
        body: Content,
        message: Message,
        began: float,
        timer: asyncio.TimerHandle,
        kept: "asyncio.Future[Any]",
    ) -> None:
        """Answer a message that is kept, or is not."""
        timer.cancel()
        visit = self._visit
        if kept.cancelled() and not self._gave_up:
            visit.postpone()
            return
        error = TimeoutError() if kept.cancelled() else kept.exception()
        self._gave_up = False
        if error is None:
            replies = self._acknowledged(body, message, began)
        else:
            self.log_failure("message not kept", error)
            self.house.tallies.add(f"{FAILURES}|message")
            self.house.tallies.add(f"{MESSAGES}|deferred")
            replies = self._replies(visit.words.not_kept())
            visit.postpone()
        if not self.over:
            for reply in replies:
                self.say(reply.text)
            self.flush()
        if error is None:
            visit.transcript.forget()
        self._log_tried(message, replies[0].text[:3], began)
        self._tell()

    def _acknowledged(self, body: Content, message: Message, began: float) -> list[Answer]:
        """Return what to say for a message that is kept, and be done with it."""
        visit, tallies = self._visit, self.house.tallies
        tallies.add(KEPT)
        tallies.observe(MESSAGE_BYTES, len(message.raw))
        tallies.observe(MESSAGE_SECONDS, self.loop.time() - began)
        words, queue_id = visit.words, message.trace.queue_id
        if self._chunk.do is Do.READ_CHUNK:
            reply = words.chunks_queued(queue_id, self._chunk.size, body.counted)
        else:
            reply = words.queued(queue_id)
        replies = self._replies(reply)
        visit.keep()
        self._messages += 1
        return replies

    def _log_tried(self, message: Message, code: str, began: float) -> None:
        if log.isEnabledFor(logging.INFO):
            counts = len(message.raw), len(message.recipients)
            spent = self.loop.time() - began
            log.info("session %s: %d bytes for %d recipients: %s in %.3f s", self.label, *counts, code, spent)
