"""An address becomes a yes or no, in a process that can find decoys and open nothing."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from canary.errors import ConfigurationError
from canary.store.codec import Index, address_ix
from canary.store.connection import connect, reported, translated

QUERY = "SELECT 1 FROM decoy WHERE address_ix = ?"
MOST_REMEMBERED = 16384


class Lookup:
    """Says who is live, from a database that it cannot write. One thread at a time."""

    def __init__(self, path: Path, index: Index) -> None:
        self._path = path
        self._index = index
        self._connection: sqlite3.Connection | None = None
        self._live: set[bytes] = set()

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, under any form that a broker may give it. Raises StoreError.

        Who is live stays so for ever, and need not be asked for twice.
        """
        wanted = address_ix(self._index, address)
        if wanted in self._live:
            return True
        try:
            found = self._connected().execute(QUERY, (wanted,)).fetchone() is not None
        except sqlite3.DatabaseError as error:
            self.close()
            raise translated(error) from error
        if found:
            if len(self._live) >= MOST_REMEMBERED:
                self._live.clear()
            self._live.add(wanted)
        return found

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, mode="ro")
        return self._connection


def open_lookup(path: Path, index: Index) -> Lookup:
    """Open a look at the database for one thread, usually of a process that has no other key.

    Raises ConfigurationError if there is none, StoreError if it cannot be read. Nothing is migrated: whoever
    writes has done that.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"no database at {path}", hint="run `canary init`, or point store.url at the database"
        )
    lookup = Lookup(path, index)
    with reported():
        lookup._connected().execute(QUERY, (b"",)).fetchone()  # noqa: SLF001 - its own maker
    return lookup
