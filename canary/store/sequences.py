"""Row numbers are set aside, and the repeated looks that were answered under them written down."""

import sqlite3
from collections.abc import Sequence

from canary.ports import Look
from canary.store.codec import Codec, micros, row_id

ACCESS = "access"
AGAIN = (
    "INSERT OR IGNORE INTO access (id, view_id, first_view_id, at, source_ix, sealed) "
    "SELECT ?, view_id, first_view_id, ?, ?, ? FROM access WHERE id = ?"
)


def next_access(db: sqlite3.Connection) -> int:
    """Return the first number that no access has or will be given; inside a transaction that may write."""
    (highest,) = db.execute("SELECT max(id) FROM access").fetchone()
    return max((highest or 0) + 1, _next(db))


def reserve(db: sqlite3.Connection, count: int) -> range:
    """Set numbers of accesses aside, durably once this transaction is."""
    first = next_access(db)
    db.execute(
        "INSERT INTO sequence VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET next = excluded.next, open = open + excluded.open",
        (ACCESS, first + count, count),
    )
    return range(first, first + count)


def accesses(db: sqlite3.Connection) -> int:
    """Return how many accesses there are: numbers count from 1, and those set aside are not all written."""
    row = db.execute("SELECT open FROM sequence WHERE name = ?", (ACCESS,)).fetchone()
    return next_access(db) - 1 - (row[0] if row else 0)


def look_again(db: sqlite3.Connection, codec: Codec, looks: Sequence[Look]) -> None:
    """Write repeated looks down beside an access of their view.

    Where two processes have answered the same access at the same time, the second answer is an access of its
    own: what was told under its number must be found. The ledger is marked as changed, since these numbers
    may be lower than the highest.
    """
    rows = [_row(codec, look, codec.source_ix(look.identity)) for look in looks]
    written = db.executemany(AGAIN, rows).rowcount
    numbers = {row[0] for row in rows}
    if written < len(rows):
        written += _told_twice(db, codec, looks)
        numbers = {number for number in numbers if _there(db, number)}
    db.executemany(
        "INSERT INTO exposure (decoy_id, access_id) VALUES (?, ?)",
        [
            (row_id("dec", decoy.id), row[0])
            for look, row in zip(looks, rows, strict=True)
            if row[0] in numbers
            for decoy in look.decoys
        ],
    )
    db.execute("UPDATE sequence SET open = open - ? WHERE name = ?", (written, ACCESS))
    db.execute("UPDATE noise SET withdrawn = withdrawn + 1")


def _told_twice(db: sqlite3.Connection, codec: Codec, looks: Sequence[Look]) -> int:
    """Write those that met the same access under another number; return how many."""
    missing = [look for look in looks if not _there(db, row_id("acc", look.access.id))]
    rows = [_row(codec, look, codec.source_ix(f"{look.identity}\0{look.access.id}")) for look in missing]
    return db.executemany(AGAIN, rows).rowcount if rows else 0


def _row(codec: Codec, look: Look, source_ix: bytes) -> tuple[int, int, bytes, bytes, int]:
    number = row_id("acc", look.access.id)
    sealed = codec.seal_access(number, look.access)
    return (number, micros(look.access.at), source_ix, sealed, row_id("acc", look.first))


def _there(db: sqlite3.Connection, number: int) -> bool:
    return db.execute("SELECT 1 FROM access WHERE id = ?", (number,)).fetchone() is not None


def _next(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT next FROM sequence WHERE name = ?", (ACCESS,)).fetchone()
    return int(row[0]) if row else 1
