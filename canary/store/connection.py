"""A path becomes a connection: durable, checked, and never waiting longer than it should."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database

from canary.errors import ConfigurationError, SchemaError, StoreError
from canary.store.schema import APPLICATION_ID, migrations

BEGIN_PATIENCE = 30.0
BEGIN_POLL = 0.001
READ_PATIENCE = 5.0
READ_CACHE_MB = 8
WRITE_CACHE_MB = 64
CHECKPOINT_PAGES = 8192


def create(path: Path) -> None:
    """Make the database file, readable by its owner alone, and bring it to today's schema.

    A file that is there is not opened: closing it again would drop the locks that SQLite has on it in this
    process (POSIX fcntl).
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the database at {path}: {error.strerror}", hint="check store.url and the directory"
        ) from None
    migrate(path)


def migrate(path: Path) -> None:
    """Bring an existing database to today's schema; one process at a time.

    Raises ConfigurationError if there is none, SchemaError if it is a newer version's or not ours.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"no database at {path}", hint="run `canary init`, or point store.url at the database"
        )
    with reported(), _alone(path):
        connection = connect(path)
        try:
            _check_origin(connection, path)
            database = Database(connection, execute_plugins=False)
            applied = {migration.name for migration in migrations.applied(database)}
            known = {migration.name for migration in migrations._migrations}  # noqa: SLF001 - no public list
            if applied - known:
                raise SchemaError(
                    f"{path} was written by a newer canary (it has {', '.join(sorted(applied - known))})",
                    hint="upgrade canary on this host; an older version must not write to it",
                )
            if known - applied:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                migrations.apply(database)
        finally:
            connection.close()


def connect(
    path: Path,
    *,
    patience: float = READ_PATIENCE,
    cache_mb: int = READ_CACHE_MB,
    checkpoint_pages: int = CHECKPOINT_PAGES,
    mode: str = "rw",
) -> sqlite3.Connection:
    """Open a connection for one thread at a time; any thread may close it when that one is done with it.

    `patience` is how many seconds it waits for a lock once it is open, `cache_mb` the most memory that its
    pages take, `checkpoint_pages` after how many a commit copies the log into the database (0: somebody
    else does). A commit is on the disk when it returns (synchronous = FULL).
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=READ_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{cache_mb * 1024}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
    connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def begin(connection: sqlite3.Connection, patience: float = BEGIN_PATIENCE) -> None:
    """Begin a transaction that may write, waiting for another writer up to `patience` seconds.

    Polls every millisecond: SQLite's own waiting grows to 100 ms a step, so that a mail would
    starve behind an import that leaves the lock for a moment only.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BEGIN_POLL)
        else:
            return


@contextmanager
def transaction(connection: sqlite3.Connection, patience: float = BEGIN_PATIENCE) -> Iterator[None]:
    """Commit what the block wrote, or undo it if the block raises."""
    begin(connection, patience)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def reported() -> Iterator[None]:
    """Turn SQLite's errors into StoreError, and a file that is no database into SchemaError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise translated(error) from error
    except OSError as error:
        raise StoreError(f"the database cannot be reached: {error.strerror}") from error


def translated(error: sqlite3.Error) -> StoreError | SchemaError:
    """Return the error of ours that an error of SQLite's means."""
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
        return SchemaError("the file at store.url is not a canary database", hint="check store.url")
    return StoreError(
        f"the database cannot be used now: {error}",
        hint="check space, permissions and other processes; try again",
    )


def _check_origin(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise SchemaError(f"{path} is not a canary database", hint="check store.url")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock file beside the database: several processes migrating at once would fail."""
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    deadline = time.monotonic() + BEGIN_PATIENCE
    try:
        while not _locked(handle):
            if time.monotonic() > deadline:
                raise StoreError(
                    f"another process has been opening {path} for too long",
                    hint="see what holds it, end that, and try again",
                )
            time.sleep(BEGIN_POLL)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
