"""The ledger becomes columns: who was shown the decoys that were hit, and how much else these were shown."""

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import itemgetter

from canary.address import canonical, split
from canary.model import Access, Decoy
from canary.model.showing import Place, Showing, Unhit, Viewers, Viewings
from canary.store.codec import LAYERS, Codec, micros, public_id, row_id
from canary.store.sighting import CHUNK
from canary.store.standings import DECOY_COLUMNS

PLANTED = (
    "SELECT d.id, coalesce(v.record_ix, d.record_ix), "
    "(SELECT count(*) FROM (SELECT 1 FROM exposure e WHERE e.decoy_id = d.id LIMIT {most})) "
    "FROM decoy d LEFT JOIN view v ON v.id = d.view_id WHERE d.id IN ({marks})"
)
SHOWN = (
    "SELECT v.employee_ix, a.at FROM exposure e CROSS JOIN access a ON a.id = e.access_id "
    "CROSS JOIN view v ON v.id = a.view_id WHERE e.decoy_id = ?"
)
OWN = (
    "SELECT d.id, 0, v.record_ix, v.opened_at FROM view v JOIN decoy d ON d.view_id = v.id "
    "WHERE v.employee_ix = ? AND v.opened_at <= ?"
)
# A pair's accesses are found by its first view. Of a record-stable decoy the times tell that it was shown; a
# cohort's was shown if an access of the pair says so.
SHARED = (
    "WITH pair AS MATERIALIZED (SELECT min(id) AS first, record_ix, "
    "min(CASE WHEN bare = 0 THEN opened_at END) AS opened, "
    "max(CASE WHEN bare = 0 THEN opened_at END) AS latest "
    "FROM view WHERE employee_ix = ? AND opened_at <= ? GROUP BY pair_ix) "
    "SELECT d.id, d.layer, d.record_ix, max(p.opened, d.joined_at) FROM pair p "
    "CROSS JOIN decoy d ON d.record_ix = p.record_ix WHERE d.joined_at <= p.latest "
    "AND (d.layer = 1 OR EXISTS (SELECT 1 FROM access a "
    "CROSS JOIN exposure e ON e.decoy_id = d.id AND e.access_id = a.id WHERE a.first_view_id = p.first))"
)
NAMER = (
    "SELECT a.id, a.at, a.sealed FROM view v CROSS JOIN access a ON a.first_view_id = v.id "
    "WHERE v.employee_ix = ? LIMIT 1"
)
FIRST = (
    "SELECT a.id, a.at, a.sealed FROM (SELECT access_id FROM exposure WHERE decoy_id = ? "
    "ORDER BY access_id LIMIT ?) e CROSS JOIN access a ON a.id = e.access_id ORDER BY a.at, a.id"
)
LEAST = (
    "WITH RECURSIVE each(ix, n) AS (SELECT min(employee_ix), 1 FROM view UNION ALL "
    "SELECT (SELECT min(employee_ix) FROM view WHERE employee_ix > each.ix), n + 1 FROM each "
    "WHERE each.ix IS NOT NULL AND n < ?) SELECT ix FROM each WHERE ix IS NOT NULL"
)
SKETCH = 1024
"""Keyed hashes are spread evenly, so that the least of them tell how many there are, within 3 % (Bar-Yossef
et al., Counting Distinct Elements in a Data Stream, RANDOM 2002)."""

REMEMBERED = 64
"""What so many accounts were shown is remembered, of those asked about last: a few MB each at the most."""

SPREAD = 2000
"""A domain of so few decoys that none of as many, taken evenly, is on it would have to be configured."""

Shown = tuple[int, int, Place, int]
"""A decoy that an account was shown: its row, its layer's number, its record, when first."""


