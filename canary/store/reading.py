"""Rows become hits, accesses, alerts and counts: everything that is only read."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from canary.errors import NotFoundError
from canary.model import Access, Alert, AlertState, BaseRate, Decoy, Hit, HitClass, Planting
from canary.ports import HitFilter, Sighting, Status
from canary.store.bodies import HIT, MESSAGE, kept_message, probe_of, touch_of, verdict_of
from canary.store.codec import CONTROL, SELFTEST, Codec, address_ix, micros, moment, public_id, row_id
from canary.store.ledger import SqliteLedger
from canary.store.noise import last_mail, pulse
from canary.store.outbox import ALERT_COLUMNS
from canary.store.schema import NEWEST
from canary.store.sequences import accesses
from canary.store.sighting import FIRST_EXPOSURES
from canary.store.standings import DECOY_COLUMNS

JOINED = "SELECT incident_id FROM incident_hit WHERE hit_id = ?"
HIT_QUERY = (
    "SELECT h.id, h.at, h.deliveries, h.sealed, h.message_id, h.decoy_id FROM hit h "
    "JOIN decoy d ON d.id = h.decoy_id LEFT JOIN view v ON v.id = d.view_id "
)
SHOWN_TO = (
    "(v.employee_ix = ? OR d.record_ix IS NOT NULL AND EXISTS (SELECT 1 FROM exposure e "
    "JOIN access a ON a.id = e.access_id JOIN view s ON s.id = a.view_id "
    "WHERE e.decoy_id = d.id AND a.at <= h.at AND s.employee_ix = ?))"
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
            (SHOWN_TO, wanted.employee and self.codec.employee_ix(wanted.employee)),
            ("coalesce(v.record_ix, d.record_ix) = ?", wanted.record and self.codec.record_ix(wanted.record)),
            ("h.class = ?", wanted.hit_class and wanted.hit_class.value),
            ("h.at >= ?", wanted.since and micros(wanted.since)),
            ("h.id > ?", row_id("hit", wanted.after) if wanted.after else None),
        ):
            if value is not None:
                terms.append(term)
                values += [value] * term.count("?")
        if not wanted.controls:
            terms.append("h.control != 1")
        if not wanted.selftests:
            terms.append("h.control != 2")
        where = f"WHERE {' AND '.join(terms)} " if terms else ""
        values.append(-1 if wanted.limit is None else wanted.limit)
        order = "h.at DESC, h.id DESC" if wanted.after is None else "h.id"
        query = f"{HIT_QUERY}{where}ORDER BY {order} LIMIT ?"
        known: Known = {}
        for row in self.db.execute(query, values).fetchall():
            yield self.opened(row, known)

    def hit(self, hit_id: str) -> Hit:
        """Return one hit. Raises NotFoundError."""
        row = self.db.execute(f"{HIT_QUERY}WHERE h.id = ?", (row_id("hit", hit_id),)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no hit {hit_id}", hint="`canary hits` lists them")
        return self.opened(row, {})

    def unappraised(self, after: str, limit: int) -> list[Hit]:
        """Return hits behind one that were not appraised yet, in the order they were kept in."""
        query = f"{HIT_QUERY}WHERE h.id > ? AND h.appraised = 0 ORDER BY h.id LIMIT ?"
        known: Known = {}
        last = row_id("hit", after) if after else 0
        return [self.opened(row, known) for row in self.db.execute(query, (last, limit)).fetchall()]

    def access(self, access_id: str) -> Planting:
        """Return one access and the decoys that it showed. Raises NotFoundError."""
        number = row_id("acc", access_id)
        row = self.db.execute("SELECT id, at, sealed, view_id FROM access WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no access {access_id}", hint="`canary hits --json` names them")
        shown = SqliteLedger(self.db, self.codec).shown(number, row[3])
        return Planting(self.codec.open_access(*row[:3]), shown, fresh=0)

    def sighting(self, decoy_id: str, access_id: str) -> Sighting:
        """Return a decoy, with the access if that showed it. Raises NotFoundError without such a decoy."""
        number = row_id("dec", decoy_id)
        decoy = self.db.execute(f"SELECT {DECOY_COLUMNS} FROM decoy d WHERE d.id = ?", (number,)).fetchone()
        if decoy is None:
            raise NotFoundError(f"there is no decoy {decoy_id}", hint="`canary decoys` lists them")
        rows = self.db.execute(
            "SELECT a.id, a.at, a.sealed FROM exposure e JOIN access a ON a.id = e.access_id "
            "WHERE e.decoy_id = ? AND e.access_id = ?",
            (number, row_id("acc", access_id)),
        )
        return Sighting(self.codec.open_decoy(decoy), tuple(self.codec.open_access(*row) for row in rows))

    def knows(self, beside: str, identity: str) -> bool:
        """Say whether an access is in the ledger of the same employee and record as another one."""
        row = self.db.execute(
            "SELECT 1 FROM access f JOIN access k ON k.first_view_id = f.first_view_id AND k.source_ix = ? "
            "WHERE f.id = ?",
            (self.codec.source_ix(identity), row_id("acc", beside)),
        ).fetchone()
        return row is not None

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
        owed = self._first("min(owed_from) FROM alert WHERE state = 'owed'")
        last = last_mail(self.db)
        (pages,) = self.db.execute("PRAGMA page_count").fetchone()
        (page_size,) = self.db.execute("PRAGMA page_size").fetchone()
        withheld = self.db.execute("SELECT class, count(*) FROM hit WHERE withheld = 1 GROUP BY class")
        states = dict(self.db.execute("SELECT state, count(*) FROM alert GROUP BY state").fetchall())
        return Status(
            accesses=accesses(self.db),
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
            withheld={HitClass(name): count for name, count in withheld},
        )

    def _rows(self, table: str) -> int:
        """Return how many rows a table has: they are numbered from 1 and never deleted."""
        return int(self._first(f"coalesce(max(id), 0) FROM {table}"))

    def _first(self, what: str) -> Any:
        return self.db.execute(f"SELECT {what}").fetchone()[0]

    def _accesses(self, decoy_id: int) -> tuple[Access, ...]:
        """Return the accesses that showed a decoy, of very many those on record first."""
        rows = self.db.execute(
            "SELECT a.id, a.at, a.sealed FROM exposure e JOIN access a ON a.id = e.access_id "
            f"WHERE e.decoy_id = ?1 AND e.access_id < {FIRST_EXPOSURES.format(decoy='?1')} "
            "ORDER BY a.at, a.id",
            (decoy_id,),
        )
        return tuple(self.codec.open_access(*row) for row in rows)

    def opened(self, row: tuple[int, int, int, bytes, int | None, int], known: Known) -> Hit:
        """Return the hit of a row of `HIT_QUERY`."""
        number, at, deliveries, sealed, message_id, decoy_id = row
        body = HIT.read(self.codec.open(b"hit", number, sealed))
        decoy = self.db.execute(f"SELECT {DECOY_COLUMNS} FROM decoy d WHERE d.id = ?", (decoy_id,)).fetchone()
        touch = touch_of(body.touch) if body.touch else None
        accesses = self.sighting(public_id("dec", decoy_id), touch.access).accesses if touch else ()
        if not accesses:
            accesses = known[decoy_id] = known.get(decoy_id) or self._accesses(decoy_id)
        message = None
        if message_id is not None:
            received_at, kept = self.db.execute(
                "SELECT received_at, sealed FROM message WHERE id = ?", (message_id,)
            ).fetchone()
            told = MESSAGE.read(self.codec.open(b"message", message_id, kept))
            message = kept_message(message_id, received_at, told)
        joined = self.db.execute(JOINED, (number,)).fetchone()
        return Hit(
            id=public_id("hit", number),
            at=moment(at),
            verdict=verdict_of(body.verdict),
            decoy=self.codec.open_decoy(decoy),
            accesses=_by(moment(at), accesses) if decoy[-1] else accesses,
            message=message,
            probe=probe_of(body.probe) if body.probe else None,
            deliveries=deliveries,
            touch=touch,
            incident=public_id("inc", joined[0]) if joined else "",
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
            hits=tuple(self.opened(hit, known) for hit in rows),
            error=self.codec.keyring.open(b"alert:%d" % number, error).decode() if error else "",
            earlier=earlier,
            base_rate=rate,
        )


def _by(at: datetime, accesses: tuple[Access, ...]) -> tuple[Access, ...]:
    """Return the accesses up to a hit, or all where every one is later: compare the clocks.

    Those who were shown a shared decoy since then have nothing to do with the hit.
    """
    return tuple(access for access in accesses if access.at <= at) or accesses
