"""An address becomes the decoy and the accesses that showed it; those mailed again are remembered."""

import sqlite3
import threading
from collections.abc import Iterable
from typing import Any

from canary.ports import Sighting
from canary.store.codec import Codec
from canary.store.noise import pulse

MOST_REMEMBERED = 2048
MOST_ACCESSES = 16
"""A decoy that more accesses showed is read anew each time: memory has its bounds."""

MOST_READ = 500
"""How many of a decoy's accesses are read, those on record first: somebody waits for a 250 meanwhile."""

FIRST_EXPOSURES = (
    "coalesce((SELECT access_id FROM exposure WHERE decoy_id = {decoy} ORDER BY access_id "
    f"LIMIT 1 OFFSET {MOST_READ}), 9223372036854775807)"
)
QUERY = (
    "SELECT d.id, d.slot, d.control, d.minted_at, d.sealed, d.layer, a.id, a.at, a.sealed, d.address_ix "
    "FROM decoy d LEFT JOIN exposure e ON e.decoy_id = d.id "
    f"AND e.access_id <= {FIRST_EXPOSURES.format(decoy='d.id')} "
    "LEFT JOIN access a ON a.id = e.access_id "
    "WHERE d.address_ix IN ({marks}) ORDER BY d.id, a.at, a.id"
)
CHUNK = 256


class Sightings:
    """Looks sightings up, for all threads of a store.

    What is remembered holds for as long as no access was added and no exposure withdrawn, by whatever
    process: one look at the database tells.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._lock = threading.Lock()
        self._ledger: object = None
        self._known: dict[bytes, Sighting] = {}

    def find(
        self, db: sqlite3.Connection, addresses: Iterable[str], ledger: object = None
    ) -> dict[str, Sighting]:
        """Return, for those of the addresses that are decoys', the decoy and who was shown it.

        `ledger` is anything that is another when an access was added or an exposure withdrawn; where it is
        not given, the database is asked.
        """
        known = self._known_at(pulse(db).ledger if ledger is None else ledger)
        places = {address: self._codec.address_ix(address) for address in addresses}
        met = {place: known[place] for place in places.values() if place in known}
        missing = list({place for place in places.values() if place not in met})
        for at in range(0, len(missing), CHUNK):
            met |= self._read(db, missing[at : at + CHUNK], known)
        return {address: met[place] for address, place in places.items() if place in met}

    def _known_at(self, ledger: object) -> dict[bytes, Sighting]:
        """Return what is remembered of the ledger as it is; older looks get a memory of their own."""
        with self._lock:
            if ledger != self._ledger:
                self._ledger, self._known = ledger, {}
            return self._known

    def _read(
        self, db: sqlite3.Connection, places: list[bytes], known: dict[bytes, Sighting]
    ) -> dict[bytes, Sighting]:
        codec = self._codec
        padded = 1 << (len(places) - 1).bit_length()  # few sizes, so that the statements stay prepared
        query = QUERY.format(marks=",".join("?" * padded))
        shown: dict[bytes, list[tuple[Any, ...]]] = {}
        for row in db.execute(query, (*places, *[places[-1]] * (padded - len(places)))):
            shown.setdefault(row[9], []).append(row)
        read = {}
        for place, rows in shown.items():
            accesses = tuple(codec.open_access(*row[6:9]) for row in rows if row[6] is not None)
            decoy, more = codec.open_decoy(rows[0][:6]), len(accesses) > MOST_READ
            read[place] = sighting = Sighting(decoy, accesses[:MOST_READ], more)
            if len(accesses) <= MOST_ACCESSES:
                if len(known) >= MOST_REMEMBERED:
                    known.clear()
                known[place] = sighting
        return read
