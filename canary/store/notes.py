"""Small things that are remembered under a key, sealed."""

import sqlite3

from canary.store.codec import Codec


def read(db: sqlite3.Connection, codec: Codec, key: str) -> str | None:
    """Return what was noted under a key, None if nothing was."""
    row = db.execute("SELECT sealed FROM note WHERE key = ?", (key,)).fetchone()
    return codec.keyring.open(_place(key), row[0]).decode() if row else None


def write(db: sqlite3.Connection, codec: Codec, key: str, value: str) -> None:
    """Note a value under a key, in place of what was there."""
    sealed = codec.keyring.seal(_place(key), value.encode())
    db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (key, sealed))


def _place(key: str) -> bytes:
    return b"note:" + key.encode()
