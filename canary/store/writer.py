"""Writes from many threads become few commits: one thread, one connection, one fsync for all that wait."""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary.errors import StoreError
from canary.store.connection import WRITE_CACHE_MB, connect, transaction, translated

log = logging.getLogger("canary.store")
MOST = 256
PATIENCE = 20.0

Write = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A write and whoever waits for it."""

    write: Write
    done: "Future[Any]"


class Writer:
    """Commits what is handed to it; a result is told only after the commit that holds it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, write: Write) -> Any:
        """Do a write and return its result once it is durable. Raises StoreError if it could not be kept."""
        done: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise StoreError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()
            self._jobs.put(Job(write, done))
        return done.result()

    def close(self) -> None:
        """Finish what was handed over, then let go of the connection."""
        with self._lock:
            thread, self._thread, self._closed = self._thread, None, True
            if thread is not None:
                self._jobs.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            batch, last = self._gather(first)
            self._commit(batch)
            if last:
                break
        self._drop()

    def _gather(self, first: Job) -> tuple[list[Job], bool]:
        batch = [first]
        while len(batch) < MOST:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _commit(self, batch: list[Job]) -> None:
        results: list[tuple[Job, Any, BaseException | None]] = []
        try:
            connection = self._connected()
            with transaction(connection, PATIENCE):
                results = [(job, *_attempt(connection, job.write)) for job in batch]
        except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits must be told
            log.error("nothing kept: %s", type(error).__name__)  # noqa: TRY400 - a traceback would show values
            self._drop()
            problem = translated(error) if isinstance(error, sqlite3.Error) else StoreError("no database")
            for job in batch:
                job.done.set_exception(problem)
            return
        for job, value, refusal in results:
            if refusal is None:
                job.done.set_result(value)
            else:
                job.done.set_exception(refusal)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, patience=0, cache_mb=WRITE_CACHE_MB)
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _attempt(connection: sqlite3.Connection, write: Write) -> tuple[Any, BaseException | None]:
    """Return a write's result, or what it raised, its own changes undone.

    Errors of the database itself end the whole commit instead: nothing of it can be trusted.
    """
    connection.execute("SAVEPOINT job")
    try:
        value = write(connection)
    except sqlite3.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - told to whoever waits, not swallowed
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return None, translated(error) if isinstance(error, sqlite3.Error) else error
    connection.execute("RELEASE job")
    return value, None
