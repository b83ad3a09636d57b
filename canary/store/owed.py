"""New hits become alerts owed: joined where somebody will be told soon anyway, else new ones."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from canary.model import AlertState, Verdict
from canary.ports import Owing
from canary.store.codec import micros

MOST_HITS = 500
"""So many hits are one alert at the most: a flood must not fill memory when it is told."""

MOST_REMEMBERED = 10000
OWED = AlertState.OWED.value

NextId = Callable[[str], int]
Accounts = frozenset[bytes]
HitOfAlert = tuple[int, int]
"""An alert's row number and a hit's."""


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
    accounts: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Waiting:
    """An alert that may be joined, and how many hits it tells of."""

    id: int
    created_at: int
    hits: int


class Owed:
    """Owes alerts, in transactions of the writer's.

    Remembers which alert the hits of an account join, for as long as nobody but the keeper writes alerts.
    """

    def __init__(self, owing: Owing) -> None:
        self._owing = owing
        self._hold = int(owing.hold.total_seconds() * 1_000_000)
        self._window = int(owing.window.total_seconds() * 1_000_000)
        self._joined: dict[tuple[str, Accounts], Waiting] = {}
        self._waiting: dict[int, Waiting] = {}

    def forget(self) -> None:
        """Ask the database again: somebody else has written, or what was written is undone."""
        self._joined.clear()
        self._waiting.clear()

    def may_tell(self, verdict: Verdict) -> bool:
        """Say whether a hit is told of; of one that will be appraised first, whether it may be then."""
        return self._owing.may_tell(verdict) if self._hold else self._owing.tells(verdict)

    def alone(
        self, db: sqlite3.Connection, next_id: NextId, hit_ids: Sequence[int], now: datetime
    ) -> list[HitOfAlert]:
        """Owe every channel an alert for each of these hits, due now and never joined."""
        owed = []
        for channel in self._owing.channels:
            for hit_id in hit_ids:
                alert_id = next_id("alert")
                _insert(db, alert_id, channel, micros(now), micros(now), 0)
                owed.append((alert_id, hit_id))
        return owed

    def together(
        self,
        db: sqlite3.Connection,
        next_id: NextId,
        hit_ids: Sequence[int],
        accounts: Accounts,
        now: datetime,
        flush: Callable[[], None],
    ) -> list[HitOfAlert]:
        """Owe every channel a word about hits of these accounts; the caller writes down what is returned.

        It is due after the hold, or once it is appraised and joined; what joins something sooner, with that.
        `flush` writes what was returned before, so that it is counted.
        """
        at, owed = micros(now), []
        for channel in self._owing.channels:
            alert = self._joined.get((channel, accounts))
            if alert is None or alert.hits >= MOST_HITS or not at - self._window < alert.created_at <= at:
                alert = self._sought(db, next_id, channel, accounts, at, flush)
            alert.hits += len(hit_ids)
            owed += [(alert.id, hit_id) for hit_id in hit_ids]
        return owed

    def _sought(
        self,
        db: sqlite3.Connection,
        next_id: NextId,
        channel: str,
        accounts: Accounts,
        at: int,
        flush: Callable[[], None],
    ) -> Waiting:
        """Return the alert that is still owed for one of the accounts, else a new one.

        The first word about an account is due at once; more within the window are held to its end and told
        together.
        """
        recent = _recent(db, channel, accounts, at - self._window, at)
        if recent:
            flush()
        told = [each for each in recent if each.sent]
        late = not accounts - {a for each in recent if each.sent or each.waiting for a in each.accounts}
        alert = next((known for each in recent if (known := self._with_room(db, each))), None)
        if alert is None:
            alert = Waiting(next_id("alert"), at, 0)
            due = max((each.created_at for each in told), default=at) + self._window if late else at
            earlier = _told(db, [each.id for each in told]) if told else 0
            _insert(db, alert.id, channel, at, due, earlier, at + self._hold if self._hold else 0)
        elif not late:
            db.execute(
                "UPDATE alert SET due_at = min(due_at, ?), owed_from = min(owed_from, ?) WHERE id = ?",
                (at, at, alert.id),
            )
        db.executemany(
            "INSERT OR IGNORE INTO alert_account VALUES (?, ?)",
            [(employee_ix, alert.id) for employee_ix in accounts],
        )
        if len(self._joined) >= MOST_REMEMBERED:
            self.forget()
        self._joined[channel, accounts] = self._waiting[alert.id] = alert
        return alert

    def _with_room(self, db: sqlite3.Connection, recent: Recent) -> Waiting | None:
        """Return an alert that may be joined and is not full, None for another."""
        if not recent.waiting:
            return None
        alert = self._waiting.get(recent.id) or Waiting(recent.id, recent.created_at, _told(db, [recent.id]))
        return alert if alert.hits < MOST_HITS else None


def _insert(
    db: sqlite3.Connection, number: int, channel: str, at: int, due: int, earlier: int, held_until: int = 0
) -> None:
    db.execute(
        "INSERT INTO alert "
        "(id, channel, state, attempts, created_at, due_at, leased_until, earlier, held_until, owed_from) "
        "VALUES (?, ?, ?, 0, ?, ?, 0, ?, ?, ?)",
        (number, channel, OWED, at, due, earlier, held_until, max(due, held_until)),
    )


def _recent(db: sqlite3.Connection, channel: str, accounts: Accounts, after: int, now: int) -> list[Recent]:
    """Return the alerts about any of the accounts within the window, the newest first."""
    marks = ",".join("?" * len(accounts))
    rows = db.execute(
        f"SELECT a.id, a.state = 'sent', a.state = 'owed' AND a.attempts = 0 AND a.leased_until = 0, "
        f"a.created_at, aa.employee_ix "
        f"FROM alert_account aa JOIN alert a ON a.id = aa.alert_id "
        f"WHERE aa.employee_ix IN ({marks}) AND a.channel = ? AND a.created_at > ? AND a.created_at <= ? "
        f"ORDER BY a.id DESC",
        (*accounts, channel, after, now),
    )
    found: dict[int, Recent] = {}
    for number, sent, waiting, created_at, account in rows:
        alert = found.setdefault(number, Recent(number, bool(sent), bool(waiting), created_at))
        alert.accounts.add(account)
    return list(found.values())


def _told(db: sqlite3.Connection, alert_ids: Sequence[int]) -> int:
    marks = ",".join("?" * len(alert_ids))
    (count,) = db.execute(
        f"SELECT count(DISTINCT hit_id) FROM alert_hit WHERE alert_id IN ({marks})", tuple(alert_ids)
    ).fetchone()
    return int(count)
