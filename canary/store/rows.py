"""What a batch of mail comes to, row by row, becomes one write a table."""

import sqlite3
from dataclasses import dataclass, field

from canary.store.owed import HitOfAlert

INSERTS = {
    "message": "INSERT INTO message VALUES (?, ?, ?, ?)",
    "raw": "INSERT INTO raw VALUES (?, ?)",
    "body": "UPDATE body SET message_id = ? WHERE id = ?",
    "delivery": "INSERT INTO delivery VALUES (?, ?, ?, ?)",
    "hit": "INSERT INTO hit VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
    "alert_hit": "INSERT OR IGNORE INTO alert_hit VALUES (?, ?)",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one batch, gathered so that each table is written in one go."""

    message: list[tuple[int, bytes, int, bytes]] = field(default_factory=list)
    raw: list[tuple[int, bytes]] = field(default_factory=list)
    body: list[tuple[int, int]] = field(default_factory=list)
    delivery: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    hit: list[tuple[int, int, str, int, int, int | None, int, bytes, int]] = field(default_factory=list)
    alert_hit: list[HitOfAlert] = field(default_factory=list)

    def write(self, db: sqlite3.Connection) -> None:
        """Write and forget them."""
        for table, insert in INSERTS.items():
            rows = getattr(self, table)
            if rows:
                db.executemany(insert, rows)
                rows.clear()
