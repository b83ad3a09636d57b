"""The store on an embedded SQLite file: the port's verbs over one writer and a reader per thread."""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from canary.errors import CanaryError
from canary.keyring import Keyring
from canary.model import (
    Alert,
    AlertState,
    BaseRate,
    Decoy,
    Hit,
    Message,
    Placement,
    Planting,
    Probe,
)
from canary.ports import (
    Attribute,
    Attributed,
    Clock,
    Exposures,
    HitFilter,
    Kept,
    Ledger,
    Owing,
    RecordStanding,
    Result,
    Sighting,
    Status,
    Told,
)
from canary.store import notes, outbox, telling
from canary.store.applications import Applications
from canary.store.appraisals import Appraisals
from canary.store.casework import Casework
from canary.store.codec import Codec, row_id
from canary.store.connection import (
    WRITE_CACHE_MB,
    connect,
    reported,
    transaction,
    translated,
)
from canary.store.exposures import SqliteExposures
from canary.store.intake import Intake
from canary.store.keeping import Keeper
from canary.store.ledger import SqliteLedger
from canary.store.noise import pulse, tally
from canary.store.pieces import raw_chunks
from canary.store.reading import Reader
from canary.store.sighting import Sightings
from canary.store.standings import records
from canary.store.tries import Tries
from canary.store.writer import Write, Writer


