"""Accesses become ledger rows: the record side, inside one transaction."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from canary.model import Access, Decoy, Layer, Placement, Planting
from canary.ports import Draft, Look, Pair, RecordStanding, Standing, View, pair_of
from canary.store import sequences, standings
from canary.store.codec import LAYERS, Codec, micros, public_id, purpose_of, row_id
from canary.store.standings import Found, displayed

DECOY = "INSERT INTO decoy (id, view_id, slot, control, minted_at, address_ix, sealed"
INSERT_DECOY = f"{DECOY}) VALUES (?, ?, ?, ?, ?, ?, ?)"
INSERT_SHARED = f"{DECOY}, layer, record_ix, joined_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one transaction, gathered so that each table is written in one go."""

    first_view: int
    first_access: int
    first_decoy: int
    views: list[tuple[object, ...]] = field(default_factory=list)
    accesses: list[tuple[object, ...]] = field(default_factory=list)
    decoys: list[tuple[object, ...]] = field(default_factory=list)
    shared: list[tuple[object, ...]] = field(default_factory=list)
    exposures: list[tuple[int, int]] = field(default_factory=list)


class SqliteLedger:
    """The record side of one transaction; made and ended by the store."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec
        self._reserved: dict[str, bytes] = {}
        self._reserved_ix: set[bytes] = set()
        self._found = Found({})

    def standings(self, pairs: Iterable[Pair]) -> Mapping[Pair, Standing]:
        """Return what each pair has been shown so far."""
        self._found = Found({pair: self._codec.pair_ix(pair) for pair in pairs})
        return standings.standings(self._db, self._codec, self._found)

    def records(self, records: Iterable[str]) -> Mapping[str, RecordStanding]:
        """Return the shared decoys of each record."""
        return standings.records(self._db, self._codec, records)

    def duplicates(self, accesses: Mapping[str, Access]) -> Mapping[str, Planting]:
        """Return those of the accesses, by identity, that the ledger has already, as it has them."""
        found: dict[str, Planting] = {}
        for identity, access in accesses.items():
            first_view_id = self._found.first_views.get(pair_of(access))
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
        rows = Rows(self._next("view"), sequences.next_access(self._db), self._next("decoy"))
        known: dict[str, Decoy] = {}
        plantings = [self._remember(draft, rows, known) for draft in drafts]
        self._db.executemany("INSERT INTO view VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows.views)
        self._db.executemany("INSERT INTO access VALUES (?, ?, ?, ?, ?, ?)", rows.accesses)
        self._db.executemany(INSERT_DECOY, rows.decoys)
        self._db.executemany(INSERT_SHARED, rows.shared)
        self._db.executemany("INSERT INTO exposure (decoy_id, access_id) VALUES (?, ?)", rows.exposures)
        return plantings

    def _remember(self, draft: Draft, rows: Rows, known: dict[str, Decoy]) -> Planting:
        """Add one draft's rows; `known` are the decoys that this transaction has numbered."""
        codec, access, found = self._codec, draft.access, self._found
        number = rows.first_access + len(rows.accesses)
        pair = pair_of(access)
        pair_ix = found.pairs.get(pair) or codec.pair_ix(pair)
        view_id = self._view(access, pair_ix, draft.view, rows)
        for minted in draft.fresh:
            decoy_id = rows.first_decoy + len(rows.decoys) + len(rows.shared)
            decoy = known[minted.decoy.address] = minted.decoy.numbered(public_id("dec", decoy_id))
            if decoy.layer is Layer.VIEW:
                rows.decoys.append(self._decoy_row(decoy_id, view_id, decoy))
            else:
                joined = (LAYERS.index(decoy.layer), codec.record_ix(access.record), micros(minted.opened))
                rows.shared.append((*self._decoy_row(decoy_id, None, decoy), *joined))
        shown = displayed(codec, pair_ix, [each if each.id else known[each.address] for each in draft.decoys])
        rows.exposures.extend((row_id("dec", decoy.id), number) for decoy in shown)
        sealed = codec.seal_access(number, access)
        source_ix = codec.source_ix(draft.identity)
        first_view_id = found.first_views.setdefault(pair, view_id)
        rows.accesses.append((number, view_id, first_view_id, micros(access.at), source_ix, sealed))
        numbered = access.numbered(public_id("acc", number))
        return Planting(numbered, shown, fresh=len(draft.fresh), opened=draft.view.opened)

    def _view(self, access: Access, pair_ix: bytes, view: View, rows: Rows) -> int:
        """Return the row of an access's view, adding it if it is new."""
        codec, views, opened = self._codec, self._found.views, micros(view.opened)
        view_id = views.get((pair_ix, opened))
        if view_id is None:
            view_id = views[pair_ix, opened] = rows.first_view + len(rows.views)
            employee_ix, record_ix = codec.employee_ix(access.employee), codec.record_ix(access.record)
            counted = (view.slots, view.stood, int(view.bare))
            rows.views.append((view_id, pair_ix, employee_ix, record_ix, opened, *counted))
        return view_id

    def add_controls(self, decoys: Sequence[Decoy]) -> Sequence[Decoy]:
        """Write decoys that nobody is ever shown: controls, and those of self-tests."""
        first = self._next("decoy")
        kept = [decoy.numbered(public_id("dec", first + n)) for n, decoy in enumerate(decoys)]
        rows = [self._decoy_row(first + n, None, decoy) for n, decoy in enumerate(kept)]
        self._db.executemany(INSERT_DECOY, rows)
        tests = sum(decoy.selftest for decoy in kept)
        self._db.execute(
            "UPDATE noise SET controls = controls + ?, selftests = selftests + ?", (len(kept) - tests, tests)
        )
        return kept

    def controls(self) -> int:
        """Return how many controls there are."""
        (count,) = self._db.execute("SELECT controls FROM noise").fetchone()
        return int(count)

    def owe_controls(self, thousandths: int) -> int:
        """Add to the controls that are owed; return how many whole ones are due now, and keep the rest."""
        (debt,) = self._db.execute(
            "UPDATE noise SET debt = debt + ? RETURNING debt", (thousandths,)
        ).fetchone()
        due, rest = divmod(debt, 1000)
        if due:
            self._db.execute("UPDATE noise SET debt = ?", (rest,))
        return int(due)

    def withdraw(self, planting: Planting) -> Planting:
        """Note that an access was shown without its decoys after all."""
        number, bare = row_id("acc", planting.access.id), replace(planting.access, bare=True)
        taken = [(row_id("dec", decoy.id), number) for decoy in planting.decoys]
        self._db.executemany("DELETE FROM exposure WHERE decoy_id = ? AND access_id = ?", taken)
        sealed = self._codec.seal_access(number, bare)
        self._db.execute("UPDATE access SET sealed = ? WHERE id = ?", (sealed, number))
        self._db.execute("UPDATE noise SET withdrawn = withdrawn + 1")
        return replace(planting, access=bare, decoys=())

    def reserve_accesses(self, count: int) -> range:
        """Set row numbers aside that no other access will be given, now or by anybody else."""
        return sequences.reserve(self._db, count)

    def look_again(self, looks: Sequence[Look]) -> None:
        """Write repeated looks down under the identifiers that were told for them."""
        sequences.look_again(self._db, self._codec, looks)

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
        """Return the decoys that an access showed, in their order of display."""
        return standings.shown(self._db, self._codec, access_id, view_id)

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
