"""A connection becomes a client that we know: who it is, how much time it has, what it is told."""

import asyncio
import logging
import ssl
from abc import abstractmethod
from typing import TYPE_CHECKING

from canary.model import Peer
from canary.sink.answer import Answer, Do
from canary.sink.house import House, Kind
from canary.sink.proxy import LARGEST, Header, ProxyError, parse
from canary.sink.shaking import shaken
from canary.sink.tls import name_asked_of, tls_of
from canary.sink.visit import Visit
from canary.sink.wire import Wire
from canary.tallies import (
    CONNECTIONS,
    FAILURES,
    LIMIT_IDLE,
    LIMIT_SESSION_TIME,
    LIMIT_TRANSACTION_TIME,
    PROXY_HEADERS,
    REPLIES,
    TLS_HANDSHAKES,
)

if TYPE_CHECKING:
    from canary.sink.transaction import Transaction

log = logging.getLogger("canary.sink")

NO_TIME = float("inf")

HEADER_SECONDS = 5.0
"""How long a proxy may take to say whom it speaks for."""


class Reception(Wire):
    """Lets a client in or turns it away, keeps its time, and secures its connection."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop, kind: Kind = Kind.SMTP) -> None:
        super().__init__(house, loop)
        self.kind = kind
        self.codes: dict[str, int] = {}
        self._awaits_header = self._securing = False
        self._entered = ""
        self._timed: Transaction | None = None
        self._transaction_ends = NO_TIME
        self._session_ends = self.born + house.settings.session_timeout

    @abstractmethod
    def conclude(self, found: Answer) -> None:
        """Say what a command came to, and do what that means."""

    def opened(self) -> None:
        """Greet the client, once it is known who that is; or turn it away."""
        self.house.admit(self)
        ip, port = _address_of(self.transport.get_extra_info("peername"))
        our_ip = self._our_ip if self.house.settings.hostnames else ""
        peer = Peer(ip, port, session=self.label)
        if self.house.gate.is_proxy(ip):
            self._awaits_header = True
            self.expect_within(min(HEADER_SECONDS, self.house.settings.timeout))
            self._visit = self._new_visit(peer, our_ip)
        else:
            self._enter(peer, our_ip)

    def part(self) -> None:
        """Give up the client's place."""
        self.house.part(self)
        self.house.idlers.busy(self)
        if self.purse is not None:
            self.purse.close()
            self.purse = None
            self.house.gate.leave(self._entered)

    def dismiss(self) -> None:
        """Hang up now, giving up what is being awaited; in a handshake there is no last word."""
        if self._securing:
            self.abort()
        else:
            super().dismiss()

    def retire(self) -> None:
        """Hang up at the end of the running transaction, at once if there is none."""
        if self.idle and self._visit.transaction is None:
            self.hang_up(self.farewell("closing"))

    def farewell(self, cause: str) -> str:
        """Return the last word to a client."""
        words = self._visit.words
        if self._awaits_header:
            return ""
        match cause:
            case "timeout":
                self.house.tallies.add(self._limit_reached())
                return words.timeout_exceeded()
            case "closing":
                return words.closing()
            case _:
                self.house.tallies.add(f"{FAILURES}|conversation")
                return words.server_error()

    def say(self, reply: str) -> None:
        """Have a reply sent with the next flush, and written down."""
        code = reply[:3]
        self.codes[code] = self.codes.get(code, 0) + 1
        self.house.tallies.add(f"{REPLIES}|{code}")
        self._visit.transcript.note("S", reply)
        super().say(reply)

    def _new_visit(self, peer: Peer, our_ip: str) -> Visit:
        house = self.house
        words = house.words(our_ip)
        offers = self.kind is not Kind.TLS and house.certificates.offered_by(words.hostname)
        return Visit(house, words, peer, self.loop.time, offers_tls=offers, lmtp=self.kind is Kind.LMTP)

    def _enter(self, peer: Peer, our_ip: str) -> None:
        """Let a client in whose address is known."""
        self._visit = visit = self._new_visit(peer, our_ip)
        house = self.house
        house.tallies.add(f"{CONNECTIONS}|{self.kind.value}")
        if house.closing:
            self.retire()
        elif not self._admitted(peer.ip):
            self.hang_up(visit.words.too_many_connections(peer.ip))
        else:
            self._entered = peer.ip
            self.purse = visit.purse = house.gate.purse(peer.ip, house.budget, self.loop.time)
            if self.kind is Kind.TLS:
                self._securing = True
                self.hold()
                self.start(self._secure(""))
            else:
                self.say(visit.words.greeting())
            self._mark(self.loop.time())

    def _admitted(self, ip: str) -> bool:
        """Say whether there is a place; in a full house one that somebody does not use is made free."""
        house, now = self.house, self.loop.time()

        def make_room() -> bool:
            victim = house.idlers.victim(now)
            if victim is not None:
                victim.dismiss()
            return victim is not None

        return house.gate.enter(ip, now, len(house.present), make_room) is None

    def _take_header(self) -> bool:
        """Learn from a proxy of ours whom it speaks for (PROXY protocol); say whether that is known."""
        try:
            header = parse(self.inbox.peek())
        except ProxyError as error:
            self.house.tallies.add(f"{PROXY_HEADERS}|refused")
            log.warning("session %s: no PROXY header: %s", self.label, error)
            self.abort()
            return False
        if not isinstance(header, Header):
            if len(self.inbox) > LARGEST:
                self.abort()
            return False
        self._awaits_header = False
        self.inbox.skip(header.length)
        self.house.tallies.add(f"{PROXY_HEADERS}|{'local' if header.local else 'proxied'}")
        peer = self._visit.peer
        if header.local:
            self._enter(peer, self._our_ip)
        else:
            self._enter(
                Peer(
                    header.ip,
                    header.port,
                    tls=header.tls,
                    session=self.label,
                    server_name=header.authority,
                    via=str(peer),
                    certificate=header.common_name,
                ),
                header.our_ip,
            )
        return True

    @property
    def _our_ip(self) -> str:
        return _address_of(self.transport.get_extra_info("sockname"))[0]

    def _give_time(self, now: float) -> None:
        """Give the client its time for the next line or piece of a message, up to that of all of it."""
        settings = self.house.settings
        if self._visit.transaction is not self._timed:
            self._timed = self._visit.transaction
            self._transaction_ends = now + settings.transaction_timeout if self._timed else NO_TIME
        self.expect_by(min(now + settings.timeout, self._transaction_ends, self._session_ends))

    def _limit_reached(self) -> str:
        """Return which of its times a client has used up."""
        now = self.loop.time()
        if now >= self._session_ends:
            return LIMIT_SESSION_TIME
        return LIMIT_TRANSACTION_TIME if now >= self._transaction_ends else LIMIT_IDLE

    def _mark(self, now: float) -> None:
        """Note whether this client's place may be given to others once it is silent."""
        house, transaction = self.house, self._visit.transaction
        if self._work is not None and not self._securing:
            house.idlers.busy(self)
        elif not self.over:
            named = transaction is not None and bool(transaction.decoys)
            house.idlers.waits(self, now, favoured=named or house.gate.is_favoured(self._visit.peer.ip, now))

    def rested(self) -> None:
        """Let this client's place be given to others from now on, if it stays silent."""
        if not self._lost:
            self._mark(self.loop.time())

    async def _late(self, delay: float, *found: Answer) -> None:
        """Give the client its replies so many seconds late."""
        self.flush()
        if delay:
            await asyncio.sleep(delay)
        for each in found:
            if each.do is Do.START_TLS:
                await self._secure(each.text)
            elif not self.over:
                self.conclude(each)

    def _tell(self) -> None:
        """Give the door the probes that are owed."""
        owed = self._visit.owed
        for probe in owed:
            self.house.hand_over(self.house.door.probe(probe))
        owed.clear()

    async def _secure(self, reply: str) -> None:
        """Start TLS (RFC 3207, RFC 8314); what was pipelined after STARTTLS is forgotten (CVE-2024-34083)."""
        visit = self._visit
        context = self.house.certificates.context(visit.words.hostname, self.loop.time())
        if self.over:
            return
        if context is None:
            self.hang_up("")
            return
        if reply:
            self.say(reply)
            self.flush()
        early = self.inbox.peek() if self.kind is Kind.TLS else b""
        self.inbox.clear()
        self._securing = True
        secured_in_time = await self._upgrade(context, early)
        self._securing = False
        if not secured_in_time:
            self.house.tallies.add(f"{TLS_HANDSHAKES}|failed")
            return
        secured = self.transport.get_extra_info("ssl_object")
        self.house.tallies.add(f"{TLS_HANDSHAKES}|{secured.version()}")
        visit.secure(tls_of(secured), name_asked_of(secured))
        if self.kind is Kind.TLS:
            self.say(visit.words.greeting())

    async def _upgrade(self, context: ssl.SSLContext, early: bytes = b"") -> bool:
        """Go on over TLS; say whether the handshake succeeded. A connection where it did not is lost.

        `early` are bytes of the handshake that have been read already.
        """
        self.hold()  # a quick client's first words are for whoever takes this one's place
        transport = None
        try:
            transport = await shaken(self.transport, self, context, self.house.settings.timeout, early)
        except OSError as error:
            log.debug("session %s: handshake failed: %s", self.label, type(error).__name__)
        finally:
            if transport is None:
                self.connection_lost(None)  # nobody else says so while the handshake lasts
        if transport is None:
            return False
        self.transport = transport
        self._held = False
        return True


def _address_of(found: object) -> tuple[str, int]:
    """Return the address and port of a socket's end; nothing for a Unix socket's."""
    if isinstance(found, tuple) and len(found) >= 2:  # noqa: PLR2004 - IPv6 has four parts
        return str(found[0]).removeprefix("::ffff:").partition("%")[0], int(found[1])
    return "", 0
