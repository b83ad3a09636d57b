"""What tells noise from leaks, counted: strays, controls and shown decoys that were hit."""

import sqlite3
from datetime import datetime
from typing import NamedTuple

from canary.model import BaseRate

COLUMNS = {"stray": "strays", "control": "control_hits", "decoy": "hits"}
PULSE = (
    "SELECT (SELECT max(id) FROM access), withdrawn, (SELECT max(id) FROM decoy), "
    "controls, selftests, control_hits, strays, hits FROM noise"
)


class Pulse(NamedTuple):
    """What one look at the database tells: how far the ledger has come, and the noise."""

    ledger: tuple[int | None, int]
    rate: BaseRate


def pulse(db: sqlite3.Connection) -> Pulse:
    """Return how far the ledger has come, and what is known about noise.

    While `ledger` stays the same, no decoy has got or lost an access that showed it.
    """
    last, withdrawn, decoys, controls, selftests, control_hits, strays, hits = db.execute(PULSE).fetchone()
    shown = (decoys or 0) - controls - selftests
    return Pulse((last, withdrawn), BaseRate(shown, controls, control_hits, strays, hits))


def last_mail(db: sqlite3.Connection) -> int | None:
    """Return when mail was last kept."""
    times = db.execute(
        "SELECT last_mail, (SELECT received_at FROM message ORDER BY id DESC LIMIT 1), "
        "(SELECT at FROM delivery ORDER BY id DESC LIMIT 1) FROM noise"
    ).fetchone()
    return max((at for at in times if at is not None), default=None)


def tally(db: sqlite3.Connection, day: datetime, kind: str, count: int) -> None:
    """Add to a day's count of strays, or of controls or shown decoys hit for the first time."""
    db.execute(
        "INSERT INTO tally VALUES (?, ?, ?) "
        "ON CONFLICT (day, kind) DO UPDATE SET count = count + excluded.count",
        (day.toordinal(), kind, count),
    )
    column = COLUMNS[kind]
    db.execute(f"UPDATE noise SET {column} = {column} + ?", (count,))
