"""One client's visit: what it named becomes a message, or probes."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from canary.address import canonical
from canary.model import Message, Peer, Probe, Trace, Verb
from canary.sink.content import Spilled
from canary.sink.house import House
from canary.sink.profiles import Words
from canary.sink.transaction import Transaction, transmission_type
from canary.sink.transcript import Transcript
from canary.tallies import FAILURES

if TYPE_CHECKING:
    from canary.sink.budget import Purse

log = logging.getLogger("canary.sink")

FREE_RECIPIENTS = 4
RECIPIENT_BYTES = 500
"""What remembering a recipient takes beside its letters: its probe, its places in tables."""

ADDRESS = 254
TRIED = 20
"""How many of the recipients that a client tried are kept with a probe."""

TOLD = 5
"""How many probes of a session hold them: the same list a thousand times would fill the disk."""


class Visit:
    """What one connection has said so far, as far as it matters, without any input or output.

    `owed` holds the probes that the door has not been told of; it is the caller's to empty.
    `errors` and `junk` count as Postfix counts them, since the last message that was kept. `delay` is how
    many seconds late the next reply shall be, `unwelcome` the last word to a client that has to go; both are
    the caller's to heed and to reset. `strange` counts unknown commands; `spoilt` says that a chunk was
    refused and no other is wanted; `front` is a mail host of ours that speaks for a client, which is `peer`.
    """

    __slots__ = (
        "_named", "_now", "_put_off", "_room", "_times", "_told", "_tried", "_tried_count", "_verified",
        "delay", "domains", "errors", "esmtp", "front", "house", "junk", "lmtp", "offers_tls", "owed",
        "peer", "purse", "settings", "spoilt", "strange", "transaction", "transcript", "unwelcome",
        "words",
    )  # fmt: skip

    def __init__(
        self,
        house: House,
        words: Words,
        peer: Peer,
        now: Callable[[], float],
        *,
        offers_tls: bool,
        lmtp: bool = False,
    ) -> None:
        self.house, self.settings = house, house.settings
        self.words = words
        self.peer = peer
        self.lmtp, self.offers_tls = lmtp, offers_tls
        self.domains = house.settings.domains if lmtp else house.domains(words.hostname)
        self.esmtp = self.spoilt = False
        self.owed: list[Probe] = []
        self.errors = self.junk = self.strange = 0
        self.front: Peer | None = None
        self.delay = 0.0
        self.purse: Purse | None = None
        self._room = self._told = self._tried_count = 0
        self.unwelcome = ""
        self.transaction: Transaction | None = None
        self.transcript = Transcript(now)
        self._now = now
        self._tried: dict[str, None] = {}
        self._times: dict[str, int] = {}
        self._named: dict[str, Probe] = {}
        self._put_off: dict[str, Probe] = {}
        self._verified: set[str] = set()

    @property
    def at_home(self) -> bool:
        """Say whether this is a host of ours: over LMTP, or from a network without limits."""
        return self.lmtp or self.house.gate.is_exempt(self.peer.ip)

    @property
    def protocol(self) -> str:
        """Return the transmission type."""
        utf8 = self.transaction is not None and "SMTPUTF8" in self.transaction.options
        return transmission_type(lmtp=self.lmtp, extended=self.esmtp, utf8=utf8, tls=bool(self.peer.tls))

    def greet(self, name: str, *, extended: bool = True) -> None:
        """Begin anew for a client that gave its name; `extended` with EHLO or LHLO."""
        self.end()
        self.esmtp = extended
        self.peer = replace(self.peer, helo=name)

    def secure(self, tls: str, server_name: str) -> None:
        """Begin anew over TLS, forgetting what was said in clear text (RFC 3207 section 4.2)."""
        self.peer = replace(self.peer, helo="", tls=tls, server_name=server_name)
        self.offers_tls = False
        self.esmtp = False

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's. Raises whatever the door raises."""
        self._tried_count += 1
        if len(self._tried) < TRIED:
            self._tried[address[:ADDRESS]] = None
        live = self.house.door.is_live(address)
        if live:
            self.house.gate.welcome(self.peer.ip, self._now())
        return live

    def chance(self, address: str) -> float:
        """Return a keyed number from 0 to 1 for an address, 1 for one that no person would have."""
        return self.house.door.chance(address)

    def may_begin(self) -> bool:
        """Say whether this client's network may begin another message now."""
        if self.house.reverse is not None:
            self.house.reverse.want(self.peer.ip)
        return self.house.gate.message(self.peer.ip, self._now())

    def may_name(self) -> bool:
        """Say whether this client's network may name another recipient now."""
        return self.house.gate.recipient(self.peer.ip, self._now())

    def has_room(self, address: str) -> bool:
        """Say whether there is memory to remember another recipient; the first few cost nothing."""
        cost = RECIPIENT_BYTES + 2 * len(address)
        if self.purse is None or len(self._current.accepted) < FREE_RECIPIENTS:
            return True
        if not self.purse.take("memory", cost):
            return False
        self._room += cost
        return True

    def greylisted(self, address: str) -> bool:
        """Say whether this sender has to wait before it may write to this recipient."""
        greylist = self.house.greylist
        sender = self.transaction.mail_from if self.transaction else ""
        return greylist is not None and greylist.waits(self.peer.ip, sender, address, self._now())

    def stray(self, address: str, *, accepted: bool) -> None:
        """Count a recipient whom nobody has; a count that fails costs no reply.

        A client whose network has tried too many is answered late, and sent away in the end. One who is
        `accepted` costs nothing, and makes the network as welcome as a decoy: nothing tells them apart.
        """
        try:
            self.house.door.stray(address, self.peer)
        except Exception as error:  # noqa: BLE001 - whatever the door raises
            self.house.tallies.add(f"{FAILURES}|stray")
            log.error("session %s: stray not counted: %s", self.peer.session, type(error).__name__)  # noqa: TRY400 - a traceback may quote the address
        gate, ip, now = self.house.gate, self.peer.ip, self._now()
        if accepted:
            gate.welcome(ip, now)
        if accepted or self.lmtp:
            gate.note(ip, address)
            return
        found = gate.unknown(ip, address, now)
        self.delay = max(self.delay, found.delay)
        if found.turned_away:
            self.unwelcome = self.words.too_many_errors()

    def may_keep(self, size: int) -> bool:
        """Say whether the message of so many bytes that is complete may be kept."""
        live = bool(self._current.decoys)
        return self.house.gate.may_keep(self.peer.ip, size, self._now(), live=live)

    def verify(self, address: str) -> None:
        """Note that VRFY named a live decoy."""
        self._name(address, Verb.VRFY)

    def accept(self, address: str) -> None:
        """Add a live decoy to the recipients."""
        transaction = self._current
        transaction.recipients[address] = None
        transaction.accepted.append(address)
        transaction.decoys.add(self._name(address, Verb.RCPT))

    def accept_ordinary(self, address: str) -> None:
        """Add somebody to the recipients who is no decoy."""
        transaction = self._current
        transaction.recipients[address] = None
        transaction.accepted.append(address)

    def name_only(self, address: str) -> None:
        """Note that a live decoy was named and put off: should it have mail in this visit, it is no probe."""
        if canonical(address) in self._current.decoys:
            return
        decoy = self._name(address, Verb.RCPT)
        self._put_off.setdefault(decoy, self._named.pop(decoy))

    def message(self, raw: bytes | Spilled, queue_id: str) -> Message:
        """Return the message that the transaction came to; each recipient once, as written."""
        transaction = self._current
        return Message(
            raw=raw,
            mail_from=transaction.mail_from,
            recipients=tuple(transaction.recipients),
            peer=self._known_peer(),
            received_at=self.house.clock(),
            options=transaction.options,
            trace=self._trace(queue_id),
        )

    def keep(self) -> None:
        """End the transaction whose message is kept: its recipients are no probes."""
        self.errors = self.junk = 0
        for decoy in self._current.decoys:
            self._put_off.pop(decoy, None)
        self.postpone()

    def postpone(self) -> None:
        """End the transaction that the sender must try again: its recipients are no probes yet."""
        for decoy in self._current.decoys:
            self._named.pop(decoy, None)
        self.end()

    def drop(self) -> None:
        """End the transaction whose DATA began and came to nothing: its recipients are probes."""
        for decoy in self._current.decoys:
            self._named[decoy] = replace(self._named[decoy], verb=Verb.DATA)
        self.end()

    def end(self) -> None:
        """End the transaction, if there is one, and owe a probe for every decoy named without a message.

        A decoy that is verified again and again in one session is one probe.
        """
        if self.transaction is not None and self.transaction.body is not None:
            self.transaction.body.discard()
        if self._room and self.purse is not None:
            self.purse.give("memory", self._room)
            self._room = 0
        if self._named:
            self._owe()
        self.transaction = None
        self.spoilt = False
        if self.front is not None:
            self.peer, self.front = self.front, None

    def leave(self) -> None:
        """End the visit: whoever was put off, and has had no mail since, was only named."""
        self.end()
        if self._put_off:
            self._named.update(self._put_off)
            self._put_off.clear()
            self._owe()

    def _owe(self) -> None:
        peer, trace = self._known_peer(), self._trace("")
        for decoy, probe in self._named.items():
            if probe.verb is Verb.VRFY:
                if decoy in self._verified:
                    continue
                self._verified.add(decoy)
            self._told += 1
            self.owed.append(
                replace(
                    probe,
                    peer=peer,
                    others=self._tried_count - self._times[decoy],
                    tried=tuple(
                        one for one in self._tried if self._told <= TOLD and one != probe.recipient[:ADDRESS]
                    ),
                    trace=trace,
                )
            )
        self._named.clear()

    @property
    def _current(self) -> Transaction:
        if self.transaction is None:
            raise RuntimeError("no transaction")
        return self.transaction

    def _trace(self, queue_id: str) -> Trace:
        return Trace(self.words.hostname, self.protocol, queue_id, self.transcript.lines())

    def _known_peer(self) -> Peer:
        if self.peer.name or self.house.reverse is None:
            return self.peer
        name = self.house.reverse.name(self.peer.ip)
        if name:
            self.peer = replace(self.peer, name=name)
        return self.peer

    def _name(self, address: str, verb: Verb) -> str:
        decoy = canonical(address)
        self._times[decoy] = self._times.get(decoy, 0) + 1
        earlier = self._named.get(decoy)
        if earlier is None or earlier.verb is Verb.VRFY:
            mail_from = self.transaction.mail_from if self.transaction else ""
            self._named[decoy] = Probe(address, verb, mail_from, self.peer, self.house.clock())
        return decoy
