"""Accesses become ledger rows: the record side, inside one transaction."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from canary.model import Access, Decoy, Placement, Planting
from canary.ports import Draft, Minted, Pair, Standing
from canary.store.codec import Codec, micros, moment, public_id, purpose_of, row_id

CHUNK = 500
NOTHING_YET = Standing()
DECOY_COLUMNS = "d.id, d.slot, d.control, d.minted_at, d.sealed"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one transaction, gathered so that each table is written in one go."""

    first_view: int
    first_access: int
    first_decoy: int
    views: list[tuple[object, ...]] = field(default_factory=list)
    accesses: list[tuple[object, ...]] = field(default_factory=list)
    decoys: list[tuple[object, ...]] = field(default_factory=list)
    exposures: list[tuple[int, int]] = field(default_factory=list)


class SqliteLedger:
    """The record side of one transaction; made and ended by the store."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec
        self._reserved: dict[str, bytes] = {}
        self._reserved_ix: set[bytes] = set()
        self._pairs: dict[Pair, bytes] = {}
        self._first_views: dict[Pair, int] = {}
        self._views: dict[tuple[bytes, int], int] = {}

    def standings(self, pairs: Iterable[Pair]) -> Mapping[Pair, Standing]:
        """Return what each employee has been shown of each record so far."""
        self._pairs = {pair: self._codec.pair_ix(pair) for pair in pairs}
        pair_of = {pair_ix: pair for pair, pair_ix in self._pairs.items()}
        owner: dict[int, tuple[Pair, int]] = {}
        views: dict[Pair, list[int]] = defaultdict(list)
        for view_id, pair_ix, opened in self._select(
            "SELECT id, pair_ix, opened_at FROM view WHERE pair_ix IN ", list(pair_of)
        ):
            pair = pair_of[pair_ix]
            owner[view_id] = (pair, opened)
            self._first_views[pair] = min(view_id, self._first_views.get(pair, view_id))
            views[pair].append(opened)
            self._views[pair_ix, opened] = view_id
        minted: dict[Pair, list[Minted]] = defaultdict(list)
        for view_id, *row in self._select(
            f"SELECT d.view_id, {DECOY_COLUMNS} FROM decoy d WHERE d.view_id IN ", list(owner)
        ):
            pair, opened = owner[view_id]
            number, slot, control, minted_at, sealed = row
            decoy = self._codec.open_decoy((number, slot, control, minted_at, sealed))
            minted[pair].append(Minted(moment(opened), decoy))
        found = dict.fromkeys(pair_of.values(), NOTHING_YET)
        for pair, opened_at in views.items():
            in_slots = sorted(minted[pair], key=lambda each: each.decoy.slot)
            found[pair] = Standing(tuple(moment(opened) for opened in sorted(opened_at)), tuple(in_slots))
        return found

    def duplicates(self, accesses: Mapping[str, Access]) -> Mapping[str, Planting]:
        """Return those of the accesses, by identity, that the ledger has already, as it has them."""
        found: dict[str, Planting] = {}
        for identity, access in accesses.items():
            first_view_id = self._first_views.get((access.employee, access.record))
            if first_view_id is None:
                continue
            row = self._db.execute(
                "SELECT id, at, sealed FROM access WHERE first_view_id = ? AND source_ix = ?",
                (first_view_id, self._codec.source_ix(identity)),
            ).fetchone()
            if row:
                known = self._codec.open_access(*row)
                shown = self.shown(row[0], first_view_id)
                found[identity] = Planting(known, shown, fresh=0, duplicate=True)
        return found

    def reserve(self, address: str) -> bool:
        """Claim an address for this transaction; False if it meets a decoy under its canonical form."""
        address_ix = self._codec.address_ix(address)
        if address_ix in self._reserved_ix:
            return False
        if self._db.execute("SELECT 1 FROM decoy WHERE address_ix = ?", (address_ix,)).fetchone():
            return False
        self._reserved[address] = address_ix
        self._reserved_ix.add(address_ix)
        return True

    def remember(self, drafts: Sequence[Draft]) -> Sequence[Planting]:
        """Write accesses, views, decoys and exposures; return them with their identifiers."""
        rows = Rows(self._next("view"), self._next("access"), self._next("decoy"))
        known: dict[str, Decoy] = {}
        plantings = [self._remember(draft, rows, known) for draft in drafts]
        self._db.executemany("INSERT INTO view VALUES (?, ?, ?, ?, ?)", rows.views)
        self._db.executemany("INSERT INTO access VALUES (?, ?, ?, ?, ?, ?)", rows.accesses)
        self._db.executemany("INSERT INTO decoy VALUES (?, ?, ?, ?, ?, ?, ?)", rows.decoys)
        self._db.executemany("INSERT INTO exposure (decoy_id, access_id) VALUES (?, ?)", rows.exposures)
        return plantings

    def _remember(self, draft: Draft, rows: Rows, known: dict[str, Decoy]) -> Planting:
        """Add one draft's rows; `known` are the decoys that this transaction has numbered."""
        codec, access = self._codec, draft.access
        number = rows.first_access + len(rows.accesses)
        view_id = self._view(access, micros(draft.view_opened), rows)
        shown, fresh = [], 0
        for drafted in draft.decoys:
            decoy = drafted if drafted.id else known.get(drafted.address)
            if decoy is None:
                decoy_id = rows.first_decoy + len(rows.decoys)
                decoy = known[drafted.address] = drafted.numbered(public_id("dec", decoy_id))
                rows.decoys.append(self._decoy_row(decoy_id, view_id, decoy))
                fresh += 1
            rows.exposures.append((row_id("dec", decoy.id), number))
            shown.append(decoy)
        sealed = codec.seal_access(number, access)
        source_ix = codec.source_ix(draft.identity)
        first_view_id = self._first_views.setdefault((access.employee, access.record), view_id)
        rows.accesses.append((number, view_id, first_view_id, micros(access.at), source_ix, sealed))
        return Planting(access.numbered(public_id("acc", number)), tuple(shown), fresh=fresh)

    def _view(self, access: Access, opened: int, rows: Rows) -> int:
        """Return the row of an access's view, adding it if it is new."""
        codec = self._codec
        pair = (access.employee, access.record)
        pair_ix = self._pairs.get(pair) or codec.pair_ix(pair)
        view_id = self._views.get((pair_ix, opened))
        if view_id is None:
            view_id = self._views[pair_ix, opened] = rows.first_view + len(rows.views)
            employee_ix, record_ix = codec.employee_ix(access.employee), codec.record_ix(access.record)
            rows.views.append((view_id, pair_ix, employee_ix, record_ix, opened))
        return view_id

    def add_controls(self, decoys: Sequence[Decoy]) -> Sequence[Decoy]:
        """Write decoys that nobody is ever shown: controls, and those of self-tests."""
        first = self._next("decoy")
        kept = [decoy.numbered(public_id("dec", first + n)) for n, decoy in enumerate(decoys)]
        rows = [self._decoy_row(first + n, None, decoy) for n, decoy in enumerate(kept)]
        self._db.executemany("INSERT INTO decoy VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        tests = sum(decoy.selftest for decoy in kept)
        self._db.execute(
            "UPDATE noise SET controls = controls + ?, selftests = selftests + ?", (len(kept) - tests, tests)
        )
        return kept

    def controls(self) -> int:
        """Return how many controls there are."""
        (count,) = self._db.execute("SELECT controls FROM noise").fetchone()
        return int(count)

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown; if these are all of them, forget the others."""
        number = row_id("acc", access_id)
        placed = {row_id("dec", each.decoy.id): each.position for each in placements}
        view_id = self._db.execute("SELECT view_id FROM access WHERE id = ?", (number,)).fetchone()[0]
        for decoy in self.shown(number, view_id):
            decoy_id = row_id("dec", decoy.id)
            if decoy_id in placed:
                self._db.execute(
                    "UPDATE exposure SET position = ? WHERE decoy_id = ? AND access_id = ?",
                    (placed[decoy_id], decoy_id, number),
                )
            elif all_of_them:
                self._db.execute(
                    "DELETE FROM exposure WHERE decoy_id = ? AND access_id = ?", (decoy_id, number)
                )
                self._db.execute("UPDATE noise SET withdrawn = withdrawn + 1")

    def shown(self, access_id: int, view_id: int) -> tuple[Decoy, ...]:
        """Return the decoys that an access showed, in the order of their slots."""
        rows = self._db.execute(
            f"SELECT {DECOY_COLUMNS} FROM view mine "
            "JOIN view v ON v.pair_ix = mine.pair_ix JOIN decoy d ON d.view_id = v.id "
            "JOIN exposure e ON e.decoy_id = d.id AND e.access_id = ? WHERE mine.id = ? ORDER BY d.slot",
            (access_id, view_id),
        )
        return tuple(self._codec.open_decoy(row) for row in rows)

    def _decoy_row(self, number: int, view_id: int | None, decoy: Decoy) -> tuple[object, ...]:
        address_ix = self._reserved.get(decoy.address) or self._codec.address_ix(decoy.address)
        return (
            number,
            view_id,
            decoy.slot,
            purpose_of(decoy),
            micros(decoy.minted_at),
            address_ix,
            self._codec.seal_decoy(number, decoy),
        )

    def _next(self, table: str) -> int:
        (highest,) = self._db.execute(f"SELECT max(id) FROM {table}").fetchone()
        return (highest or 0) + 1

    def _select(self, query: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        rest = iter(values)
        while chunk := list(islice(rest, CHUNK)):
            yield from self._db.execute(f"{query}({','.join('?' * len(chunk))})", chunk)
