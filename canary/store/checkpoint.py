"""The write-ahead log goes into the database beside the commits, never inside one."""

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from time import monotonic

from canary.store.connection import connect

log = logging.getLogger("canary.store")
PAUSE = 0.5
MOST_FRAMES = 16384
"""At so many pages (64 MB) the log is begun anew; that alone holds commits up, for what came meanwhile."""

PATIENCE = 0.05
"""How many seconds commits may be held up for a reader of the old log; then it is begun anew another time."""

MOST_ROUNDS = 5
SHORT = 0.01
"""Copying that took so few seconds has left little for the round that holds commits up."""


class Checkpointer:
    """A thread that copies what was committed into the database file every `PAUSE` seconds.

    SQLite would do it inside some commit or other, which then takes as long as writing and syncing some
    thousand pages. Whoever writes much holds `copying` meanwhile, so that the two take turns at the disk.
    """

    def __init__(self, path: Path) -> None:
        self.copying = threading.Lock()
        self._path = path
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Say that something was committed."""
        if not self._wanted.is_set():
            self._wanted.set()
            with self._lock:
                if self._thread is None and not self._closing.is_set():
                    self._thread = threading.Thread(target=self._run, name="store-checkpoint", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._wanted.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while self._wanted.wait() and not self._closing.wait(PAUSE):
            self._wanted.clear()
            with self.copying:
                self.copy()

    def copy(self) -> None:
        """Copy what was committed; whoever calls this holds `copying`."""
        try:
            with closing(connect(self._path, patience=PATIENCE, checkpoint_pages=0)) as db:
                checkpoint(db)
        except sqlite3.Error as error:
            log.warning("the write-ahead log could not be copied into the database: %s", error)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy the log into the database; begin the log anew if it is long.

    To begin it anew nobody may commit, so that little must be left to be copied by then.
    """
    if _frames(connection, "PASSIVE") > MOST_FRAMES:
        for _ in range(MOST_ROUNDS):
            started = monotonic()
            _frames(connection, "PASSIVE")
            if monotonic() - started < SHORT:
                break
        _frames(connection, "RESTART")


def _frames(connection: sqlite3.Connection, mode: str) -> int:
    """Run one checkpoint and return how many frames the log has."""
    (_busy, frames, _copied) = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return int(frames)
