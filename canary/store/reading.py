"""Rows become hits, accesses, alerts and counts: everything that is only read."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from canary.errors import NotFoundError
from canary.model import Access, Alert, AlertState, BaseRate, Decoy, Hit, Planting
from canary.ports import HitFilter, Status
from canary.store.bodies import HIT, MESSAGE, kept_message, probe_of, verdict_of
from canary.store.codec import CONTROL, SELFTEST, Codec, address_ix, micros, moment, public_id, row_id
from canary.store.ledger import DECOY_COLUMNS, SqliteLedger
from canary.store.noise import last_mail, pulse
from canary.store.outbox import ALERT_COLUMNS
from canary.store.schema import NEWEST

HIT_QUERY = (
    "SELECT h.id, h.at, h.deliveries, h.sealed, h.message_id, h.decoy_id FROM hit h "
    "JOIN decoy d ON d.id = h.decoy_id LEFT JOIN view v ON v.id = d.view_id "
)

Known = dict[int, tuple[Access, ...]]
"""The accesses that showed a decoy, read once for many hits of it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads through one thread's connection."""

    db: sqlite3.Connection
    codec: Codec

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's."""
        query = "SELECT 1 FROM decoy WHERE address_ix = ?"
        return self.db.execute(query, (address_ix(self.codec.keyring, address),)).fetchone() is not None

    def hits(self, wanted: HitFilter) -> Iterator[Hit]:
        """Return the hits, newest first."""
        terms: list[str] = []
        values: list[Any] = []
        for term, value in (
            ("v.employee_ix = ?", wanted.employee and self.codec.employee_ix(wanted.employee)),
            ("v.record_ix = ?", wanted.record and self.codec.record_ix(wanted.record)),
            ("h.class = ?", wanted.hit_class and wanted.hit_class.value),
            ("h.at >= ?", wanted.since and micros(wanted.since)),
        ):
            if value is not None:
                terms.append(term)
                values.append(value)
        if not wanted.controls:
            terms.append("h.control != 1")
        if not wanted.selftests:
            terms.append("h.control != 2")
        where = f"WHERE {' AND '.join(terms)} " if terms else ""
        values.append(-1 if wanted.limit is None else wanted.limit)
        query = f"{HIT_QUERY}{where}ORDER BY h.at DESC, h.id DESC LIMIT ?"
        known: Known = {}
        for row in self.db.execute(query, values).fetchall():
            yield self._hit(row, known)

    def hit(self, hit_id: str) -> Hit:
        """Return one hit. Raises NotFoundError."""
        row = self.db.execute(f"{HIT_QUERY}WHERE h.id = ?", (row_id("hit", hit_id),)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no hit {hit_id}", hint="`canary hits` lists them")
        return self._hit(row, {})

    def access(self, access_id: str) -> Planting:
        """Return one access and the decoys that it showed. Raises NotFoundError."""
        number = row_id("acc", access_id)
        row = self.db.execute("SELECT id, at, sealed, view_id FROM access WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no access {access_id}", hint="`canary hits --json` names them")
        shown = SqliteLedger(self.db, self.codec).shown(number, row[3])
        return Planting(self.codec.open_access(*row[:3]), shown, fresh=0)

    def decoys(self, control: bool | None, *, selftest: bool) -> Iterator[Decoy]:
        """Return the decoys in the order in which they were minted: those of self-tests, or the others."""
        purposes = (SELFTEST,) if selftest else (0, CONTROL) if control is None else (int(control),)
        wanted = f"d.control IN ({','.join(map(str, purposes))})"
        query = f"SELECT {DECOY_COLUMNS} FROM decoy d WHERE d.id > ? AND {wanted} ORDER BY d.id LIMIT 1000"
        last = 0
        while True:
            rows = self.db.execute(query, (last,)).fetchall()
            if not rows:
                return
            yield from (self.codec.open_decoy(row) for row in rows)
            last = rows[-1][0]

    def alerts(self, state: AlertState | None) -> Iterator[Alert]:
        """Return the alerts, newest first."""
        where, values = ("WHERE state = ?", (state.value,)) if state else ("", ())
        for row in self.db.execute(
            f"SELECT {ALERT_COLUMNS} FROM alert {where} ORDER BY id DESC", values
        ).fetchall():
            yield self._alert(row, self.base_rate())

    def alert(self, number: int) -> Alert:
        """Return the alert of a row."""
        row = self.db.execute(f"SELECT {ALERT_COLUMNS} FROM alert WHERE id = ?", (number,)).fetchone()
        return self._alert(row, self.base_rate())

    def base_rate(self) -> BaseRate:
        """Return what is known about noise."""
        return pulse(self.db).rate

    def status(self) -> Status:
        """Return counts and times."""
        rate = self.base_rate()
        control_hits, (selftest_hits, last_selftest) = (
            self._first("count(*) FROM hit WHERE control > 0 AND control = 1"),
            self.db.execute("SELECT count(*), max(at) FROM hit WHERE control > 0 AND control = 2").fetchone(),
        )
        owed = self._first("min(created_at) FROM alert WHERE state = 'owed'")
        last = last_mail(self.db)
        (pages,) = self.db.execute("PRAGMA page_count").fetchone()
        (page_size,) = self.db.execute("PRAGMA page_size").fetchone()
        states = dict(self.db.execute("SELECT state, count(*) FROM alert GROUP BY state").fetchall())
        return Status(
            accesses=self._rows("access"),
            decoys=rate.decoys,
            controls=rate.controls,
            hits=self._rows("hit") - control_hits - selftest_hits,
            control_hits=control_hits,
            strays=rate.strays,
            messages=self._rows("message"),
            alerts={state: states.get(state.value, 0) for state in AlertState},
            oldest_owed=None if owed is None else moment(owed),
            last_mail=None if last is None else moment(last),
            last_selftest=None if last_selftest is None else moment(last_selftest),
            size_bytes=pages * page_size,
            schema=NEWEST,
        )

    def _rows(self, table: str) -> int:
        """Return how many rows a table has: they are numbered from 1 and never deleted."""
        return int(self._first(f"coalesce(max(id), 0) FROM {table}"))

    def _first(self, what: str) -> Any:
        return self.db.execute(f"SELECT {what}").fetchone()[0]

    def _accesses(self, decoy_id: int) -> tuple[Access, ...]:
        rows = self.db.execute(
            "SELECT a.id, a.at, a.sealed FROM exposure e JOIN access a ON a.id = e.access_id "
            "WHERE e.decoy_id = ? ORDER BY a.at, a.id",
            (decoy_id,),
        )
        return tuple(self.codec.open_access(*row) for row in rows)

    def _hit(self, row: tuple[int, int, int, bytes, int | None, int], known: Known) -> Hit:
        number, at, deliveries, sealed, message_id, decoy_id = row
        body = HIT.read(self.codec.open(b"hit", number, sealed))
        decoy = self.db.execute(f"SELECT {DECOY_COLUMNS} FROM decoy d WHERE d.id = ?", (decoy_id,)).fetchone()
        if decoy_id not in known:
            known[decoy_id] = self._accesses(decoy_id)
        message = None
        if message_id is not None:
            received_at, kept = self.db.execute(
                "SELECT received_at, sealed FROM message WHERE id = ?", (message_id,)
            ).fetchone()
            told = MESSAGE.read(self.codec.open(b"message", message_id, kept))
            message = kept_message(message_id, received_at, told)
        return Hit(
            id=public_id("hit", number),
            at=moment(at),
            verdict=verdict_of(body.verdict),
            decoy=self.codec.open_decoy(decoy),
            accesses=known[decoy_id],
            message=message,
            probe=probe_of(body.probe) if body.probe else None,
            deliveries=deliveries,
        )

    def _alert(self, row: tuple[Any, ...], rate: BaseRate) -> Alert:
        number, channel, state, attempts, created_at, due_at, earlier, error = row
        known: Known = {}
        rows = self.db.execute(
            f"{HIT_QUERY}JOIN alert_hit ah ON ah.hit_id = h.id WHERE ah.alert_id = ? ORDER BY h.id", (number,)
        ).fetchall()
        return Alert(
            id=public_id("alr", number),
            channel=channel,
            state=AlertState(state),
            attempts=attempts,
            created_at=moment(created_at),
            due_at=moment(due_at),
            hits=tuple(self._hit(hit, known) for hit in rows),
            error=self.codec.keyring.open(b"alert:%d" % number, error).decode() if error else "",
            earlier=earlier,
            base_rate=rate,
        )
