"""Messages and probes become rows, hits and owed alerts: the mail side, inside one transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canary.errors import StoreError, TemporaryError
from canary.model import Message, Probe, Touch
from canary.ports import Attribute, Finding, Kept, Owing
from canary.store.arrival import Arrival, arrival_of
from canary.store.bodies import DELIVERY, HIT, HitBody, delivery_body, probe_body, touch_body, verdict_body
from canary.store.codec import SEPARATOR, Codec, micros, moment, public_id, purpose_of, row_id
from canary.store.noise import last_mail, tally
from canary.store.owed import Accounts, Owed
from canary.store.rows import Rows
from canary.store.sighting import Sightings

RETRIES = timedelta(days=7)
"""How long a sender may go on trying: RFC 5321 section 4.5.4.1 asks for 4 to 5 days."""

MOST_REMEMBERED = 100_000

MET = (
    "SELECT d.id, coalesce(v.employee_ix, d.record_ix), EXISTS (SELECT 1 FROM hit WHERE decoy_id = d.id) "
    "FROM decoy d LEFT JOIN view v ON v.id = d.view_id WHERE d.id IN ({marks})"
)
SHOWN_TO = "SELECT v.employee_ix FROM access a JOIN view v ON v.id = a.view_id WHERE a.id = ?"
CHUNK = 256


@dataclass(slots=True)
class Met:
    """A decoy: what it was minted for, and whether it was ever hit.

    A view-unique one was minted for an employee, a shared one for a record, a control for nobody.
    """

    account: bytes | None
    hit: bool


class Keeper:
    """Writes what arrived, in transactions that the writer opens and commits; one at a time.

    Remembers between them what it would else ask of the database for every message: the last row numbers,
    which decoys were hit before, the alerts that may be joined. `forget` where that may not be so any more;
    what other processes commit it sees by itself.
    """

    def __init__(self, codec: Codec, owing: Owing) -> None:
        self._codec = codec
        self._owed = Owed(owing)
        self._version = -1
        self._last: dict[str, int] = {}
        self._met: dict[int, Met] = {}
        self._sightings = Sightings(codec)
        self._latest = 0

    def forget(self) -> None:
        """Ask the database again: somebody else has written, or what was written is undone."""
        self._version = -1

    def forget_alerts(self) -> None:
        """Ask the database for alerts again: some were claimed or settled."""
        self._owed.forget()

    def keep(self, db: sqlite3.Connection, batch: Sequence[Arrival], now: datetime) -> list[Kept]:
        """Write messages once, their deliveries, hits, and the alerts owed for the new ones."""
        self._meet(db)
        return self._kept(db, batch, now)

    def take(
        self, db: sqlite3.Connection, arrivals: Sequence[Message | Probe], attribute: Attribute, now: datetime
    ) -> list[Kept]:
        """Look up whom they name, have that attributed, and write it as `keep` does.

        Raises StoreError if one of them is large.
        """
        self._meet(db)
        named = {to for each in arrivals for to in _recipients(each)}
        seen = self._sightings.find(db, named, self._version)
        batch = [arrival_of(self._codec, attribute(each, seen)) for each in arrivals]
        if any(each.sha256 and each.raw is None for each in batch):
            raise StoreError("a large message is not kept at once")
        return self._kept(db, batch, now)

    def _kept(self, db: sqlite3.Connection, batch: Sequence[Arrival], now: datetime) -> list[Kept]:
        self._learn(db, {row_id("dec", found.decoy.id) for each in batch for found in each.findings})
        keeping = Keeping(self, db, self._codec, self._owed, now, _known(db, batch))
        kept = [keeping.one(each) for each in batch]
        keeping.rows.write(db)
        for kind, count in keeping.firsts.items():
            tally(db, now, kind, count)
        times = [micros(each.arrival.received_at) for each in batch if isinstance(each.arrival, Message)]
        if times:
            self._latest = max(self._latest, *times)
            if times[-1] < self._latest:  # else the newest row tells
                db.execute("UPDATE noise SET last_mail = ?", (self._latest,))
        return kept

    def next_id(self, db: sqlite3.Connection, table: str) -> int:
        """Return the next free row number of a table; safe inside a transaction that began as a writer."""
        last = self._last.get(table)
        if last is None:
            (last,) = db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
        self._last[table] = last + 1
        return int(last) + 1

    def first_hit(self, decoy_id: int) -> bool:
        """Say whether a decoy of this batch was never hit before; from now on it was."""
        met = self._met[decoy_id]
        first, met.hit = not met.hit, True
        return first

    def account(self, decoy_id: int) -> bytes | None:
        """Return what a decoy of this batch was minted for, None for a control."""
        return self._met[decoy_id].account

    def _learn(self, db: sqlite3.Connection, decoy_ids: set[int]) -> None:
        """Ask for what is not remembered of decoys."""
        missing = [each for each in decoy_ids if each not in self._met]
        if not missing:
            return
        if len(self._met) >= MOST_REMEMBERED:
            self._met.clear()
            missing = list(decoy_ids)
        for at in range(0, len(missing), CHUNK):
            some = missing[at : at + CHUNK]
            padded = 1 << (len(some) - 1).bit_length()
            query = MET.format(marks=",".join("?" * padded))
            for decoy_id, account, hit in db.execute(query, (*some, *[some[-1]] * (padded - len(some)))):
                self._met[decoy_id] = Met(account, bool(hit))

    def _meet(self, db: sqlite3.Connection) -> None:
        """Forget what is remembered if another connection has committed since."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version = version
            self._last.clear()
            self._met.clear()
            self._owed.forget()
            self._latest = last_mail(db) or 0


