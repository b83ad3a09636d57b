"""How an alert was told becomes a sealed column, and that is read again."""

import sqlite3

from canary.model import Lead
from canary.ports import Told
from canary.store.codec import Codec, read, written


def keep_told(db: sqlite3.Connection, codec: Codec, number: int, told: Told) -> None:
    """Note whom an alert pointed to as it was told, and what its channel calls it."""
    body = written([told.lead.employees, told.lead.probability, told.thread])
    db.execute("UPDATE alert SET told = ? WHERE id = ?", (codec.keyring.seal(_place(number), body), number))


def told_of(codec: Codec, number: int, sealed: bytes | None) -> Told:
    """Return how an alert was told; nothing where that was not noted."""
    if sealed is None:
        return Told()
    employees, probability, thread = read(codec.keyring.open(_place(number), sealed))
    return Told(Lead(tuple(employees), probability), thread)


def _place(number: int) -> bytes:
    return b"alert_told:%d" % number
