"""The store on an embedded SQLite file: the port's verbs over one writer and a reader per thread."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from canary.errors import KeyringError
from canary.keyring import Keyring
from canary.model import Alert, AlertState, BaseRate, Decoy, Hit, Message, Placement, Planting, Probe
from canary.ports import (
    Clock,
    Finding,
    HitFilter,
    Kept,
    Ledger,
    Owing,
    Sighting,
    Status,
    system_clock,
)
from canary.store import outbox
from canary.store.codec import Codec
from canary.store.connection import (
    WRITE_CACHE_MB,
    connect,
    create,
    migrate,
    reported,
    transaction,
    translated,
)
from canary.store.keeping import Keeper, tally
from canary.store.ledger import SqliteLedger
from canary.store.reading import Reader
from canary.store.writer import Writer


class SqliteStore:
    """The embedded store. Open it with `open_store`; close it when done."""

    def __init__(self, path: Path, keyring: Keyring, owing: Owing, clock: Clock) -> None:
        self._path = path
        self._codec = Codec(keyring)
        self._owing = owing
        self._clock = clock
        self._writer = Writer(path)
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

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown; if these are all of them, forget the others."""
        self._writer.submit(
            lambda db: SqliteLedger(db, self._codec).place(access_id, placements, all_of_them=all_of_them)
        )

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, under any form that a broker may give it."""
        try:
            return self._reader().is_live(address)
        except sqlite3.DatabaseError as error:
            raise translated(error) from error

    def sightings(self, addresses: Iterable[str]) -> Mapping[str, Sighting]:
        """Return, for those of the addresses that are decoys', the decoy and who was shown it."""
        with self._reading() as reader:
            return reader.sightings(addresses)

    def keep_message(self, message: Message, findings: Sequence[Finding]) -> Kept:
        """Commit a message, its hits and the alerts owed for them, durably, before returning."""
        kept: Kept = self._writer.submit(lambda db: self._keeper(db).message(message, findings))
        return kept

    def keep_probe(self, probe: Probe, findings: Sequence[Finding]) -> Kept:
        """Commit a probe, its hits and the alerts owed for them, durably, before returning."""
        kept: Kept = self._writer.submit(lambda db: self._keeper(db).probe(probe, findings))
        return kept

    def count_strays(self, day: datetime, count: int) -> None:
        """Add to the day's count of recipients that nobody has."""
        self._writer.submit(lambda db: tally(db, day, "stray", count))

    def base_rate(self) -> BaseRate:
        """Return what is known about noise."""
        with self._reading() as reader:
            return reader.base_rate()

    def claim_alert(self, channel: str, now: datetime, lease: timedelta) -> Alert | None:
        """Take the alert that has been due longest, so that no other dispatcher takes it within the lease."""
        number: int | None = self._writer.submit(lambda db: outbox.claim(db, channel, now, lease))
        if number is None:
            return None
        with self._reading() as reader:
            return reader.alert(number)

    def settle_alert(self, alert_id: str, state: AlertState, *, due_at: datetime, error: str = "") -> None:
        """Note what became of an attempt to deliver an alert."""
        self._writer.submit(lambda db: outbox.settle(db, self._codec, alert_id, state, due_at, error))

    def next_due(self, channels: Collection[str]) -> datetime | None:
        """Return when the next alert is owed, None if none is."""
        with self._reading() as reader:
            return outbox.next_due(reader.db, channels)

    def alerts(self, state: AlertState | None = None) -> Iterator[Alert]:
        """Return the alerts, newest first."""
        with self._reading() as reader:
            yield from reader.alerts(state)

    def retry_alerts(self, ids: Sequence[str], now: datetime) -> int:
        """Make parked and owed alerts due now (all of them without ids); return how many."""
        count: int = self._writer.submit(lambda db: outbox.retry(db, ids, now))
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
        with self._reading() as reader:
            return reader.raw_message(message_id)

    def access(self, access_id: str) -> Planting:
        """Return one access and the decoys that it showed. Raises NotFoundError."""
        with self._reading() as reader:
            return reader.access(access_id)

    def decoys(self, *, control: bool | None = None) -> Iterator[Decoy]:
        """Return the decoys in the order in which they were minted."""
        with self._reading() as reader:
            yield from reader.decoys(control)

    def status(self) -> Status:
        """Return counts and times."""
        with self._reading() as reader:
            return reader.status()

    def close(self) -> None:
        """Finish what was handed over and let go of files and threads; what was committed stays."""
        self._writer.close()
        with self._lock:
            connections = [*self._readers, *([self._planting] if self._planting else [])]
            self._readers.clear()
            self._planting = None
            self._local = threading.local()
        for connection in connections:
            connection.close()

    def _keeper(self, db: sqlite3.Connection) -> Keeper:
        return Keeper(db, self._codec, self._owing, self._clock())

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        with reported():
            yield self._reader()

    def _reader(self) -> Reader:
        """Return the calling thread's reader."""
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            connection = connect(self._path)
            reader = self._local.reader = Reader(connection, self._codec)
            with self._lock:
                self._readers.append(connection)
        return reader


def create_store(path: Path, keyring: Keyring) -> None:
    """Make a database for this keyring, or bring the one at `path` to today's schema."""
    create(path)
    with reported():
        connection = connect(path)
        try:
            with transaction(connection):
                connection.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('keyring', ?)", (keyring.fingerprint.encode(),)
                )
            _check_keyring(connection, keyring, path)
        finally:
            connection.close()


def open_store(
    path: Path, keyring: Keyring, *, owing: Owing | None = None, clock: Clock = system_clock
) -> SqliteStore:
    """Open the database at `path`.

    Raises ConfigurationError if there is none, SchemaError if a newer version wrote it, KeyringError if
    it belongs to other keys.
    """
    migrate(path)
    with reported():
        connection = connect(path)
        try:
            _check_keyring(connection, keyring, path)
        finally:
            connection.close()
    return SqliteStore(path, keyring, owing or Owing(), clock)


def _check_keyring(connection: sqlite3.Connection, keyring: Keyring, path: Path) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'keyring'").fetchone()
    if row is None or bytes(row[0]) != keyring.fingerprint.encode():
        raise KeyringError(
            f"the keys are not those of {path}: nothing in it could be found or opened",
            hint="point keyring.file at the keys that `canary init` made with this database",
        )
