"""A number becomes a ledger with so many exposures, an insider's hits, and how long it takes to rank them."""

import gc
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from canary.investigate.evidence import question_of, struck
from canary.investigate.ranking import ranking_of
from canary.mint.layers import in_cohort
from canary.model import Access, Decoy, Layer, Message, Peer
from canary.ports import HitFilter
from canary.store.codec import LAYERS, Codec, micros
from canary.watch import keep_message
from scripts.measure.house import opened
from scripts.measure.inside import CHUNK, address

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
A_DAY = 60_000
OWN_RATE = 0.4
INSIDER = 5
FAR_LATER = timedelta(days=200)
SEED = 11
INSERTS = {
    "view": "INSERT INTO view VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "access": "INSERT INTO access VALUES (?, ?, ?, ?, ?, ?)",
    "decoy": "INSERT INTO decoy VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "exposure": "INSERT INTO shown VALUES (?, ?)",
}
SETTINGS = ("cache_size = -4000000", "synchronous = OFF", "wal_autocheckpoint = 0", "temp_store = MEMORY")
INDEXES = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
    "AND tbl_name IN ('view', 'access', 'decoy')"
)
SHOWN = "INSERT INTO exposure SELECT decoy_id, access_id, NULL FROM shown ORDER BY 1, 2"
NAIVE = (
    "SELECT v.employee_ix, count(DISTINCT e.decoy_id) AS n FROM hit h "
    "JOIN exposure e ON e.decoy_id = h.decoy_id "
    "JOIN access a ON a.id = e.access_id JOIN view v ON v.id = a.view_id GROUP BY 1 ORDER BY n DESC LIMIT 20"
)


@dataclass
class Ledger:
    """Rows of a ledger as they are made; some employees and records are met far more than others."""

    codec: Codec
    employees: int
    records: int
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: {name: [] for name in INSERTS})
    firsts: dict[int, int] = field(default_factory=dict)
    places: dict[str, bytes] = field(default_factory=dict)
    shared: dict[tuple[int, Layer], int] = field(default_factory=dict)
    accesses: int = 0
    decoys: int = 0
    exposures: int = 0

    def look(self, who: int, what: int) -> None:
        """Have an employee look at a record: a view, an access, new decoys, and what was shown."""
        self.accesses += 1
        number, at = self.accesses, BEGAN + timedelta(days=self.accesses / A_DAY)
        access = Access(f"e.{who:05d}", f"B{what:09d}", at, tool="console", session=f"s{number:09x}")
        codec, opened_at = self.codec, micros(at)
        first = self.firsts.setdefault(who * self.records + what, number)
        pair = codec.pair_ix((access.employee, access.record, ""))
        ix = self._place(access.employee, codec.employee_ix), self._place(access.record, codec.record_ix)
        self.rows["view"].append((number, pair, *ix, opened_at, 1, 2, 0))
        source, sealed = codec.source_ix(access.identity), codec.seal_access(number, access)
        self.rows["access"].append((number, number, first, opened_at, source, sealed))
        shown = [self._shared(what, Layer.STABLE, at, ix[1])]
        if in_cohort(codec.keyring.draw, access.record, 0, access.employee):
            shown.append(self._shared(what, Layer.COHORT, at, ix[1]))
        if number % 10 < OWN_RATE * 10:
            shown.append(self._decoy(Layer.VIEW, at, number, None))
        self.rows["exposure"] += [(decoy, number) for decoy in shown]
        self.exposures += len(shown)

    def _place(self, name: str, ix: Callable[[str], bytes]) -> bytes:
        if name not in self.places:
            self.places[name] = ix(name)
        return self.places[name]

    def _shared(self, what: int, layer: Layer, at: datetime, record_ix: bytes) -> int:
        if (what, layer) not in self.shared:
            self.shared[what, layer] = self._decoy(layer, at, None, record_ix)
        return self.shared[what, layer]

    def _decoy(self, layer: Layer, at: datetime, view: int | None, record_ix: bytes | None) -> int:
        self.decoys += 1
        made = Decoy(address(self.decoys), "Robin", "Holt", at, 0, 30.0, "bench", layer=layer)
        sealed = self.codec.seal_decoy(self.decoys, made)
        where = self.codec.address_ix(made.address)
        joined = micros(at) if record_ix else None
        number = LAYERS.index(layer)
        self.rows["decoy"].append(
            (self.decoys, view, 0, 0, micros(at), where, sealed, number, record_ix, joined)
        )
        return self.decoys


