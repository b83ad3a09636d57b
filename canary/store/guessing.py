"""What client networks tried in vain, counted by day: evidence of guessing, within bounds."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from canary.model import Attempts
from canary.store.bodies import ATTEMPT, AttemptBody
from canary.store.codec import Codec

MOST_NETWORKS = 10_000
"""So many networks a day are told apart; the others are one."""

MOST_SAMPLES = 10
OTHERS = "others"


def count(db: sqlite3.Connection, codec: Codec, attempts: Sequence[Attempts]) -> None:
    """Add to what networks have tried, in a transaction that the writer opened."""
    rooms: dict[int, int] = {}
    for each in attempts:
        day = each.day.astimezone(UTC).toordinal()
        if day not in rooms:
            query = "SELECT count(*) FROM attempt WHERE day = ?"
            rooms[day] = MOST_NETWORKS - int(db.execute(query, (day,)).fetchone()[0])
        if _added(db, codec, day, each):
            continue
        if rooms[day] > 0:
            rooms[day] -= 1
            _insert(db, codec, day, each)
        else:
            others = Attempts(each.day, OTHERS, each.count)
            if not _added(db, codec, day, others):
                _insert(db, codec, day, others)


def read(db: sqlite3.Connection, codec: Codec, since: datetime) -> Iterator[Attempts]:
    """Return what networks have tried since a day, the busiest of each day first, newest day first."""
    query = "SELECT network_ix, count, sealed FROM attempt WHERE day = ? ORDER BY count DESC"
    first = since.astimezone(UTC).toordinal()
    days = db.execute(
        "SELECT DISTINCT day FROM attempt WHERE day >= ? ORDER BY day DESC", (first,)
    ).fetchall()
    for (day,) in days:
        at = datetime.fromordinal(day).replace(tzinfo=UTC)
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


def _added(db: sqlite3.Connection, codec: Codec, day: int, attempts: Attempts) -> bool:
    """Add to a network's row; False if it has none yet."""
    network_ix = _network_ix(codec, attempts.network)
    row = db.execute(
        "UPDATE attempt SET count = count + ? WHERE day = ? AND network_ix = ? RETURNING sealed",
        (attempts.count, day, network_ix),
    ).fetchone()
    if row is None:
        return False
    sample = ATTEMPT.read(codec.keyring.open(_place(day, network_ix), row[0])).sample
    merged = _sample((*sample, *attempts.sample))
    if merged != sample:
        db.execute(
            "UPDATE attempt SET sealed = ? WHERE day = ? AND network_ix = ?",
            (_sealed(codec, day, network_ix, attempts.network, merged), day, network_ix),
        )
    return True


def _insert(db: sqlite3.Connection, codec: Codec, day: int, attempts: Attempts) -> None:
    network_ix = _network_ix(codec, attempts.network)
    sealed = _sealed(codec, day, network_ix, attempts.network, _sample(attempts.sample))
    db.execute("INSERT INTO attempt VALUES (?, ?, ?, ?)", (day, network_ix, attempts.count, sealed))


def _sealed(codec: Codec, day: int, network_ix: bytes, network: str, sample: tuple[str, ...]) -> bytes:
    return codec.keyring.seal(_place(day, network_ix), ATTEMPT.write(AttemptBody(network, sample)))


def _sample(tried: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tried))[:MOST_SAMPLES]


def _network_ix(codec: Codec, network: str) -> bytes:
    return codec.keyring.index(b"network", network)


def _place(day: int, network_ix: bytes) -> bytes:
    return b"attempt:%d:%b" % (day, network_ix)
