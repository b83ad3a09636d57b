"""Messages and probes become rows, hits and owed alerts: the mail side, inside one transaction."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from canary.model import AlertState, Message, Probe
from canary.ports import Finding, Kept, Owing
from canary.store.codec import (
    Codec,
    message_body,
    micros,
    moment,
    peer_body,
    probe_body,
    public_id,
    row_id,
    verdict_body,
)

RETRIES = timedelta(days=7)
"""How long a sender may go on trying: RFC 5321 section 4.5.4.1 asks for 4 to 5 days."""

MOST_HITS = 500
"""So many hits are one alert at the most: a flood must not fill memory when it is told."""


@dataclass(frozen=True, slots=True)
class Recent:
    """An alert that was owed within the window, and which of the accounts at hand it is about.

    One that is `waiting` was never claimed: only such a one may be joined, since what joins an alert that is
    being delivered would be settled with it and never told.
    """

    id: int
    sent: bool
    waiting: bool
    created_at: int
    accounts: set[bytes]


@dataclass(frozen=True, slots=True)
class Keeper:
    """Writes what arrived, in a transaction that the writer opened and will commit."""

    db: sqlite3.Connection
    codec: Codec
    owing: Owing
    now: datetime

    def message(self, message: Message, findings: Sequence[Finding]) -> Kept:
        """Write a message once, this delivery of it, its hits, and the alerts owed for the new ones."""
        message_id = self._known_message(message)
        again = message_id is not None
        if message_id is None:
            message_id = self._new_message(message)
        if message.ours or not again:
            self._delivery(message_id, message)
        hits, fresh = [], []
        for finding in findings:
            hit_id = self._again(message_id, finding, counted=message.ours)
            if hit_id is None:
                hit_id = self._hit(finding, message.received_at, message_id, probe=None)
                fresh.append((hit_id, finding))
            hits.append(public_id("hit", hit_id))
        self._owe(fresh)
        return Kept(tuple(hits), len(fresh))

    def probe(self, probe: Probe, findings: Sequence[Finding]) -> Kept:
        """Write a probe's hits and the alerts owed for them."""
        fresh = [(self._hit(finding, probe.at, None, probe), finding) for finding in findings]
        self._owe(fresh)
        return Kept(tuple(public_id("hit", hit_id) for hit_id, _ in fresh), len(fresh))

    def _known_message(self, message: Message) -> int | None:
        """Return the message that this is another delivery of, None if it is a new one.

        The same bytes after `RETRIES` are no retry after a lost 250 any more: somebody sends them anew.
        """
        known = self.db.execute(
            "SELECT id, received_at FROM message WHERE content_ix = ?", (self.codec.content_ix(message),)
        ).fetchone()
        if known is None:
            return None
        number, first_at = known
        if message.received_at - moment(first_at) <= RETRIES:
            return int(number)
        retired = self.codec.keyring.index(b"retired", str(number))
        self.db.execute("UPDATE message SET content_ix = ? WHERE id = ?", (retired, number))
        return None

    def _new_message(self, message: Message) -> int:
        number = next_id(self.db, "message")
        self.db.execute(
            "INSERT INTO message VALUES (?, ?, ?, ?)",
            (
                number,
                self.codec.content_ix(message),
                micros(message.received_at),
                self.codec.seal_json(b"message", number, message_body(message)),
            ),
        )
        self.db.execute(
            "INSERT INTO raw VALUES (?, ?)",
            (number, self.codec.keyring.seal(b"raw:%d" % number, message.raw)),
        )
        return number

    def _delivery(self, message_id: int, message: Message) -> None:
        number = next_id(self.db, "delivery")
        body = {"peer": peer_body(message.peer), "recipients": list(message.recipients)}
        self.db.execute(
            "INSERT INTO delivery VALUES (?, ?, ?, ?)",
            (
                number,
                message_id,
                micros(message.received_at),
                self.codec.seal_json(b"delivery", number, body),
            ),
        )

    def _again(self, message_id: int, finding: Finding, *, counted: bool) -> int | None:
        """Return the hit that is there already; a file read twice is no second delivery."""
        row = self.db.execute(
            "UPDATE hit SET deliveries = deliveries + ? WHERE message_id = ? AND decoy_id = ? RETURNING id",
            (int(counted), message_id, row_id("dec", finding.decoy.id)),
        ).fetchone()
        return int(row[0]) if row else None

    def _hit(self, finding: Finding, at: datetime, message_id: int | None, probe: Probe | None) -> int:
        number = next_id(self.db, "hit")
        self._tally_first(finding)
        body = {
            "verdict": verdict_body(finding.verdict),
            "probe": probe_body(probe) if probe else None,
        }
        self.db.execute(
            "INSERT INTO hit VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                micros(at),
                finding.verdict.hit_class.value,
                int(finding.decoy.control),
                row_id("dec", finding.decoy.id),
                message_id,
                1,
                self.codec.seal_json(b"hit", number, body),
            ),
        )
        return number

    def _tally_first(self, finding: Finding) -> None:
        """Count a decoy that is hit for the first time: noise is measured in decoys, not in hits."""
        query = "SELECT 1 FROM hit WHERE decoy_id = ? LIMIT 1"
        if not self.db.execute(query, (row_id("dec", finding.decoy.id),)).fetchone():
            tally(self.db, self.now, "control" if finding.decoy.control else "decoy", 1)

    def _owe(self, fresh: Iterable[tuple[int, Finding]]) -> None:
        told = [
            (hit_id, row_id("dec", finding.decoy.id))
            for hit_id, finding in fresh
            if not finding.decoy.control and finding.verdict.confidence >= self.owing.min_confidence
        ]
        if told:
            accounts = self._accounts([decoy_id for _, decoy_id in told])
            for channel in self.owing.channels:
                self._owe_channel(channel, [hit_id for hit_id, _ in told], accounts, micros(self.now))

    def _accounts(self, decoy_ids: Iterable[int]) -> set[bytes]:
        accounts: set[bytes] = set()
        for decoy_id in decoy_ids:
            accounts.update(
                row[0]
                for row in self.db.execute(
                    "SELECT v.employee_ix FROM decoy d JOIN view v ON v.id = d.view_id WHERE d.id = ?",
                    (decoy_id,),
                )
            )
        return accounts

    def _owe_channel(self, channel: str, hit_ids: Sequence[int], accounts: set[bytes], at: int) -> None:
        """Join the alert that is still owed for one of the accounts, else owe a new one.

        The first word about an account is due at once; more within the window are held to its end and told
        together.
        """
        window = int(self.owing.window.total_seconds() * 1_000_000)
        recent = self._recent(channel, accounts, at - window, at)
        told = [each for each in recent if each.sent]
        held = not accounts - {a for each in recent if each.sent or each.waiting for a in each.accounts}
        room = (each.id for each in recent if each.waiting and self._told([each.id]) < MOST_HITS)
        alert_id = next(room, None)
        if alert_id is None:
            alert_id = next_id(self.db, "alert")
            due = max((each.created_at for each in told), default=at) + window if held else at
            self.db.execute(
                "INSERT INTO alert VALUES (?, ?, ?, 0, ?, ?, 0, ?, NULL)",
                (alert_id, channel, AlertState.OWED.value, at, due, self._told([each.id for each in told])),
            )
        elif not held:
            self.db.execute("UPDATE alert SET due_at = min(due_at, ?) WHERE id = ?", (at, alert_id))
        self.db.executemany(
            "INSERT OR IGNORE INTO alert_hit VALUES (?, ?)", [(alert_id, hit_id) for hit_id in hit_ids]
        )
        self.db.executemany(
            "INSERT OR IGNORE INTO alert_account VALUES (?, ?)",
            [(employee_ix, alert_id) for employee_ix in accounts],
        )

    def _recent(self, channel: str, accounts: set[bytes], after: int, now: int) -> list[Recent]:
        """Return the alerts about any of the accounts within the window, the newest first."""
        marks = ",".join("?" * len(accounts))
        rows = self.db.execute(
            f"SELECT a.id, a.state = 'sent', a.state = 'owed' AND a.attempts = 0 AND a.leased_until = 0, "
            f"a.created_at, aa.employee_ix "
            f"FROM alert_account aa JOIN alert a ON a.id = aa.alert_id "
            f"WHERE aa.employee_ix IN ({marks}) AND a.channel = ? AND a.created_at > ? AND a.created_at <= ? "
            f"ORDER BY a.id DESC",
            (*accounts, channel, after, now),
        )
        found: dict[int, Recent] = {}
        for number, sent, waiting, created_at, account in rows:
            alert = found.setdefault(number, Recent(number, bool(sent), bool(waiting), created_at, set()))
            alert.accounts.add(account)
        return list(found.values())

    def _told(self, alert_ids: Sequence[int]) -> int:
        marks = ",".join("?" * len(alert_ids))
        (count,) = self.db.execute(
            f"SELECT count(DISTINCT hit_id) FROM alert_hit WHERE alert_id IN ({marks})", tuple(alert_ids)
        ).fetchone()
        return int(count)


def tally(db: sqlite3.Connection, day: datetime, kind: str, count: int) -> None:
    """Add to a day's count of strays, or of controls or shown decoys hit for the first time."""
    db.execute(
        "INSERT INTO tally VALUES (?, ?, ?) "
        "ON CONFLICT (day, kind) DO UPDATE SET count = count + excluded.count",
        (day.toordinal(), kind, count),
    )


def next_id(db: sqlite3.Connection, table: str) -> int:
    """Return the next free row number of a table; safe inside a transaction that began as a writer."""
    (highest,) = db.execute(f"SELECT max(id) FROM {table}").fetchone()
    return (highest or 0) + 1
