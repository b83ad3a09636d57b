"""What the stages ask of the outside: Store, Channel, Clock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from canary.errors import CanaryError
from canary.model import (
    Access,
    Alert,
    AlertState,
    Attempts,
    BaseRate,
    Decoy,
    Hit,
    HitClass,
    Message,
    Notice,
    Placement,
    Planting,
    Probe,
    Verdict,
)


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the time now, aware, in UTC."""
        ...


def system_clock() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Minted:
    """A decoy and when the view opened that it was minted for."""

    opened: datetime
    decoy: Decoy


@dataclass(frozen=True, slots=True)
class Standing:
    """What an employee has been shown of a record so far.

    `views` are the times at which views opened, ascending; `minted` is in the order of the slots.
    """

    views: tuple[datetime, ...] = ()
    minted: tuple[Minted, ...] = ()


Pair = tuple[str, str]
"""An employee and a record."""


class Ledger(Protocol):
    """The record side of the store, inside one transaction that nobody else can write beside."""

    def standings(self, pairs: Iterable[Pair]) -> Mapping[Pair, Standing]:
        """Return what each employee has been shown of each record so far."""
        ...

    def duplicates(self, accesses: Mapping[str, Access]) -> Mapping[str, Planting]:
        """Return those of the accesses, by identity, that the ledger has already, as it has them.

        Asked after `standings` of their pairs.
        """
        ...

    def reserve(self, address: str) -> bool:
        """Claim an address for this transaction; False if it meets a decoy under its canonical form."""
        ...

    def remember(self, drafts: Sequence["Draft"]) -> Sequence[Planting]:
        """Write accesses, views, decoys and exposures; return them with their identifiers."""
        ...

    def add_controls(self, decoys: Sequence[Decoy]) -> Sequence[Decoy]:
        """Write decoys that nobody is ever shown."""
        ...

    def controls(self) -> int:
        """Return how many controls there are."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """An access as it is about to be remembered.

    `identity` is the access's own; `view_opened` is when its view opened (the access's own time for a
    new view); `decoys` are those that it shows, the ones without an `id` being new.
    """

    access: Access
    identity: str
    view_opened: datetime
    decoys: tuple[Decoy, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on one decoy, about to be kept with the message or probe that hit it."""

    decoy: Decoy
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Attributed:
    """A message or probe with what it hit, about to be kept."""

    arrival: Message | Probe
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a message or probe came to. `fresh` counts the hits that were not there before."""

    hit_ids: tuple[str, ...]
    fresh: int


@dataclass(frozen=True, slots=True)
class HitFilter:
    """Which hits to look at; None asks for all.

    `controls` includes the hits on controls, `selftests` those of our own tests.
    """

    employee: str | None = None
    record: str | None = None
    hit_class: HitClass | None = None
    since: datetime | None = None
    controls: bool = True
    limit: int | None = None
    selftests: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """How much is kept and how it is going."""

    accesses: int
    decoys: int
    controls: int
    hits: int
    control_hits: int
    strays: int
    messages: int
    alerts: Mapping[AlertState, int]
    oldest_owed: datetime | None
    last_mail: datetime | None
    last_selftest: datetime | None
    size_bytes: int
    schema: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A decoy that was found by address, with the accesses that showed it, first shown first."""

    decoy: Decoy
    accesses: tuple[Access, ...]


Attribute = Callable[[Message | Probe, Mapping[str, Sighting]], Attributed]
"""Says what a message or probe hit, by who was shown which of the decoys that it names."""


@dataclass(frozen=True, slots=True)
class Owing:
    """Which hits owe a word to which channels.

    Hits of one employee within `window` are one alert; hits below `min_confidence` owe none.
    """

    channels: tuple[str, ...] = ()
    window: timedelta = timedelta(minutes=5)
    min_confidence: float = 0.0


