"""Writes from many threads become few commits: whoever comes first commits for all that wait."""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from canary.errors import CanaryError, StoreError
from canary.store.checkpoint import Checkpointer
from canary.store.connection import WRITE_CACHE_MB, connect, transaction, translated

log = logging.getLogger("canary.store")
MOST = 256
LONGEST_BREATH = 0.1
COPY_EVERY = 4
PATIENCE = 20.0
"""How many seconds mail waits for another process that writes, before its sender is told to try again."""

BUSY = "the database is being written by somebody else"
Write = Callable[[sqlite3.Connection], Any]


def _nothing() -> None:
    """Do nothing."""


class Job:
    """A write and what came of it. It may be done more than once: what it did before was undone."""

    __slots__ = ("done", "refusal", "value", "write")

    def __init__(self, write: Write) -> None:
        self.write = write
        self.done = False
        self.value: Any = None
        self.refusal: BaseException | None = None

    def settle(self, value: Any, refusal: BaseException | None = None) -> None:
        """Note what came of it."""
        self.value, self.refusal, self.done = value, refusal, True


class Writer:
    """Commits what is handed to it; a result is told only after the commit that holds it is on the disk.

    Nothing is handed to another thread: of those who wait, the first does the work of all. `undone` is
    called whenever a transaction did not come to its end, `read_only` when the database could not be
    written: SQLite goes on taking it for that until this process has no connection to it.
    """

    def __init__(
        self,
        path: Path,
        undone: Callable[[], None] = _nothing,
        read_only: Callable[[], None] = _nothing,
        patience: float | None = None,
    ) -> None:
        self._path = path
        self._undone = undone
        self._read_only = read_only
        self._patience = PATIENCE if patience is None else patience
        self._jobs: deque[Job] = deque()
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._checkpointer = Checkpointer(path)
        self._closed = False
        self._large = 0

    def submit(self, write: Write) -> Any:
        """Do a write and return its result once it is durable.

        Raises StoreError where the database could not be written, else whatever the write raised.
        """
        job = Job(write)
        self._jobs.append(job)
        with self._turn:
            while not job.done:
                self._commit(self._gather())
        if job.refusal is not None:
            raise job.refusal
        return job.value

    def submit_at_once(self, write: Write) -> Any:
        """Do a write as `submit` does, if that needs no waiting for somebody else's.

        Raises StoreError where another thread or process writes now, nothing being done.
        """
        job = Job(write)
        if not self._turn.acquire(blocking=False):
            raise StoreError(BUSY)
        try:
            self._commit([job], patience=0)
        finally:
            self._turn.release()
        if job.refusal is not None:
            raise job.refusal
        return job.value

    def submit_large(self, write: Write) -> Any:
        """Do a write of a hundred kilobytes or so as `submit` does, and leave the disk to others for as long.

        Not while the log is copied into the database: both at once would hold up everybody's commits. After
        every few it is copied at once, since that holds them up less than much of it later.
        """
        with self._checkpointer.copying:
            started = monotonic()
            value = self.submit(write)
            self._large += 1
            if self._large % COPY_EVERY == 0:
                self._checkpointer.copy()
        sleep(min(monotonic() - started, LONGEST_BREATH))
        return value

    def close(self) -> None:
        """Finish what was handed over, then let go of the connection."""
        with self._turn:
            while self._jobs:
                self._commit(self._gather())
            self._closed = True
            self._drop()
        self._checkpointer.close()

    def _gather(self) -> list[Job]:
        return [self._jobs.popleft() for _ in range(min(len(self._jobs), MOST))]

    def _commit(self, batch: list[Job], patience: float | None = None) -> None:
        """Do the writes of a batch in one transaction; every one of them is settled afterwards."""
        patience = self._patience if patience is None else patience
        try:
            self._write(batch, patience)
        except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits must be told
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if patience or code != sqlite3.SQLITE_BUSY:
                self._drop()
            if code == sqlite3.SQLITE_READONLY:
                self._read_only()
            problem = _problem(error)
            for job in batch:
                job.settle(None, problem)
        finally:
            for job in batch:
                if not job.done:
                    job.settle(None, StoreError("the write was broken off"))

    def _write(self, batch: list[Job], patience: float) -> None:
        connection = self._connected()
        results: list[tuple[Any, BaseException | None]]
        try:
            with transaction(connection, patience):
                results = [(job.write(connection), None) for job in batch]
        except sqlite3.OperationalError:
            self._undone()
            raise
        except Exception:  # noqa: BLE001 - one of them is refused: each by itself then, so that we know which
            self._undone()
            with transaction(connection, patience):
                results = [self._attempt(connection, job.write) for job in batch]
        for job, (value, refusal) in zip(batch, results, strict=True):
            job.settle(value, refusal)
        self._checkpointer.committed()

    def _attempt(self, connection: sqlite3.Connection, write: Write) -> tuple[Any, BaseException | None]:
        """Return a write's result, or what it raised, its own changes undone.

        Errors of the database itself end the whole commit instead: nothing of it can be trusted.
        """
        connection.execute("SAVEPOINT job")
        try:
            value = write(connection)
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - told to whoever waits, not swallowed
            self._undone()
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            return None, error
        connection.execute("RELEASE job")
        return value, None

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the database is closed")
        if self._connection is None:
            self._connection = connect(self._path, patience=0, cache_mb=WRITE_CACHE_MB, checkpoint_pages=0)
        return self._connection

    def _drop(self) -> None:
        """Let go of the connection, and of all that was remembered of what stands in the database."""
        connection, self._connection = self._connection, None
        self._undone()
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _problem(error: Exception) -> CanaryError:
    """Return what those who wait are told; it is theirs to complain of."""
    if isinstance(error, sqlite3.Error):
        return translated(error)
    if isinstance(error, StoreError):
        return error
    log.error("nothing kept: %s", type(error).__name__)
    return StoreError("the database cannot be used now", hint="look into the log")
