"""Owed alerts are claimed, settled and tried again."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from canary.model import AlertState
from canary.ports import Told
from canary.store.codec import Codec, micros, moment, row_id
from canary.store.told import keep_told

ALERT_COLUMNS = "id, channel, state, attempts, created_at, due_at, earlier, error"


def claim(db: sqlite3.Connection, channel: str, now: datetime, lease: timedelta) -> int | None:
    """Lease the alert that has been due to a channel longest; returns its row number, None if none is."""
    at = micros(now)
    row = db.execute(
        "UPDATE alert SET leased_until = ? WHERE id = (SELECT id FROM alert WHERE state = 'owed' "
        "AND due_at <= ? AND held_until <= ? AND leased_until <= ? AND channel = ? "
        "ORDER BY due_at, id LIMIT 1) RETURNING id",
        (micros(now + lease), at, at, at, channel),
    ).fetchone()
    return int(row[0]) if row else None


def settle(
    db: sqlite3.Connection,
    codec: Codec,
    alert_id: str,
    state: AlertState,
    due_at: datetime,
    error: str,
    told: Told | None = None,
) -> None:
    """Note what became of an attempt, and how it was told; the lease ends."""
    number = row_id("alr", alert_id)
    if told is not None:
        keep_told(db, codec, number, told)
    sealed = codec.keyring.seal(b"alert:%d" % number, error.encode()) if error else None
    db.execute(
        "UPDATE alert SET state = ?, due_at = ?, error = ?, attempts = attempts + 1, leased_until = 0 "
        "WHERE id = ?",
        (state.value, micros(due_at), sealed, number),
    )


def retry(db: sqlite3.Connection, ids: Sequence[str], now: datetime) -> int:
    """Make parked and owed alerts due now, all of them without ids; returns how many."""
    numbers = [row_id("alr", each) for each in ids]
    marks = ",".join("?" * len(numbers))
    chosen = f"AND id IN ({marks})" if numbers else ""
    return db.execute(
        f"UPDATE alert SET state = 'owed', due_at = min(due_at, ?), "
        f"leased_until = min(leased_until, 1), held_until = 0 "
        f"WHERE state IN ('parked', 'owed') {chosen}",
        (micros(now), *numbers),
    ).rowcount


def next_due(db: sqlite3.Connection, channels: Collection[str]) -> datetime | None:
    """Return when the next alert is owed or its lease ends, None if none is."""
    marks = ",".join("?" * len(channels))
    (due,) = db.execute(
        f"SELECT min(max(due_at, held_until, leased_until)) FROM alert "
        f"WHERE state = 'owed' AND channel IN ({marks})",
        tuple(channels),
    ).fetchone()
    return None if due is None else moment(due)
