"""One client's visit: what it named becomes a message, or probes."""

import logging
from dataclasses import dataclass, field, replace

from canary.address import canonical
from canary.model import Message, Peer, Probe, Verb
from canary.ports import Clock
from canary.sink.door import Door
from canary.sink.settings import SinkSettings

log = logging.getLogger("canary.sink")


@dataclass(slots=True)
class Transaction:
    """What MAIL began: the envelope so far. `decoys` are the canonical forms of its recipients."""

    mail_from: str
    options: tuple[str, ...]
    recipients: dict[str, None] = field(default_factory=dict)
    decoys: set[str] = field(default_factory=set)


class Visit:
    """What one connection has said so far, as far as it matters, without any input or output.

    `owed` holds the probes that the door has not been told of; it is the caller's to empty.
    `errors` and `junk` count as Postfix counts them, since the last message that was kept.
    """

    __slots__ = (
        "_clock", "_door", "_named", "_times", "_tried", "_verified",
        "errors", "junk", "offers_tls", "owed", "peer", "settings", "transaction",
    )  # fmt: skip

    def __init__(
        self, settings: SinkSettings, door: Door, clock: Clock, peer: Peer, *, offers_tls: bool
    ) -> None:
        self.settings = settings
        self.peer = peer
        self.offers_tls = offers_tls
        self.owed: list[Probe] = []
        self.errors = 0
        self.junk = 0
        self.transaction: Transaction | None = None
        self._door = door
        self._clock = clock
        self._tried = 0
        self._times: dict[str, int] = {}
        self._named: dict[str, Probe] = {}
        self._verified: set[str] = set()

    def greet(self, name: str) -> None:
        """Begin anew for a client that gave its name."""
        self.end()
        self.peer = replace(self.peer, helo=name)

    def secure(self, tls: str) -> None:
        """Begin anew over TLS, forgetting what was said in clear text (RFC 3207 section 4.2)."""
        self.peer = replace(self.peer, helo="", tls=tls)
        self.offers_tls = False

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's. Raises whatever the door raises."""
        self._tried += 1
        return self._door.is_live(address)

    def stray(self, address: str) -> None:
        """Count a recipient that is refused; a count that fails costs no reply."""
        try:
            self._door.stray(address, self.peer)
        except Exception as error:  # noqa: BLE001 - whatever the door raises
            log.error("session %s: stray not counted: %s", self.peer.session, type(error).__name__)  # noqa: TRY400 - a traceback may quote the address

    def verify(self, address: str) -> None:
        """Note that VRFY named a live decoy."""
        self._name(address, Verb.VRFY)

    def accept(self, address: str) -> None:
        """Add a live decoy to the recipients."""
        transaction = self._current
        transaction.recipients[address] = None
        transaction.decoys.add(self._name(address, Verb.RCPT))

    def message(self, raw: bytes) -> Message:
        """Return the message that the transaction came to; each recipient once, as written."""
        transaction = self._current
        return Message(
            raw=raw,
            mail_from=transaction.mail_from,
            recipients=tuple(transaction.recipients),
            peer=self.peer,
            received_at=self._clock(),
            options=transaction.options,
        )

    def keep(self) -> None:
        """End the transaction whose message is kept: its recipients are no probes."""
        self.errors = self.junk = 0
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
        self.transaction = None
        for decoy, probe in self._named.items():
            if probe.verb is Verb.VRFY:
                if decoy in self._verified:
                    continue
                self._verified.add(decoy)
            self.owed.append(replace(probe, others=self._tried - self._times[decoy]))
        self._named.clear()

    @property
    def _current(self) -> Transaction:
        if self.transaction is None:
            raise RuntimeError("no transaction")
        return self.transaction

    def _name(self, address: str, verb: Verb) -> str:
        decoy = canonical(address)
        self._times[decoy] = self._times.get(decoy, 0) + 1
        earlier = self._named.get(decoy)
        if earlier is None or earlier.verb is Verb.VRFY:
            mail_from = self.transaction.mail_from if self.transaction else ""
            self._named[decoy] = Probe(address, verb, mail_from, self.peer, self._clock())
        return decoy
