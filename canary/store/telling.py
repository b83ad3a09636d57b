"""Alerts that are owed become words about incidents: a first sign at once, growth in ever larger steps."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from canary.model import Case, Lead
from canary.store.codec import Codec
from canary.store.incident_reading import numbered
from canary.store.owed import MOST_HITS
from canary.store.reading import Reader
from canary.store.told import told_of

LONGEST = int(timedelta(hours=6).total_seconds() * 1_000_000)
"""So long, in microseconds, growth is not told at the most."""

AT_ONCE = 4
"""The first signs of so many incidents within the window are told each by itself; more are told together."""

GROWTH, FIRST, FLOOD = 0, 1, 2
"""What an alert tells: more of incidents that its channel knows, a new one, or many new ones together."""

UNCLAIMED = "a.state = 'owed' AND a.attempts = 0 AND a.leased_until = 0"
TELLING = (
    f"SELECT DISTINCT a.id, a.channel, {UNCLAIMED} FROM alert_hit ah JOIN alert a ON a.id = ah.alert_id "
    f"WHERE a.state != 'withheld' AND ah.hit_id IN ({{marks}}) ORDER BY a.id"
)
INCIDENTS = (
    "SELECT DISTINCT ih.incident_id FROM alert_hit ah JOIN incident_hit ih ON ih.hit_id = ah.hit_id "
    "WHERE ah.alert_id = ? ORDER BY ih.incident_id"
)
ABOUT = (
    f"SELECT DISTINCT a.id, {UNCLAIMED}, a.due_at FROM alert_incident ai JOIN alert a ON a.id = ai.alert_id "
    f"WHERE ai.incident_id IN ({{marks}}) AND a.channel = ? AND a.id != ? AND a.state != 'withheld' "
    f"ORDER BY a.due_at, a.id"
)
RECENT = (
    "SELECT created_at FROM alert WHERE channel = ? AND kind = ? AND id != ? "
    "ORDER BY id DESC LIMIT 1 OFFSET ?"
)
GRAVE = "h.class IN ('mail', 'touch')"
GRAVER = (
    f"SELECT EXISTS (SELECT 1 FROM alert_hit ah JOIN hit h ON h.id = ah.hit_id WHERE ah.alert_id = ?1 "
    f"AND {GRAVE}) AND NOT EXISTS (SELECT 1 FROM incident_hit ih JOIN hit h ON h.id = ih.hit_id "
    f"WHERE ih.incident_id IN ({{marks}}) AND {GRAVE} AND NOT EXISTS "
    f"(SELECT 1 FROM alert_hit WHERE alert_id = ?1 AND hit_id = h.id))"
)
TOLD = (
    "SELECT DISTINCT a.id, a.told, a.due_at FROM alert_incident ai JOIN alert a ON a.id = ai.alert_id "
    "WHERE ai.incident_id IN ({marks}) AND a.channel = ? AND a.id != ? AND a.state = 'sent' "
    "ORDER BY a.due_at, a.id"
)


@dataclass(frozen=True, slots=True)
class Before:
    """What a channel was told about incidents (when, in microseconds), and which alerts about them wait."""

    told: tuple[int, ...]
    waiting: tuple[int, ...]


def tell(db: sqlite3.Connection, hits: Sequence[int], window: int, now: int) -> None:
    """Let the alerts go that wait for hits which were joined, each when it is due.

    `window` is that of the alerts, in microseconds; 0 has every hit told by itself.
    """
    marks = ",".join("?" * len(hits))
    for alert, channel, waits in db.execute(TELLING.format(marks=marks), tuple(hits)).fetchall():
        db.execute("UPDATE alert SET held_until = 0 WHERE id = ?", (alert,))
        incidents = [each for (each,) in db.execute(INCIDENTS, (alert,)).fetchall()]
        if _label(db, alert, incidents) and waits and window:
            _schedule(db, alert, channel, incidents, window, now)


def hasten(db: sqlite3.Connection, incidents: Iterable[int], now: int) -> int:
    """Make due now what waits to be told about incidents; return how many alerts."""
    some = tuple(incidents)
    return db.execute(
        f"UPDATE alert AS a SET due_at = ?, owed_from = ? WHERE {UNCLAIMED} AND a.due_at > ? AND a.id IN "
        f"(SELECT alert_id FROM alert_incident WHERE incident_id IN ({','.join('?' * len(some))}))",
        (now, now, now, *some),
    ).rowcount


def delayed(db: sqlite3.Connection, incidents: Iterable[int], now: int) -> Iterator[int]:
    """Yield those of the incidents about which something waits to be told later."""
    for incident in incidents:
        row = db.execute(
            f"SELECT 1 FROM alert_incident ai JOIN alert a ON a.id = ai.alert_id "
            f"WHERE ai.incident_id = ? AND {UNCLAIMED} AND a.due_at > ? LIMIT 1",
            (incident, now),
        ).fetchone()
        if row:
            yield incident


def leads(db: sqlite3.Connection, codec: Codec, incident: int, channels: Sequence[str]) -> Iterator[Lead]:
    """Yield whom the newest word about an incident pointed to, for each channel that had one."""
    for channel in channels:
        rows = db.execute(TOLD.format(marks="?"), (incident, channel, 0)).fetchall()
        if rows:
            yield told_of(codec, *rows[-1][:2]).lead


def case_of(reader: Reader, number: int, channel: str) -> Case | None:
    """Return what an alert is about, and what its channel was told of that; None where it is no incident."""
    incidents = [each for (each,) in reader.db.execute(INCIDENTS, (number,)).fetchall()]
    if not incidents:
        return None
    (kind,) = reader.db.execute("SELECT kind FROM alert WHERE id = ?", (number,)).fetchone()
    found = tuple(numbered(reader, each) for each in incidents)
    if kind == FLOOD and len(found) > 1:
        return Case(found, flood=True)
    marks = ",".join("?" * len(incidents))
    rows = reader.db.execute(TOLD.format(marks=marks), (*incidents, channel, number)).fetchall()
    told = [told_of(reader.codec, *row[:2]) for row in rows]
    thread = next((each.thread for each in told if each.thread), "")
    return Case(found, len(told), told[-1].lead if told else None, thread)


def _schedule(
    db: sqlite3.Connection, alert: int, channel: str, incidents: Sequence[int], window: int, now: int
) -> None:
    """Have an alert told when it is time, with one that waits already where there is any.

    What is new is told at once; unless that happens very often: then together, at the end of the window. The
    first mail to a list that was only probed is told at once, too.
    """
    before = {each: _before(db, alert, channel, [each]) for each in incidents}
    known = [each for each in before.values() if each.told or each.waiting]
    if len(known) < len(before):
        recent = db.execute(RECENT, (channel, FIRST, alert, AT_ONCE - 1)).fetchone()
        if recent and recent[0] > now - window:
            _join_flood(db, alert, channel, recent[0] + window)
        else:
            _due(db, alert, now, FIRST)
        return
    if _is_graver(db, alert, incidents):
        _due(db, alert, now, GROWTH)
        return
    waiting = next((each for some in known for each in some.waiting if _has_room(db, each, alert)), None)
    if waiting is not None:
        _move(db, alert, waiting)
        return
    last = max(at for each in known for at in each.told) if any(each.told for each in known) else now
    pause = min(window << min(max(len(each.told) for each in known) - 1, 20), max(window, LONGEST))
    _due(db, alert, max(now, last + pause), GROWTH)


def _is_graver(db: sqlite3.Connection, alert: int, incidents: Sequence[int]) -> bool:
    """Say whether an alert tells of the first mail or touch of its incidents."""
    marks = ",".join(f"?{place}" for place in range(2, len(incidents) + 2))
    return bool(db.execute(GRAVER.format(marks=marks), (alert, *incidents)).fetchone()[0])


def _due(db: sqlite3.Connection, alert: int, at: int, kind: int) -> None:
    db.execute("UPDATE alert SET kind = ?, due_at = ?, owed_from = ? WHERE id = ?", (kind, at, at, alert))


def _before(db: sqlite3.Connection, alert: int, channel: str, incidents: Sequence[int]) -> Before:
    marks = ",".join("?" * len(incidents))
    rows = db.execute(ABOUT.format(marks=marks), (*incidents, channel, alert)).fetchall()
    return Before(
        tuple(at for _, unclaimed, at in rows if not unclaimed),
        tuple(number for number, unclaimed, _ in rows if unclaimed),
    )


def _join_flood(db: sqlite3.Connection, alert: int, channel: str, due: int) -> None:
    """Tell of an alert together with others that are too many to be told one by one."""
    rows = db.execute(
        f"SELECT a.id FROM alert a WHERE {UNCLAIMED} AND a.channel = ? AND a.kind = ? AND a.id != ? "
        f"ORDER BY a.id DESC LIMIT 1",
        (channel, FLOOD, alert),
    ).fetchall()
    other = next((number for (number,) in rows if _has_room(db, number, alert)), None)
    if other is None:
        _due(db, alert, due, FLOOD)
    else:
        _move(db, alert, other)


def _label(db: sqlite3.Connection, alert: int, incidents: Sequence[int]) -> int:
    """Have an alert found by what it is about; return how much of that is new."""
    return db.executemany(
        "INSERT OR IGNORE INTO alert_incident VALUES (?, ?)", [(each, alert) for each in incidents]
    ).rowcount


def _move(db: sqlite3.Connection, alert: int, other: int) -> None:
    """Tell of what one alert was to tell with another one; nobody has heard of the first."""
    for table in ("alert_hit", "alert_account", "alert_incident"):
        db.execute(f"UPDATE OR IGNORE {table} SET alert_id = ? WHERE alert_id = ?", (other, alert))
        db.execute(f"DELETE FROM {table} WHERE alert_id = ?", (alert,))
    db.execute("DELETE FROM alert WHERE id = ?", (alert,))


def _has_room(db: sqlite3.Connection, alert: int, other: int) -> bool:
    query = "SELECT count(*) FROM alert_hit WHERE alert_id IN (?, ?)"
    return bool(db.execute(query, (alert, other)).fetchone()[0] <= MOST_HITS)
