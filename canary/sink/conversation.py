"""What arrives on the wire becomes replies, and messages and probes for the door."""

import asyncio
import logging

from canary.model import Peer
from canary.sink import replies
from canary.sink.commands import ERROR_LIMIT, answer
from canary.sink.tls import tls_of
from canary.sink.visit import Transaction, Visit
from canary.sink.wire import Wire

log = logging.getLogger("canary.sink")

DRAINED = 4
"""How many times the largest message is read and forgotten before hanging up."""


class Conversation(Wire):
    """One client's SMTP session (RFC 5321), from the banner to the last reply."""

    def opened(self, ip: str, port: int) -> None:
        """Greet the client, or turn it away if the house is full or closing."""
        house = self.house
        peer = Peer(ip, port, session=self.label)
        self._visit = Visit(house.settings, house.door, house.clock, peer, offers_tls=house.tls is not None)
        self._messages = 0
        self._in_body = False
        self._timed: Transaction | None = None
        self._transaction_ends = float("inf")
        full = house.full
        house.admit(self)
        if house.closing:
            self.retire()
        elif full:
            self.hang_up(replies.too_many_connections(house.settings.hostname, ip))
        else:
            self.say(replies.greeting(house.settings.hostname))

    def advance(self) -> None:
        """Answer what has arrived, up to what has to be awaited."""
        progress = False
        while self.ready:
            if self.house.closing and self._visit.transaction is None:
                self.retire()
            elif self._in_body:
                progress = True
                if not self._take_body():
                    break
            else:
                line = self.inbox.line()
                if line is None:
                    break
                progress = True
                self._take_line(line)
        if progress:
            self._give_time()

    def gone(self) -> None:
        """Owe a probe for every decoy that was named without a message, and be gone once the door knows."""
        if self._in_body:
            self._in_body = False
            self._visit.drop()
        self._visit.end()
        if self._visit.owed:
            self.start(self._tell())
            return
        self.house.part(self)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "session %s: ended after %.3f s, %d messages, replies %s",
                self.label,
                self.loop.time() - self.born,
                self._messages,
                " ".join(f"{code}={count}" for code, count in sorted(self.codes.items())),
            )

    def retire(self) -> None:
        """Hang up at the end of the running transaction, at once if there is none."""
        if self.idle and self._visit.transaction is None:
            self.hang_up(replies.closing(self.house.settings.hostname))

    def _give_time(self) -> None:
        """Give the client its time for the next line or piece of a message, up to that of a transaction."""
        now = self.loop.time()
        settings = self.house.settings
        if self._visit.transaction is not self._timed:
            self._timed = self._visit.transaction
            self._transaction_ends = now + settings.transaction_timeout if self._timed else float("inf")
        self.expect_within(min(settings.timeout, self._transaction_ends - now))

    def _take_line(self, line: bytes) -> None:
        reply = answer(self._visit, line)
        if reply.startswith("220"):
            self.start(self._secure(reply))
        elif self._visit.owed:
            self.start(self._settle(reply))
        else:
            self._conclude(reply)

    def _conclude(self, reply: str) -> None:
        """Say what a command came to, and do what that means."""
        if reply.startswith("221"):
            self.hang_up(reply)
            return
        self.say(reply)
        if reply.startswith("354"):
            self._in_body = True
            self.inbox.begin_body()
        elif self._visit.errors >= ERROR_LIMIT:
            self.hang_up(replies.too_many_errors(self.house.settings.hostname))

    def _take_body(self) -> bool:
        """Start keeping the message if all of it is there; say whether it is."""
        limit = self.house.settings.max_message
        body = self.inbox.body(limit)
        if body is None:
            if self.inbox.dropped > DRAINED * limit:
                self.hang_up(replies.TOO_BIG)
            return False
        self._in_body = False
        raw, size = body
        if size > limit:
            self._visit.drop()
            self.start(self._settle(replies.TOO_BIG))
        else:
            self.start(self._keep(raw))
        return True

    async def _keep(self, raw: bytes) -> None:
        """Give a message to the door, and acknowledge it only when that has kept it."""
        began = self.loop.time()
        message = self._visit.message(raw)
        try:
            async with asyncio.timeout(self.house.settings.transaction_timeout):
                await self.house.door.message(message)
        except asyncio.CancelledError:
            self._visit.postpone()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender has to try again
            self.log_failure("message not kept", error)
            self._visit.postpone()
            reply = replies.NOT_KEPT
        else:
            self._visit.keep()
            self._messages += 1
            reply = replies.queued()
        if log.isEnabledFor(logging.INFO):
            counts = len(raw), len(message.recipients)
            spent = self.loop.time() - began
            log.info(
                "session %s: %d bytes for %d recipients: %s in %.3f s", self.label, *counts, reply[:3], spent
            )
        self.say(reply)
        self.flush()
        await self._tell()

    async def _settle(self, reply: str) -> None:
        """Give the door its probes before the reply that ended their transaction."""
        self.flush()
        await self._tell()
        self._conclude(reply)

    async def _tell(self) -> None:
        """Give the door the probes that are owed; what it cannot keep is only logged."""
        while self._visit.owed:
            probe = self._visit.owed.pop(0)
            try:
                async with asyncio.timeout(self.house.settings.timeout):
                    await self.house.door.probe(probe)
            except Exception as error:  # noqa: BLE001 - the client never learns of it
                self.log_failure("probe not kept", error)

    async def _secure(self, reply: str) -> None:
        """Start TLS (RFC 3207); what was pipelined after the command is forgotten (CVE-2024-34083)."""
        await self._tell()
        context = self.house.tls
        if self.over or context is None:
            return
        self.say(reply)
        self.flush()
        self.inbox.clear()
        if await self.upgrade(context):
            self._visit.secure(tls_of(self.transport.get_extra_info("ssl_object")))