@dataclass(frozen=True, slots=True)
class SqliteExposures:
    """Looks at who was shown what, through one reader; what it read of some accounts it remembers."""

    db: sqlite3.Connection
    codec: Codec
    known: dict[tuple[Place, int], list[Shown]] = field(default_factory=dict)

    def viewings(self, decoy_ids: Iterable[str], most: int) -> Viewings:
        """Return who was shown each of some decoys; the rarest first, up to `most` exposures in all."""
        planted: list[tuple[int, Place | None, int]] = []
        numbers = sorted({row_id("dec", each) for each in decoy_ids})
        for some in _chunks(numbers):
            marks = ",".join("?" * len(some))
            planted += self.db.execute(PLANTED.format(most=most + 1, marks=marks), some)
        places: dict[Place, int] = {}
        viewers: dict[str, Viewers] = {}
        read = 0
        for number, _, count in sorted(planted, key=itemgetter(2, 0)):
            if read + count > most:
                break
            read += count
            viewers[public_id("dec", number)] = self._viewers(number, places)
        names = {public_id("dec", number): record for number, record, _ in planted if record is not None}
        left = frozenset(public_id("dec", number) for number, *_ in planted) - viewers.keys()
        return Viewings(tuple(places), viewers, names, left)

    def showings(
        self, groups: Iterable[tuple[Place, ...]], hit: Iterable[str], until: datetime
    ) -> Mapping[tuple[Place, ...], Showing]:
        """Return how much accounts had been shown by a time; of several together, a decoy once.

        `hit` are the decoys that were hit. Decoys of a view count as shown when it opened, though a page
        may have been shown without them since.
        """
        struck, by = frozenset(row_id("dec", each) for each in hit), micros(until)
        return {group: _showing(self._together(group, by), struck) for group in groups}

    def accounts(self, sample: int) -> tuple[int, tuple[Place, ...]]:
        """Return how many accounts were shown anything, about, and some of them, chosen by no property."""
        least = [place for (place,) in self.db.execute(LEAST, (SKETCH,))]
        if len(least) < SKETCH:
            return len(least), tuple(least[:sample])
        share = (int.from_bytes(least[-1]) + 1) / 2 ** (8 * len(least[-1]))
        return round((SKETCH - 1) / share), tuple(least[:sample])

    def employees(self, accounts: Iterable[Place]) -> Mapping[Place, str]:
        """Return the names of accounts, by opening one access of each."""
        rows = ((place, self.db.execute(NAMER, (place,)).fetchone()) for place in accounts)
        return {place: self.codec.open_access(*row).employee for place, row in rows if row}

    def accesses(self, decoy_id: str, most: int) -> tuple[tuple[Access, ...], int]:
        """Return the first accesses that showed a decoy, and how many there are in all."""
        number = row_id("dec", decoy_id)
        (count,) = self.db.execute("SELECT count(*) FROM exposure WHERE decoy_id = ?", (number,)).fetchone()
        rows = self.db.execute(FIRST, (number, most)).fetchall()
        return tuple(self.codec.open_access(*row) for row in rows), int(count)

    def found(self, addresses: Sequence[str]) -> Mapping[str, Decoy]:
        """Return those of some addresses that are decoys', under any form that a broker may give them."""
        places = {self.codec.address_ix(address): address for address in addresses}
        decoys: dict[str, Decoy] = {}
        for some in _chunks(list(places)):
            query = f"SELECT d.address_ix, {DECOY_COLUMNS} FROM decoy d WHERE d.address_ix IN "
            for place, *row in self.db.execute(f"{query}({','.join('?' * len(some))})", some).fetchall():
                decoys[places[place]] = self.codec.open_decoy(tuple(row))
        return decoys

    def domains(self) -> frozenset[str]:
        """Return the domains of decoys, by looking at some of them, evenly: one with few may be missing."""
        (most,) = self.db.execute("SELECT coalesce(max(id), 0) FROM decoy").fetchone()
        numbers = range(1, most + 1, max(1, most // SPREAD))
        rows = (
            self.db.execute(
                f"WITH at(id) AS (VALUES {','.join(f'({number})' for number in numbers)}) "
                "SELECT d.id, d.sealed FROM at CROSS JOIN decoy d ON d.id = at.id"
            )
            if most
            else ()
        )
        return frozenset(split(self.codec.decoy_address(*row))[1].lower() for row in rows)

    def locals_by_domain(self) -> Mapping[str, str]:
        """Return the canonical local parts of all decoys but self-tests', a line each, by domain.

        Memory: some 20 bytes a decoy.
        """
        parts: dict[str, list[str]] = defaultdict(list)
        told: dict[str, str] = defaultdict(str)
        for number, sealed in self.db.execute("SELECT id, sealed FROM decoy WHERE control != 2 ORDER BY id"):
            local, domain = split(canonical(self.codec.decoy_address(number, sealed)))
            some = parts[domain]
            some.append(local)
            if len(some) >= SPREAD:
                told[domain] += "\n".join(some) + "\n"
                some.clear()
        return {domain: told[domain] + "\n".join(some) for domain, some in parts.items()}

    def _viewers(self, number: int, places: dict[Place, int]) -> Viewers:
        seen: dict[int, list[int]] = {}
        for place, at in self.db.execute(SHOWN, (number,)):
            account = places.setdefault(place, len(places))
            row = seen.get(account)
            if row is None:
                seen[account] = [at, 1, at]
            else:
                row[0], row[1], row[2] = min(row[0], at), row[1] + 1, max(row[2], at)
        accounts = array("l", sorted(seen))
        columns = (array("q", [seen[account][column] for account in accounts]) for column in range(3))
        return Viewers(accounts, *columns)

    def _together(self, group: tuple[Place, ...], by: int) -> Iterable[Shown]:
        if len(group) == 1:
            return self._of(group[0], by)
        once: dict[int, Shown] = {}
        for place in group:
            for row in self._of(place, by):
                known = once.get(row[0])
                if known is None or row[3] < known[3]:
                    once[row[0]] = row
        return once.values()

    def _of(self, place: Place, by: int) -> list[Shown]:
        rows = self.known.pop((place, by), None)
        if rows is None:
            rows = self.db.execute(OWN, (place, by)).fetchall()
            if self._shares():
                rows += {row[0]: row for row in self.db.execute(SHARED, (place, by))}.values()
        self.known[place, by] = rows
        while len(self.known) > REMEMBERED:
            del self.known[next(iter(self.known))]
        return rows

    def _shares(self) -> bool:
        return (
            self.db.execute("SELECT 1 FROM decoy WHERE record_ix IS NOT NULL LIMIT 1").fetchone() is not None
        )


def _showing(rows: Iterable[Shown], struck: frozenset[int]) -> Showing:
    """Return what decoys that somebody was shown come to."""
    every: dict[Place, list[int]] = {}
    touched: set[Place] = set()
    unhit: dict[Place, list[int]] = {}
    first: list[int] = []
    for number, layer, record, at in rows:
        counts = every.get(record)
        if counts is None:
            counts = every[record] = [0] * len(LAYERS)
        counts[layer] += 1
        if number in struck:
            touched.add(record)
            continue
        first.append(at)
        told = unhit.setdefault(record, [0, 0, number])
        told[layer > 0] += 1
    first.sort()
    return Showing(
        _sum(every.values()),
        _sum(every[record] for record in touched),
        len(every),
        array("q", first),
        {record: Unhit(own, shared, public_id("dec", one)) for record, (own, shared, one) in unhit.items()},
    )


def _sum(counts: Iterable[Sequence[int]]) -> tuple[int, int, int]:
    view = stable = cohort = 0
    for one, two, three in counts:
        view, stable, cohort = view + one, stable + two, cohort + three
    return view, stable, cohort


def _chunks(values: Sequence[object]) -> Iterator[list[object]]:
    rest = iter(values)
    while some := list(islice(rest, CHUNK)):
        yield some
