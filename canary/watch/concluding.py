"""The hits of one message become what is found out about them: its origin, their classes, who is told."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from canary import tallies as names
from canary.attribute import Facts, Ways, seen_on_controls, weighed
from canary.model import Hit, HitClass, KeptMessage, Message, Origin
from canary.origin import (
    Authentication,
    Why,
    addressed_notes,
    automatic,
    head_of,
    indications,
    nothing,
    origin_of,
    sender_of,
)
from canary.origin.domains import organisation
from canary.ports import Appraisal, Clock, Store
from canary.sink.network import NETWORK_BYTES, packed, written
from canary.tallies import Tallies

if TYPE_CHECKING:
    from canary.watch.appraising import Appraising

MOST_BYTES = 12 * 1024 * 1024
"""So much of a message is looked at."""

LATE = timedelta(minutes=10)
"""When DNS may not say any more what it said as the message came."""

ON_CONTROLS = 300
CONTROLS_SECONDS = 5.0
V4_BYTES = 4


class Concluder:
    """Finds out about hits; all but asking DNS is done in threads."""

    def __init__(self, store: Store, how: "Appraising", clock: Clock, tallies: Tallies) -> None:
        self._store = store
        self._how = how
        self._clock = clock
        self._tallies = tallies
        self._controls: Mapping[str, Origin] = {}
        self._controls_until = 0.0

    async def conclude(self, hits: Sequence[Hit]) -> Appraisal:
        """Return what is found out about the hits of one message, or of some without. Raises StoreError."""
        message = hits[0].message
        if message is None:
            return await asyncio.to_thread(self._probed, hits)
        if all(hit.decoy.selftest for hit in hits):
            return Appraisal({hit.id: hit.verdict for hit in hits}, message.id, Origin())
        raw = await asyncio.to_thread(self._read, message.id)
        proof = await self._authenticated(message, raw)
        self._tallies.add(f"{names.APPRAISALS}|{'evaluated' if proof.evaluated else 'not_evaluated'}")
        return await asyncio.to_thread(self._concluded, message, raw, proof, hits)

    def _probed(self, hits: Sequence[Hit]) -> Appraisal:
        """Return what is found out about probes and touches: which are among many guesses."""
        rate, verdicts = self._store.base_rate(), {}
        for hit in hits:
            verdicts[hit.id] = hit.verdict
            tried = self._tried(hit.probe.peer.ip, hit.at) if hit.probe else 0
            if tried:
                ways = Ways(tried, rate.decoys + rate.controls, hit.decoy.surprisal)
                verdicts[hit.id] = weighed(hit.verdict, Facts(HitClass.PROBE, ways=ways))
        return Appraisal(verdicts)

    async def _authenticated(self, message: KeptMessage, raw: bytes) -> Authentication:
        if self._clock() - message.received_at > LATE:
            return nothing(Why.LATE)
        if self._how.authenticator is None:
            return nothing(Why.OFFLINE)
        asked = Message(
            raw, message.mail_from, message.recipients, message.peer, message.received_at, message.ours
        )
        return await self._how.authenticator.check(asked)

    def _concluded(
        self, message: KeptMessage, raw: bytes, proof: Authentication, hits: Sequence[Hit]
    ) -> Appraisal:
        """Return the origin of a message and the verdicts on its hits."""
        head = head_of(raw)
        origin = self._origin(message, raw, proof)
        facts = Facts(
            HitClass.MAIL,
            null_sender=message.ours and not message.mail_from,
            automatic=automatic(head),
            own_claim=_own_claim(origin.header_from, self._how.own),
            own_proven=proof.speaks_for(self._how.own),
            noise=self._noise(message, origin, hits),
        )
        rate = self._store.base_rate()
        tried = self._tried(message.peer.ip, message.received_at) if message.ours else 0
        verdicts = {
            hit.id: weighed(
                hit.verdict,
                replace(facts, ways=Ways(tried, rate.decoys + rate.controls, hit.decoy.surprisal)),
            )
            for hit in hits
        }
        quiet = self._how.quiet(origin.indicators)
        if quiet:
            verdicts = {
                hit: replace(verdict, reasons=(*verdict.reasons, f"not told: {quiet}"))
                for hit, verdict in verdicts.items()
            }
        return Appraisal(verdicts, message.id, origin, quiet)

    def _origin(self, message: KeptMessage, raw: bytes, proof: Authentication) -> Origin:
        head = head_of(raw)
        sender = sender_of(head, message.mail_from, message.peer)
        found = origin_of(sender, proof, indications(raw, sender, proof, (*self._how.ours, *self._how.own)))
        return replace(found, notes=(*found.notes, *addressed_notes(head, message.recipients)))

    def _noise(self, message: KeptMessage, origin: Origin, hits: Iterable[Hit]) -> str:
        if any(hit.decoy.control for hit in hits):
            return "the very message was sent to a control, too, which nobody was shown"
        now = monotonic()
        if now >= self._controls_until:
            self._controls = self._store.on_controls(ON_CONTROLS)
            self._controls_until = now + CONTROLS_SECONDS
        others = (each.indicators for number, each in self._controls.items() if number != message.id)
        return seen_on_controls(origin.indicators, others)

    def _tried(self, ip: str, day: datetime) -> int:
        """Return how many recipients that nobody has a client tried on a day, as far as is written down."""
        address = packed(ip)
        if not address:
            return 0
        network = written(address if len(address) == V4_BYTES else address[:NETWORK_BYTES])
        return self._store.tried(network, day).count

    def _read(self, message_id: str) -> bytes:
        """Return the beginning of a message, and a byte more where it is longer than is looked at."""
        pieces, size = [], 0
        for piece in self._store.raw_chunks(message_id):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                break
        return b"".join(pieces)[: MOST_BYTES + 1]


def _own_claim(header_from: str, own: Collection[str]) -> str:
    mine = organisation(header_from) if header_from else ""
    return header_from if mine and mine in {organisation(each) for each in own} else ""