@dataclass(frozen=True, slots=True)
class Keeping:
    """One batch on its way into the tables; `known` are messages by content, with when they came first."""

    keeper: Keeper
    db: sqlite3.Connection
    codec: Codec
    owed: Owed
    now: datetime
    known: dict[bytes, tuple[int, int]]
    rows: Rows = field(default_factory=Rows)
    firsts: dict[str, int] = field(default_factory=dict)

    def one(self, arrival: Arrival) -> Kept:
        """Add what one message, probe or touch comes to."""
        what = arrival.arrival
        if isinstance(what, Touch):
            return self._touched(what, arrival.findings[0])
        if isinstance(what, Probe):
            hits = [
                (self._hit(finding, micros(what.at), None, what), finding)
                for finding in {each.decoy.id: each for each in arrival.findings}.values()
            ]
            self._owe(hits)
            return Kept(tuple(public_id("hit", hit_id) for hit_id, _ in hits), len(hits))
        known = self.known.get(arrival.content_ix)
        if known is not None:
            self.rows.write(self.db)
            if what.received_at - moment(known[1]) <= RETRIES:
                return self._again(known[0], what, arrival)
            self._retire(known[0])
        return self._new(what, arrival)

    def _touched(self, touch: Touch, finding: Finding) -> Kept:
        """Add a touch; one that was reported before is the same hit."""
        self.rows.write(self.db)
        told = (finding.decoy.id, touch.access, touch.action, touch.employee)
        touch_ix = self.codec.keyring.index(b"touch", SEPARATOR.join(told))
        row = self.db.execute("SELECT hit_id FROM touch WHERE touch_ix = ?", (touch_ix,)).fetchone()
        if row:
            self.db.execute("UPDATE hit SET deliveries = deliveries + 1 WHERE id = ?", row)
            return Kept((public_id("hit", row[0]),), 0)
        number = self._hit(finding, micros(touch.at), None, touch)
        self.rows.write(self.db)
        self.db.execute("INSERT INTO touch VALUES (?, ?)", (touch_ix, number))
        account = self.db.execute(SHOWN_TO, (row_id("acc", touch.access),)).fetchone()
        self._owe([(number, finding)], frozenset(account or ()))
        return Kept((public_id("hit", number),), 1)

    def _new(self, message: Message, arrival: Arrival) -> Kept:
        number, at = self.keeper.next_id(self.db, "message"), micros(message.received_at)
        sealed = arrival.sealed_message(self.codec, number, message)
        self.rows.message.append((number, arrival.content_ix, at, sealed))
        if arrival.raw is not None:
            self.rows.raw.append((number, self.codec.seal(b"raw", number, arrival.raw)))
        elif arrival.body:
            self.rows.body.append((number, arrival.body))
        else:
            raise TemporaryError("a large message was met that is known no more")
        self.known[arrival.content_ix] = (number, at)
        findings = {each.decoy.id: each for each in arrival.findings}.values()
        hits = [(self._hit(each, at, number, None), each) for each in findings]
        self._owe(hits)
        return Kept(tuple(public_id("hit", hit_id) for hit_id, _ in hits), len(hits))

    def _again(self, message_id: int, message: Message, arrival: Arrival) -> Kept:
        """Add another delivery of a message; a file read twice is none.

        Pieces that were written meanwhile are left to be removed.
        """
        if arrival.body:
            self.db.execute("UPDATE body SET begun_at = 0 WHERE id = ?", (arrival.body,))
        if message.ours:
            number = self.keeper.next_id(self.db, "delivery")
            sealed = self.codec.seal(b"delivery", number, DELIVERY.write(delivery_body(message)))
            self.rows.delivery.append((number, message_id, micros(message.received_at), sealed))
        hits, fresh = [], []
        for finding in {each.decoy.id: each for each in arrival.findings}.values():
            row = self.db.execute(
                "UPDATE hit SET deliveries = deliveries + ? "
                "WHERE message_id = ? AND decoy_id = ? RETURNING id",
                (int(message.ours), message_id, row_id("dec", finding.decoy.id)),
            ).fetchone()
            hit_id = row[0] if row else self._hit(finding, micros(message.received_at), message_id, None)
            if row is None:
                fresh.append((hit_id, finding))
            hits.append(public_id("hit", hit_id))
        self._owe(fresh)
        return Kept(tuple(hits), len(fresh))

    def _retire(self, message_id: int) -> None:
        """Let a message be met no more.

        The same bytes after `RETRIES` are no retry after a lost 250: somebody sends them anew.
        """
        retired = self.codec.keyring.index(b"retired", str(message_id))
        self.db.execute("UPDATE message SET content_ix = ? WHERE id = ?", (retired, message_id))

    def _hit(self, finding: Finding, at: int, message_id: int | None, bodiless: Probe | Touch | None) -> int:
        number, decoy_id = self.keeper.next_id(self.db, "hit"), row_id("dec", finding.decoy.id)
        purpose = purpose_of(finding.decoy)
        touch = bodiless if isinstance(bodiless, Touch) else None
        if not (touch or finding.decoy.selftest) and self.keeper.first_hit(decoy_id):  # noise is no touch
            kind = "control" if finding.decoy.control else "decoy"
            self.firsts[kind] = self.firsts.get(kind, 0) + 1
        body = HitBody(
            verdict_body(finding.verdict),
            probe_body(bodiless) if isinstance(bodiless, Probe) else None,
            touch_body(touch) if touch else None,
        )
        sealed = self.codec.seal(b"hit", number, HIT.write(body))
        withheld = not purpose and not self._may_tell(finding)
        self.rows.hit.append(
            (
                *(number, at, finding.verdict.hit_class.value, purpose, decoy_id, message_id, 1, sealed),
                int(withheld),
            )
        )
        return number

    def _may_tell(self, finding: Finding) -> bool:
        """Say whether a hit may be told of, whatever it turns out to be."""
        return self.owed.may_tell(finding.verdict)

    def _owe(self, fresh: Sequence[tuple[int, Finding]], shown_to: Accounts = frozenset()) -> None:
        """Owe a word about new hits: none about controls; a self-test's is told by itself and at once.

        The others are held until they are appraised and joined to an incident.
        """
        tests = [hit_id for hit_id, finding in fresh if finding.decoy.selftest]
        if tests:
            self.rows.alert_hit.extend(self.owed.alone(self.db, self._next, tests, self.now))
        told = [
            (hit_id, row_id("dec", finding.decoy.id))
            for hit_id, finding in fresh
            if not finding.decoy.control and not finding.decoy.selftest and self._may_tell(finding)
        ]
        if told:
            found = (self.keeper.account(decoy_id) for _, decoy_id in told)
            accounts: Accounts = shown_to or frozenset(each for each in found if each is not None)
            hit_ids = [hit_id for hit_id, _ in told]
            flush = lambda: self.rows.write(self.db)  # noqa: E731 - a name for what `together` may call
            owed = self.owed.together(self.db, self._next, hit_ids, accounts, self.now, flush)
            self.rows.alert_hit.extend(owed)

    def _next(self, table: str) -> int:
        return self.keeper.next_id(self.db, table)


def _recipients(arrival: Message | Probe) -> Sequence[str]:
    return (arrival.recipient,) if isinstance(arrival, Probe) else arrival.recipients


def _known(db: sqlite3.Connection, batch: Sequence[Arrival]) -> dict[bytes, tuple[int, int]]:
    """Return the messages of a batch that stand in the database already."""
    wanted = [each.content_ix for each in batch if each.content_ix]
    if not wanted:
        return {}
    padded = 1 << (len(wanted) - 1).bit_length()  # few sizes, so that the statements stay prepared
    query = f"SELECT content_ix, id, received_at FROM message WHERE content_ix IN ({','.join('?' * padded)})"
    rows = db.execute(query, (*wanted, *[wanted[-1]] * (padded - len(wanted))))
    return {content_ix: (number, at) for content_ix, number, at in rows}