def fill(home: str, exposures: int, employees: int, records: int) -> dict[str, int]:
    """Write a ledger with the store's schema and codec, past the minter and its fsyncs.

    Indexes are made at the end, and exposures written in their order: quicker than to keep them in order.
    """
    with opened(Path(home)) as (_, keys, config):
        db = sqlite3.connect(config.store.path, isolation_level=None)
        for setting in SETTINGS:
            db.execute(f"PRAGMA {setting}")
        indexes = db.execute(INDEXES).fetchall()
        db.execute("CREATE TEMP TABLE shown (decoy_id INTEGER, access_id INTEGER)")
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        ledger = Ledger(Codec(keys), employees, records)
        gc.disable()  # there are no cycles, and millions of rows to look through for them
        for who, what in _looks(employees, records):
            ledger.look(who, what)
            if ledger.accesses % (CHUNK * 5) == 0 or ledger.exposures >= exposures:
                _write(db, ledger)
            if ledger.exposures >= exposures:
                break
        for statement in (SHOWN, *(sql for _, sql in indexes), "PRAGMA wal_checkpoint(TRUNCATE)"):
            db.execute(statement)
        db.close()
        size = config.store.path.stat().st_size
        told = {"exposures": ledger.exposures, "accesses": ledger.accesses, "decoys": ledger.decoys}
        return told | {"bytes": size}


def _looks(employees: int, records: int) -> Iterator[tuple[int, int]]:
    chance = random.Random(SEED)  # noqa: S311 - a made-up company
    while True:
        yield int(employees * chance.random() ** 1.5), int(records * chance.random() ** 2)


def _write(db: sqlite3.Connection, ledger: Ledger) -> None:
    db.execute("BEGIN")
    for name, insert in INSERTS.items():
        db.executemany(insert, ledger.rows[name])
        ledger.rows[name].clear()
    db.execute("COMMIT")


def mail(home: str, hits: int, pages: int) -> dict[str, int]:
    """Keep mail to decoys that one insider was shown, in so many messages, each by another sender."""
    with opened(Path(home)) as (planter, keys, config):
        db = sqlite3.connect(config.store.path)
        shown = _shown(db, Codec(keys).employee_ix(f"e.{INSIDER:05d}"))
        db.close()
        chosen = sorted(random.Random(SEED).sample(shown, min(hits, len(shown))))  # noqa: S311 - made up
        for page in range(pages):
            some = tuple(address(number) for number in chosen[page::pages])
            if some:
                peer = Peer(f"198.{18 + page % 2}.{page // 2 % 256}.7", 25, "mx.example")
                at = BEGAN + FAR_LATER + timedelta(minutes=page)
                raw = b"Subject: %d\r\n\r\nhello\r\n" % page
                keep_message(planter.store, Message(raw, f"a@s{page}.example", some, peer, at))
        return {"shown": len(shown), "hits": len(chosen)}


def _shown(db: sqlite3.Connection, employee_ix: bytes) -> list[int]:
    rows = db.execute(
        "SELECT DISTINCT e.decoy_id FROM view v JOIN access a ON a.first_view_id = v.id "
        "JOIN decoy d ON d.record_ix = v.record_ix "
        "JOIN exposure e ON e.decoy_id = d.id AND e.access_id = a.id "
        "WHERE v.employee_ix = ? UNION SELECT d.id FROM view v JOIN decoy d ON d.view_id = v.id "
        "WHERE v.employee_ix = ?",
        (employee_ix, employee_ix),
    )
    return [number for (number,) in rows]


def rank(home: str, hits: int) -> dict[str, Any]:
    """Rank what may be behind so many of the hits; tell each part's seconds, and whether it is right."""
    with opened(Path(home)) as (planter, _, _):
        store, now = planter.store, time.perf_counter
        began = now()
        found = list(store.hits(HitFilter(limit=hits)))
        opened_hits = now() - began
        rate = store.base_rate()
        with store.exposures() as look:
            began = now()
            question = question_of(look, struck(found, rate), rate)
            asked = now() - began
        began, worked = now(), time.process_time()
        view = ranking_of(store, found)
        ranked, worked = now() - began, time.process_time() - worked
        read = 0 if question is None else _read(question.viewings.viewers.values())
        return {
            "hits": view.hits,
            "right": view.rows[0].employees == (f"e.{INSIDER:05d}",),
            "probability": view.rows[0].probability,
            "open": opened_hits,
            "asked": asked,
            "ranked": ranked,
            "cpu": worked,
            "read": read,
            "left_out": view.left_out,
        }


def _read(viewers: Any) -> int:
    return sum(sum(each.times) for each in viewers)


def naive(home: str) -> dict[str, Any]:
    """Count by hand, in one query, how many of all hit decoys each account was shown."""
    with opened(Path(home)) as (_, _, config):
        db = sqlite3.connect(config.store.path)
        began = time.perf_counter()
        rows: Sequence[Any] = db.execute(NAIVE).fetchall()
        seconds = time.perf_counter() - began
        db.close()
        return {"seconds": seconds, "told": len(rows)}
