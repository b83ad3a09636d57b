"""Large bodies become sealed pieces in transactions of their own, and pieces bytes again."""

import secrets
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

from canary.errors import KeyringError, NotFoundError
from canary.model import Body
from canary.store.bodies import MESSAGE
from canary.store.codec import Codec, micros, row_id

WHOLE_BYTES = 256 * 1024
"""What is larger is kept in pieces: a row is written, and read, in one go."""

PIECE_BYTES = 128 * 1024
"""What is written at once: whoever has a small message waits for one piece at most."""

ORPHAN_AGE = timedelta(days=1)
BODY_BITS = 62


def chunks_of(raw: bytes | Body) -> Iterator[bytes]:
    """Give a message's bytes, a piece at a time."""
    if isinstance(raw, bytes):
        yield from (raw[at : at + PIECE_BYTES] for at in range(0, len(raw), PIECE_BYTES))
    else:
        yield from raw.chunks()


def piece_count(size: int) -> int:
    """Return how many pieces so many bytes are."""
    return -(-size // PIECE_BYTES)


def new_body() -> int:
    """Return the number of a body that nobody has had, so that no old piece of another ever fits."""
    return secrets.randbits(BODY_BITS) + 1


def pieces_of(raw: bytes | Body) -> Iterator[bytearray]:
    """Cut a message's bytes anew, all pieces but the last of one size. Whoever gets one may clear it."""
    held = bytearray()
    for chunk in chunks_of(raw):
        rest = memoryview(chunk)
        while rest:
            taken = rest[: PIECE_BYTES - len(held)]
            held += taken
            rest = rest[len(taken) :]
            if len(held) == PIECE_BYTES:
                yield held
                held = bytearray()
    if held:
        yield held


def sealed_piece(codec: Codec, body: int, number: int, size: int, piece: bytes | bytearray) -> bytes:
    """Seal a piece, bound to its body of so many bytes, its number, and how many pieces there are."""
    return codec.keyring.seal(_place(body, number, piece_count(size)), piece)


def write_piece(db: sqlite3.Connection, body: int, number: int, sealed: bytes, at: datetime) -> None:
    """Write a piece; with the first one the body begins, which is an orphan until a message takes it.

    Written into its place: SQLite would copy a bound value twice.
    """
    if number == 0:
        db.execute("INSERT INTO body VALUES (?, ?, NULL)", (body, micros(at)))
    (row,) = db.execute(
        "INSERT INTO piece VALUES (?, ?, zeroblob(?)) RETURNING rowid", (body, number, len(sealed))
    ).fetchone()
    with db.blobopen("piece", "sealed", row) as blob:
        blob.write(sealed)


def remove_orphan(db: sqlite3.Connection, *, before: datetime) -> bool:
    """Remove one body that no message took and that was begun before a time; False if there is none."""
    row = db.execute(
        "SELECT id FROM body WHERE message_id IS NULL AND begun_at < ? LIMIT 1", (micros(before),)
    ).fetchone()
    if row is None:
        return False
    remove(db, row[0])
    return True


def remove(db: sqlite3.Connection, body: int) -> None:
    """Remove a body that no message has."""
    db.execute("DELETE FROM piece WHERE body_id = ?", (body,))
    db.execute("DELETE FROM body WHERE id = ? AND message_id IS NULL", (body,))


def raw_chunks(db: sqlite3.Connection, codec: Codec, message_id: str) -> Iterator[bytes]:
    """Give a message as it arrived, a piece at a time. Raises NotFoundError."""
    number = row_id("msg", message_id)
    row = db.execute(
        "SELECT m.sealed, r.sealed FROM message m LEFT JOIN raw r ON r.message_id = m.id WHERE m.id = ?",
        (number,),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"there is no message {message_id}", hint="`canary hits --json` names them")
    if row[1] is not None:
        yield codec.open(b"raw", number, row[1])
        return
    told = MESSAGE.read(codec.open(b"message", number, row[0]))
    for piece in range(told.pieces):
        found = db.execute(
            "SELECT sealed FROM piece WHERE body_id = ? AND number = ?", (told.body, piece)
        ).fetchone()
        if found is None:
            raise KeyringError(
                f"a piece of {message_id} is gone: the database was altered", hint="restore it from a backup"
            )
        yield codec.keyring.open(_place(told.body, piece, told.pieces), found[0])


def _place(body: int, number: int, total: int) -> bytes:
    return b"piece:%d:%d:%d" % (body, number, total)
