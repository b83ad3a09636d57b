"""Requests under idempotency keys, remembered for a day: what is asked again is told from what is new."""

import sqlite3
from datetime import datetime, timedelta

from canary.model import Asked
from canary.store.codec import SEPARATOR, Codec, micros

KEPT = timedelta(hours=24)
PRUNED_AT_ONCE = 50
"""So many forgotten ones are removed with each one that is remembered: the table never outgrows a day."""


def remember(
    db: sqlite3.Connection, codec: Codec, key_id: str, idempotency_key: str, digest: bytes, now: datetime
) -> Asked:
    """Say whether a request was made before, and remember the first.

    See draft-ietf-httpapi-idempotency-key-header section 2.6: the same key with another body is an error.
    """
    request_ix = codec.keyring.index(b"request", f"{key_id}{SEPARATOR}{idempotency_key}")
    oldest = micros(now - KEPT)
    row = db.execute("SELECT digest, at FROM request WHERE request_ix = ?", (request_ix,)).fetchone()
    if row is not None and row[1] >= oldest:
        return Asked.SAME if row[0] == digest else Asked.CONFLICT
    db.execute("INSERT OR REPLACE INTO request VALUES (?, ?, ?)", (request_ix, micros(now), digest))
    db.execute(
        "DELETE FROM request WHERE request_ix IN (SELECT request_ix FROM request WHERE at < ? LIMIT ?)",
        (oldest, PRUNED_AT_ONCE),
    )
    return Asked.FRESH
