"""Who sent a message, sealed, as it was found out when the message was appraised."""

import sqlite3

from canary.model import Indicator, Origin, Strength
from canary.store.codec import Codec, read, written

TABLE = b"origin"


def write_origin(db: sqlite3.Connection, codec: Codec, message_id: int, origin: Origin) -> None:
    """Keep who sent a message, in place of what was known before."""
    sealed = codec.seal(TABLE, message_id, written(origin))
    db.execute("INSERT OR REPLACE INTO origin VALUES (?, ?)", (message_id, sealed))


def origin_of(db: sqlite3.Connection, codec: Codec, message_id: int) -> Origin | None:
    """Return who sent a message, None where it was never appraised."""
    row = db.execute("SELECT sealed FROM origin WHERE message_id = ?", (message_id,)).fetchone()
    if row is None:
        return None
    body = read(codec.open(TABLE, message_id, row[0]))
    indicators = (
        Indicator(each["kind"], each["value"], Strength(each["strength"])) for each in body["indicators"]
    )
    return Origin(
        body["summary"],
        body["header_from"],
        tuple(body["authenticated"]),
        tuple(body["aligned"]),
        tuple(body["organisations"]),
        body["network"],
        tuple(body["notes"]),
        tuple(indicators),
        body["evaluated"],
    )