class SqliteStore(Applications, Appraisals, Casework, Tries):
    """The embedded store. Open it with `open_store`; close it when done."""

    def __init__(
        self, path: Path, keyring: Keyring, owing: Owing, clock: Clock, patience: float | None = None
    ) -> None:
        self._path = path
        self._codec = Codec(keyring)
        self._clock = clock
        self._owing = owing
        self._keeper = Keeper(self._codec, owing)
        self._writer = Writer(path, self._keeper.forget, self._part_all, patience)
        self._intake = Intake(self._codec, self._writer, self._keeper, lambda: self._reader().db)
        self._sightings = Sightings(self._codec)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._planting_lock = threading.Lock()
        self._planting: sqlite3.Connection | None = None

    @contextmanager
    def planting(self) -> Iterator[Ledger]:
        """Open the record side for one transaction, committed when the block ends well."""
        with self._planting_lock, reported():
            if self._planting is None:
                self._planting = connect(self._path, patience=0, cache_mb=WRITE_CACHE_MB)
            try:
                with transaction(self._planting):
                    yield SqliteLedger(self._planting, self._codec)
            except sqlite3.Error:
                broken, self._planting = self._planting, None
                broken.close()
                raise

    def plant(self, work: Callable[[Ledger], Result]) -> Result:
        """Do work on the record side together with what else is written now; durable when this returns."""

        def write(db: sqlite3.Connection) -> Result:
            self._keeper.forget()  # it tells others' commits by the database's version, which ours leaves
            return work(SqliteLedger(db, self._codec))

        result: Result = self._write(write)
        return result

    def known_access(self, beside: str, identity: str) -> bool:
        """Say whether an access of the same employee and record as another one is in the ledger."""
        with self._reading() as reader:
            return reader.knows(beside, identity)

    def shared_decoys(self, record: str) -> RecordStanding:
        """Return the decoys that those who view a record share."""
        with self._reading() as reader:
            return records(reader.db, self._codec, [record])[record]

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown; if these are all of them, forget the others."""

        def write(db: sqlite3.Connection) -> None:
            self._keeper.forget()
            SqliteLedger(db, self._codec).place(access_id, placements, all_of_them=all_of_them)

        self._write(write)

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, under any form that a broker may give it."""
        try:
            return self._reader().is_live(address)
        except sqlite3.DatabaseError as error:
            self._part()
            raise translated(error) from error

    def sightings(self, addresses: Iterable[str]) -> Mapping[str, Sighting]:
        """Return, for those of the addresses that are decoys', the decoy and who was shown it."""
        try:
            return self._sightings.find(self._reader().db, addresses)
        except sqlite3.DatabaseError as error:
            self._part()
            raise translated(error) from error

    def sighting(self, decoy_id: str, access_id: str) -> Sighting:
        """Return a decoy, with the access if that showed it. Raises NotFoundError without such a decoy."""
        with self._reading() as reader:
            return reader.sighting(decoy_id, access_id)

    @contextmanager
    def exposures(self) -> Iterator[Exposures]:
        """Open a look at who was shown what, for one thread."""
        with self._reading() as reader:
            yield SqliteExposures(reader.db, self._codec)

    def keep(self, batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        """Commit messages and probes, their hits and the alerts owed for them, durably, before returning.

        All of them in one transaction; if one is refused, each by itself. The bytes of large ones are written
        before that, piece by piece, so that what other threads keep comes in between.
        """
        return self._intake.keep(batch, self._clock())

    def keep_at_once(self, arrivals: Sequence[Message | Probe], attribute: Attribute) -> Sequence[Kept]:
        """Look up, have attributed and commit what arrived, in one transaction, waiting for nobody else."""
        return self._intake.keep_at_once(arrivals, attribute, self._clock())

    def count_strays(self, day: datetime, count: int) -> None:
        """Add to the day's count of recipients that nobody has."""
        self._write(lambda db: tally(db, day, "stray", count))

    def base_rate(self) -> BaseRate:
        """Return what is known about noise."""
        try:
            return pulse(self._reader().db).rate
        except sqlite3.DatabaseError as error:
            self._part()
            raise translated(error) from error

    def claim_alert(self, channel: str, now: datetime, lease: timedelta) -> Alert | None:
        """Take the alert that has been due longest, so that no other dispatcher takes it within the lease."""
        number: int | None = self._outbox(lambda db: outbox.claim(db, channel, now, lease))
        if number is None:
            return None
        with self._reading() as reader:
            return replace(reader.alert(number), case=telling.case_of(reader, number, channel))

    def settle_alert(
        self, alert_id: str, state: AlertState, *, due_at: datetime, error: str = "", told: Told | None = None
    ) -> None:
        """Note what became of an attempt to deliver an alert, and how it was told of an incident."""
        self._outbox(lambda db: outbox.settle(db, self._codec, alert_id, state, due_at, error, told))

    def next_due(self, channels: Collection[str]) -> datetime | None:
        """Return when the next alert is owed, None if none is."""
        with self._reading() as reader:
            return outbox.next_due(reader.db, channels)

    def alerts(self, state: AlertState | None = None) -> Iterator[Alert]:
        """Return the alerts, newest first."""
        with self._reading() as reader:
            for each in reader.alerts(state):
                yield replace(each, case=telling.case_of(reader, row_id("alr", each.id), each.channel))

    def retry_alerts(self, ids: Sequence[str], now: datetime) -> int:
        """Make parked and owed alerts due now (all of them without ids); return how many."""
        count: int = self._outbox(lambda db: outbox.retry(db, ids, now))
        return count

    def hits(self, wanted: HitFilter) -> Iterator[Hit]:
        """Return the hits, newest first."""
        with self._reading() as reader:
            yield from reader.hits(wanted)

    def hit(self, hit_id: str) -> Hit:
        """Return one hit. Raises NotFoundError."""
        with self._reading() as reader:
            return reader.hit(hit_id)

    def raw_message(self, message_id: str) -> bytes:
        """Return a message as it arrived. Raises NotFoundError."""
        return b"".join(self.raw_chunks(message_id))

    def raw_chunks(self, message_id: str) -> Iterator[bytes]:
        """Give a message as it arrived, a piece at a time. Raises NotFoundError."""
        with self._reading() as reader:
            yield from raw_chunks(reader.db, self._codec, message_id)

    def access(self, access_id: str) -> Planting:
        """Return one access and the decoys that it showed. Raises NotFoundError."""
        with self._reading() as reader:
            return reader.access(access_id)

    def decoys(self, *, control: bool | None = None, selftest: bool = False) -> Iterator[Decoy]:
        """Return the decoys in the order in which they were minted; a self-test's only where asked for."""
        with self._reading() as reader:
            yield from reader.decoys(control, selftest=selftest)

    def note(self, key: str) -> str | None:
        """Return what was noted under a key, None if nothing was."""
        with self._reading() as reader:
            return notes.read(reader.db, self._codec, key)

    def set_note(self, key: str, value: str) -> None:
        """Note a value under a key, in place of what was there."""
        self._write(lambda db: notes.write(db, self._codec, key, value))

    def status(self) -> Status:
        """Return counts and times."""
        with self._reading() as reader:
            return reader.status()

    def close(self) -> None:
        """Finish what was handed over and let go of files and threads; what was committed stays."""
        self._writer.close()
        self._part_all()

    def _write(self, write: Write) -> Any:
        with reported():
            return self._writer.submit(write)

    def _outbox(self, write: Write) -> Any:
        """Do a write to the outbox, of which the keeper remembers nothing then."""

        def unremembered(db: sqlite3.Connection) -> Any:
            self._keeper.forget_alerts()
            return write(db)

        return self._write(unremembered)

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        with reported():
            try:
                yield self._reader()
            except sqlite3.OperationalError:
                self._part()
                raise

    def _reader(self) -> Reader:
        """Return the calling thread's reader."""
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            connection = connect(self._path)
            reader = self._local.reader = Reader(connection, self._codec)
            with self._lock:
                self._readers.append(connection)
        return reader

    def _part_all(self) -> None:
        """Let go of all connections but the writer's; who reads meanwhile meets an error."""
        with self._lock:
            connections, self._readers = self._readers, []
            self._local = threading.local()
        if self._planting_lock.acquire(blocking=False):
            connections += [self._planting] if self._planting else []
            self._planting = None
            self._planting_lock.release()
        for connection in connections:
            with suppress(sqlite3.Error):
                connection.close()

    def _part(self) -> None:
        """Let go of the calling thread's reader: it met an error, and the next one begins anew."""
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is not None:
            del self._local.reader
            with self._lock, suppress(ValueError):
                self._readers.remove(reader.db)
            with suppress(sqlite3.Error):
                reader.db.close()
