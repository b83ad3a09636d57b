"""The clock, the store and the channels, as the stages see them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from canary.errors import CanaryError
from canary.model import (
    Alert,
    AlertState,
    ApiKey,
    Asked,
    Attempts,
    BaseRate,
    Decoy,
    Face,
    Hit,
    HitClass,
    Message,
    Notice,
    Origin,
    Placement,
    Planting,
    Probe,
    Tried,
)
from canary.ports.casework import Casework, Exposures
from canary.ports.finding import (
    Appraisal,
    Attribute,
    Attributed,
    FaceChange,
    HitFilter,
    Kept,
    Sighting,
    Status,
    Told,
)
from canary.ports.recording import Ledger, RecordStanding

Result = TypeVar("Result")


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the time now, aware, in UTC."""
        ...


def system_clock() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


class Store(Casework, Protocol):
    """Everything that is remembered. Raises StoreError where it cannot be reached or written."""

    def planting(self) -> AbstractContextManager[Ledger]:
        """Open the record side for one transaction, committed when the block ends well."""
        ...

    def plant(self, work: Callable[[Ledger], Result]) -> Result:
        """Do work on the record side together with what else is written now; durable when this returns.

        The work may be done more than once, what it did before being undone. Raises what it raised.
        """
        ...

    def known_access(self, beside: str, identity: str) -> bool:
        """Say whether an access of the same employee and record as another one is in the ledger."""
        ...

    def shared_decoys(self, record: str) -> RecordStanding:
        """Return the decoys that those who view a record share."""
        ...

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown; if these are all of them, forget the others."""
        ...

    def faces(self, decoy_ids: Collection[str]) -> Mapping[str, Face]:
        """Return how those of the decoys look that were seeded before."""
        ...

    def keep_faces(self, changes: Mapping[str, FaceChange]) -> Mapping[str, Face]:
        """Keep how decoys look, durably; one that was changed meanwhile stays. Return what is kept now."""
        ...

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, under any form that a broker may give it."""
        ...

    def sightings(self, addresses: Iterable[str]) -> Mapping[str, Sighting]:
        """Return, for those of the addresses that are decoys', the decoy and who was shown it."""
        ...

    def sighting(self, decoy_id: str, access_id: str) -> Sighting:
        """Return a decoy, with the access if that showed it. Raises NotFoundError without such a decoy."""
        ...

    def exposures(self) -> AbstractContextManager[Exposures]:
        """Open a look at who was shown what."""
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

    def unappraised(self, after: str, limit: int) -> Sequence[Hit]:
        """Return hits behind one ("": all) that were not appraised yet, in the order they were kept in."""
        ...

    def appraise(self, appraisals: Sequence[Appraisal], *, held: bool = False) -> Mapping[HitClass, int]:
        """Keep what was found out about hits, durably; let go or withhold the alerts owed for them.

        Returns how many hits of each class are withheld. What is appraised already stays as it is. `held`
        leaves to `join`, which comes next, what lets alerts go.
        """
        ...

    def origin(self, message_id: str) -> Origin | None:
        """Return who sent a message, None where it was not appraised."""
        ...

    def on_controls(self, limit: int) -> Mapping[str, Origin]:
        """Return who sent the newest messages that controls were sent, by message."""
        ...

    def tried(self, network: str, day: datetime) -> Attempts:
        """Return what a client network (an IPv4 /32 or an IPv6 /64) tried in vain on a day."""
        ...

    def count_attempts(self, attempts: Sequence[Attempts]) -> None:
        """Add to what client networks have tried in vain; the store bounds how much of it a day holds."""
        ...

    def attempts(self, since: datetime) -> Iterator[Attempts]:
        """Return what client networks have tried in vain, the busiest of each day first, newest day first."""
        ...

    def tried_recipients(self, since: datetime) -> Iterator[Tried]:
        """Return the recipients tried in vain that were kept, newest day first, the quietest network first.

        Those that were one edit from a live decoy are kept before others.
        """
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

    def settle_alert(
        self, alert_id: str, state: AlertState, *, due_at: datetime, error: str = "", told: Told | None = None
    ) -> None:
        """Note what became of an attempt to deliver an alert, and how it was `told` of an incident."""
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

    def add_api_key(self, key: ApiKey, check: Callable[[str], bytes]) -> ApiKey:
        """Keep a key, numbered; `check` returns, for its identifier, what the key is known by."""
        ...

    def api_key(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """Return a key and what it is known by, None if there is none."""
        ...

    def api_keys(self) -> Iterator[ApiKey]:
        """Return the keys, oldest first, revoked ones, too."""
        ...

    def revoke_api_key(self, key_id: str, now: datetime) -> ApiKey:
        """Note that a key is good for nothing from now on. Raises NotFoundError."""
        ...

    def remember_request(self, key_id: str, idempotency_key: str, digest: bytes, now: datetime) -> Asked:
        """Say whether a key made this request before; the first one is remembered for 24 hours, durably."""
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

    async def deliver(self, alert: Alert) -> str:
        """Hand an alert over; return what the channel calls it, so that others can follow it, "" for nothing.

        Raises DeliveryDelayed to try again, DeliveryError to park it.
        """
        ...

    async def announce(self, notice: Notice) -> None:
        """Hand a notice over. Raises DeliveryDelayed to try again, DeliveryError where that is useless."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
