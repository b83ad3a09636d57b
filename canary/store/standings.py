"""Rows become what stands: what pairs were shown so far, and the decoys that a record's viewers share."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any

from canary.address import canonical
from canary.model import Decoy, Layer
from canary.ports import Minted, Pair, RecordStanding, Standing, View
from canary.store.codec import Codec, moment, row_id

CHUNK = 500
DECOY_COLUMNS = "d.id, d.slot, d.control, d.minted_at, d.sealed, d.layer"
NOTHING_YET = Standing()
NOTHING_SHARED = RecordStanding()
_opened = attrgetter("opened")


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of pairs: where they are found, their first views, and the rows of all of them."""

    pairs: dict[Pair, bytes]
    first_views: dict[Pair, int] = field(default_factory=dict)
    views: dict[tuple[bytes, int], int] = field(default_factory=dict)


def standings(db: sqlite3.Connection, codec: Codec, found: Found) -> Mapping[Pair, Standing]:
    """Return what each pair has been shown so far; note in `found` which rows their views are."""
    pair_of = {pair_ix: pair for pair, pair_ix in found.pairs.items()}
    owner: dict[int, tuple[Pair, int]] = {}
    views: dict[Pair, list[View]] = defaultdict(list)
    query = "SELECT id, pair_ix, opened_at, slots, stood, bare FROM view WHERE pair_ix IN "
    for view_id, pair_ix, opened, slots, stood, bare in _select(db, query, list(pair_of)):
        pair = pair_of[pair_ix]
        owner[view_id] = (pair, opened)
        found.first_views[pair] = min(view_id, found.first_views.get(pair, view_id))
        found.views[pair_ix, opened] = view_id
        views[pair].append(View(moment(opened), slots, stood, bool(bare)))
    minted: dict[Pair, list[Minted]] = defaultdict(list)
    query = f"SELECT d.view_id, {DECOY_COLUMNS} FROM decoy d WHERE d.view_id IN "
    for view_id, *row in _select(db, query, list(owner)):
        pair, opened = owner[view_id]
        minted[pair].append(Minted(moment(opened), codec.open_decoy(tuple(row))))
    stand = dict.fromkeys(found.pairs, NOTHING_YET)
    for pair, opened_views in views.items():
        ascending = sorted(opened_views, key=_opened)
        stand[pair] = Standing(
            tuple(view for view in ascending if not view.bare),
            tuple(sorted(minted[pair], key=lambda each: each.decoy.slot)),
            tuple(view for view in ascending if view.bare),
        )
    return stand


def records(db: sqlite3.Connection, codec: Codec, wanted: Iterable[str]) -> dict[str, RecordStanding]:
    """Return the shared decoys of each record, first minted first."""
    stand = dict.fromkeys(wanted, NOTHING_SHARED)
    if db.execute("SELECT 1 FROM decoy WHERE record_ix IS NOT NULL LIMIT 1").fetchone() is None:
        return stand
    record_of = {codec.record_ix(record): record for record in stand}
    minted: dict[str, list[Minted]] = defaultdict(list)
    query = f"SELECT d.record_ix, d.joined_at, {DECOY_COLUMNS} FROM decoy d WHERE d.record_ix IN "
    for record_ix, joined, *row in _select(db, query, list(record_of)):
        minted[record_of[record_ix]].append(Minted(moment(joined), codec.open_decoy(tuple(row))))
    for record, shared in minted.items():
        ascending = sorted(shared, key=lambda each: row_id("dec", each.decoy.id))
        stand[record] = RecordStanding(tuple(ascending))
    return stand


def shown(db: sqlite3.Connection, codec: Codec, access_id: int, view_id: int) -> tuple[Decoy, ...]:
    """Return the decoys that an access showed, in their order of display."""
    rows = db.execute(
        f"SELECT mine.pair_ix, {DECOY_COLUMNS} FROM view mine "
        "JOIN view v ON v.pair_ix = mine.pair_ix JOIN decoy d ON d.view_id = v.id "
        "JOIN exposure e ON e.decoy_id = d.id AND e.access_id = ? WHERE mine.id = ? "
        f"UNION ALL SELECT mine.pair_ix, {DECOY_COLUMNS} FROM view mine "
        "JOIN decoy d ON d.record_ix = mine.record_ix "
        "JOIN exposure e ON e.decoy_id = d.id AND e.access_id = ? WHERE mine.id = ?",
        (access_id, view_id) * 2,
    ).fetchall()
    if not rows:
        return ()
    return displayed(codec, rows[0][0], [codec.open_decoy(row[1:]) for row in rows])


def displayed(codec: Codec, pair_ix: bytes, decoys: Sequence[Decoy]) -> tuple[Decoy, ...]:
    """Return decoys in their order of display, which stays as others join.

    View-unique ones are in the order of their slots. A shared one stands behind so many of these as a keyed
    coin falls on its head before its tail, another coin for each pair: nobody can tell it by its place.
    """
    if len(decoys) <= 1:
        return tuple(decoys)
    return tuple(sorted(decoys, key=lambda decoy: _rank(codec, pair_ix, decoy)))


def _rank(codec: Codec, pair_ix: bytes, decoy: Decoy) -> tuple[float, bytes]:
    if decoy.layer is Layer.VIEW:
        return decoy.slot, b""
    drawn = codec.keyring.draw(b"order", pair_ix + canonical(decoy.address).encode(), 16)
    coins = int.from_bytes(drawn[:8]) | 1 << 63
    return (coins & -coins).bit_length() - 1.5, drawn


def _select(db: sqlite3.Connection, query: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield from db.execute(f"{query}({','.join('?' * len(chunk))})", chunk)
