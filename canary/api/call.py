"""One request on its way to its answer: who asks, what for, and what canary has to answer it with."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from canary.api.bodies import Decoder, Receive, decoded, whole_body
from canary.api.keys import Caller, Keys
from canary.api.problems import invalid, refusal
from canary.api.schema import AccessTold
from canary.model import Access, Asked
from canary.plant.live import LivePlanter
from canary.ports import Clock, system_clock
from canary.tallies import Tallies

T = TypeVar("T")
LONGEST_KEY: Final = 255
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class House:
    """What requests are answered with. `max_body` is in bytes, `draw` gives keyed bytes."""

    planter: LivePlanter
    keys: Keys
    draw: Callable[[bytes, bytes], bytes]
    max_body: int
    tallies: Tallies = field(default_factory=Tallies)
    clock: Clock = system_clock


@dataclass(slots=True)
class Call:
    """A request of a caller whose key is good for it. `query` is as it was sent."""

    house: House
    caller: Caller
    headers: Mapping[bytes, bytes]
    query: bytes
    receive: Receive

    async def body(self) -> bytes:
        """Return what was sent. Raises Refusal, Gone."""
        return await whole_body(self.receive, self.headers, self.house.max_body)

    def take(self, count: int) -> None:
        """Count what the caller named against its rate. Raises Refusal, nothing being counted."""
        self.caller.take(count)

    async def same_request(self, body: bytes) -> str:
        """Return what its accesses are known by where they do not say so themselves; "" without a key for it.

        See draft-ietf-httpapi-idempotency-key-header: the same key with another body is refused.
        """
        told = self.headers.get(b"idempotency-key")
        if told is None:
            return ""
        key = _idempotency_key(told)
        caller, house = self.caller.key.id, self.house
        digest = hashlib.sha256(body).digest()
        asked = await house.keys.remember(caller, key, digest)
        if asked is Asked.CONFLICT:
            raise refusal("key-reused", "send a new key with a new request")
        return hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()[:32]


def _idempotency_key(told: bytes) -> str:
    """Return the key of a header, a structured string or as it stands (RFC 8941 section 3.3.3)."""
    text = told.decode("latin-1").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 0 < len(text) <= LONGEST_KEY or not text.isascii() or not text.isprintable():
        raise invalid("Idempotency-Key", f"is not 1 to {LONGEST_KEY} printable ASCII characters")
    return text


def access_of(told: AccessTold, now: datetime, within: str = "", known_as: str = "") -> Access:
    """Return the access that was told, now where it does not say when. Raises Refusal.

    `within` is the field that it stands in; `known_as` identifies it where the caller does not.
    """
    return Access(
        told.employee,
        told.record,
        now if told.at is None else at_of(told.at, within),
        told.beneficiary or None,
        told.tool or None,
        told.session or None,
        told.client_ip or None,
        told.actor or None,
        told.source_id or known_as or None,
        "",
        told.actor_class,
        told.bare,
    )


def at_of(told: datetime, within: str = "") -> datetime:
    """Return a time in UTC. Raises Refusal for one before the year 2000."""
    try:
        at = told.astimezone(UTC)
    except OverflowError:
        at = None
    if at is None or at < EARLIEST:
        raise invalid(f"{within}at", "lies before the year 2000, or after the year 9999")
    return at


async def read(call: Call, decoder: Decoder[T]) -> tuple[T, bytes]:
    """Return what a request says, and its body. Raises Refusal, Gone."""
    body = await call.body()
    return decoded(decoder, body), body