class Store(Protocol):
    """Everything that is remembered. Raises StoreError where it cannot be reached or written."""

    def planting(self) -> AbstractContextManager[Ledger]:
        """Open the record side for one transaction, committed when the block ends well."""
        ...

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown; if these are all of them, forget the others."""
        ...

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, under any form that a broker may give it."""
        ...

    def sightings(self, addresses: Iterable[str]) -> Mapping[str, Sighting]:
        """Return, for those of the addresses that are decoys', the decoy and who was shown it."""
        ...

    def keep(self, batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        """Commit messages and probes, their hits and the alerts owed for them, durably, before returning.

        All that can be kept is kept in one transaction; for each of the others the error is returned in its
        place. The same bytes from the same sender again are another delivery of the same hits. Raises
        StoreError where none could be kept.
        """
        ...

    def keep_at_once(self, arrivals: Sequence[Message | Probe], attribute: Attribute) -> Sequence[Kept]:
        """Look up whom they name, have each attributed, and commit them as `keep` does, in one transaction.

        Raises an error, nothing being kept, rather than wait for other threads and processes, and where one
        is too large for that or cannot be kept.
        """
        ...

    def count_attempts(self, attempts: Sequence[Attempts]) -> None:
        """Add to what client networks have tried in vain; the store bounds how much of it a day holds."""
        ...

    def attempts(self, since: datetime) -> Iterator[Attempts]:
        """Return what client networks have tried in vain, the busiest of each day first, newest day first."""
        ...

    def count_strays(self, day: datetime, count: int) -> None:
        """Add to the day's count of recipients that nobody has."""
        ...

    def base_rate(self) -> BaseRate:
        """Return what is known about noise."""
        ...

    def claim_alert(self, channel: str, now: datetime, lease: timedelta) -> Alert | None:
        """Take the alert that has been due longest, so that no other dispatcher takes it within the lease."""
        ...

    def settle_alert(self, alert_id: str, state: AlertState, *, due_at: datetime, error: str = "") -> None:
        """Note what became of an attempt to deliver an alert."""
        ...

    def next_due(self, channels: Collection[str]) -> datetime | None:
        """Return when the next alert is owed, None if none is."""
        ...

    def alerts(self, state: AlertState | None = None) -> Iterator[Alert]:
        """Return the alerts, newest first."""
        ...

    def retry_alerts(self, ids: Sequence[str], now: datetime) -> int:
        """Make parked and owed alerts due now (all of them without ids); return how many."""
        ...

    def hits(self, wanted: HitFilter) -> Iterator[Hit]:
        """Return the hits, newest first."""
        ...

    def hit(self, hit_id: str) -> Hit:
        """Return one hit. Raises NotFoundError."""
        ...

    def raw_message(self, message_id: str) -> bytes:
        """Return a message as it arrived. Raises NotFoundError."""
        ...

    def raw_chunks(self, message_id: str) -> Iterator[bytes]:
        """Give a message as it arrived, a piece at a time. Raises NotFoundError."""
        ...

    def access(self, access_id: str) -> Planting:
        """Return one access and the decoys that it showed. Raises NotFoundError."""
        ...

    def decoys(self, *, control: bool | None = None, selftest: bool = False) -> Iterator[Decoy]:
        """Return the decoys in the order in which they were minted; a self-test's only where asked for."""
        ...

    def note(self, key: str) -> str | None:
        """Return what was noted under a key, None if nothing was."""
        ...

    def set_note(self, key: str, value: str) -> None:
        """Note a value under a key, in place of what was there."""
        ...

    def status(self) -> Status:
        """Return counts and times."""
        ...

    def close(self) -> None:
        """Let go of files and threads; what was committed stays."""
        ...


class Channel(Protocol):
    """Somewhere an alert can go."""

    name: str

    async def deliver(self, alert: Alert) -> None:
        """Hand an alert over. Raises DeliveryDelayed to try again, DeliveryError to park it."""
        ...

    async def announce(self, notice: Notice) -> None:
        """Hand a notice over. Raises DeliveryDelayed to try again, DeliveryError where that is useless."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
