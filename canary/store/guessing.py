"""What client networks tried in vain, counted by day: evidence of guessing, within bounds."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from canary.model import Attempts, Tried
from canary.store.bodies import ATTEMPT, AttemptBody
from canary.store.codec import Codec, micros, moment

MOST_NETWORKS = 10_000
"""So many networks a day are told apart; the others are one."""

MOST_SAMPLES = 20
MOST_NEAR = 200
"""So many recipients one edit from a decoy are kept of a network and day, beside the sample."""

OTHERS = "others"


def count(
    db: sqlite3.Connection, codec: Codec, attempts: Sequence[Attempts], near: Collection[str], at: int
) -> None:
    """Add to what networks have tried, in a transaction that the writer opened.

    `near` are the recipients that are kept before others; `at` is now, in microseconds.
    """
    rooms: dict[int, int] = {}
    for each in attempts:
        day = each.day.astimezone(UTC).toordinal()
        if day not in rooms:
            query = "SELECT count(*) FROM attempt WHERE day = ?"
            rooms[day] = MOST_NETWORKS - int(db.execute(query, (day,)).fetchone()[0])
        if _added(db, codec, day, each, near, at):
            continue
        if rooms[day] > 0:
            rooms[day] -= 1
            _insert(db, codec, day, each, near, at)
        else:
            others = _as_others(each, near)
            if not _added(db, codec, day, others, near, at):
                _insert(db, codec, day, others, near, at)


def read(db: sqlite3.Connection, codec: Codec, since: datetime) -> Iterator[Attempts]:
    """Return what networks have tried since a day, the busiest of each day first, newest day first."""
    query = "SELECT network_ix, count, sealed FROM attempt WHERE day = ? ORDER BY count DESC"
    for day in _days(db, since):
        at = _midnight(day)
        for network_ix, counted, sealed in db.execute(query, (day,)).fetchall():
            body = ATTEMPT.read(codec.keyring.open(_place(day, network_ix), sealed))
            yield Attempts(at, body.network, counted, body.sample)


def of_network(db: sqlite3.Connection, codec: Codec, network: str, day: datetime) -> Attempts:
    """Return what one network tried in vain on a day."""
    day = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    place = day.toordinal(), _network_ix(codec, network)
    row = db.execute("SELECT count, sealed FROM attempt WHERE day = ? AND network_ix = ?", place).fetchone()
    if row is None:
        return Attempts(day, network, 0)
    body = ATTEMPT.read(codec.keyring.open(_place(*place), row[1]))
    return Attempts(day, network, row[0], body.sample)


def recipients(db: sqlite3.Connection, codec: Codec, since: datetime) -> Iterator[Tried]:
    """Return the recipients tried in vain that were kept, newest day first, the quietest network first."""
    query = "SELECT network_ix, count, sealed FROM attempt WHERE day = ? ORDER BY count"
    for day in _days(db, since):
        at = micros(_midnight(day))
        for network_ix, counted, sealed in db.execute(query, (day,)).fetchall():
            body = ATTEMPT.read(codec.keyring.open(_place(day, network_ix), sealed))
            for address in _kept(body.sample, body.near):
                times, first, last = body.tries.get(address, (1, at, at))
                near = address in body.near
                yield Tried(address, body.network, counted, times, moment(first), moment(last), near)


def _as_others(attempts: Attempts, near: Collection[str]) -> Attempts:
    """Return attempts without their network; of the sample only what is nearly a decoy's is told."""
    told = _times(attempts)
    sample = tuple(each for each in attempts.sample if each in near)
    times = tuple(told[each] for each in sample)
    return Attempts(attempts.day, OTHERS, attempts.count, sample, times)


def _times(attempts: Attempts) -> dict[str, int]:
    """Return how often each of a sample was tried; where that is not told, once."""
    told = dict(zip(attempts.sample, attempts.times, strict=False))
    return {each: max(1, told.get(each, 1)) for each in attempts.sample}


def _days(db: sqlite3.Connection, since: datetime) -> list[int]:
    first = since.astimezone(UTC).toordinal()
    rows = db.execute("SELECT DISTINCT day FROM attempt WHERE day >= ? ORDER BY day DESC", (first,))
    return [day for (day,) in rows.fetchall()]


def _midnight(day: int) -> datetime:
    return datetime.fromordinal(day).replace(tzinfo=UTC)


def _added(
    db: sqlite3.Connection, codec: Codec, day: int, attempts: Attempts, near: Collection[str], at: int
) -> bool:
    """Add to a network's row; False if it has none yet."""
    network_ix = _network_ix(codec, attempts.network)
    row = db.execute(
        "UPDATE attempt SET count = count + ? WHERE day = ? AND network_ix = ? RETURNING sealed",
        (attempts.count, day, network_ix),
    ).fetchone()
    if row is None:
        return False
    if attempts.sample:
        body = ATTEMPT.read(codec.keyring.open(_place(day, network_ix), row[0]))
        db.execute(
            "UPDATE attempt SET sealed = ? WHERE day = ? AND network_ix = ?",
            (_sealed(codec, day, network_ix, _merged(body, attempts, near, at)), day, network_ix),
        )
    return True


def _insert(
    db: sqlite3.Connection, codec: Codec, day: int, attempts: Attempts, near: Collection[str], at: int
) -> None:
    network_ix = _network_ix(codec, attempts.network)
    body = _merged(AttemptBody(attempts.network, ()), attempts, near, at)
    row = (day, network_ix, attempts.count, _sealed(codec, day, network_ix, body))
    db.execute("INSERT INTO attempt VALUES (?, ?, ?, ?)", row)


def _merged(body: AttemptBody, attempts: Attempts, near: Collection[str], at: int) -> AttemptBody:
    """Return what is kept of a network with what it tried since; who is not kept is not counted."""
    sample = _kept(body.sample, attempts.sample)[:MOST_SAMPLES]
    nearest = _kept(body.near, [each for each in attempts.sample if each in near])[:MOST_NEAR]
    kept = {*sample, *nearest}
    tries = dict(body.tries)
    for address, times in _times(attempts).items():
        if address in kept:
            before, first, _ = tries.get(address, (0, at, at))
            tries[address] = (before + times, first, at)
    return AttemptBody(body.network, sample, nearest, tries)


def _kept(before: Iterable[str], now: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *now)))


def _sealed(codec: Codec, day: int, network_ix: bytes, body: AttemptBody) -> bytes:
    return codec.keyring.seal(_place(day, network_ix), ATTEMPT.write(body))


def _network_ix(codec: Codec, network: str) -> bytes:
    return codec.keyring.index(b"network", network)


def _place(day: int, network_ix: bytes) -> bytes:
    return b"attempt:%d:%b" % (day, network_ix)
