"""A hit's row becomes what it brings to the question where it belongs, and the incidents it may belong to."""

import sqlite3
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass, field

from canary.errors import NotFoundError
from canary.model import HitClass, Indicator, Strength
from canary.model.casework import MESSAGE, PROVEN, SESSION, Candidate, Dismissal, Newcomer
from canary.model.incident import IncidentState
from canary.store import origins
from canary.store.bodies import HIT
from canary.store.codec import SEPARATOR, Codec, moment, public_id, read, written

VIEW_UNIQUE = 0
MOST_EXPOSURES = 10_000
"""So many exposures are looked through for a newcomer, those of the newest hits first: others wait for it."""

MOST_ALIKE = 500
MOST_CANDIDATES = 2_000
"""So many incidents, the newest ones, are asked of: a broker may have written to thousands of accounts."""

MOST_MET = 10
MOST_OF_A_DECOY = 50
NAMER = (
    "SELECT a.id, a.at, a.sealed FROM exposure e JOIN access a ON a.id = e.access_id "
    "WHERE e.decoy_id = ? ORDER BY a.at, a.id LIMIT 1"
)
VIEWERS = (
    "SELECT DISTINCT v.employee_ix FROM exposure e JOIN access a ON a.id = e.access_id "
    "JOIN view v ON v.id = a.view_id WHERE e.decoy_id = ?"
)
COVIEWERS = (
    "SELECT v.employee_ix FROM (SELECT h.decoy_id, max(ih.hit_id) AS newest FROM incident_hit ih "
    "JOIN hit h ON h.id = ih.hit_id WHERE ih.incident_id = ? GROUP BY h.decoy_id ORDER BY newest DESC) d "
    "JOIN exposure e ON e.decoy_id = d.decoy_id JOIN access a ON a.id = e.access_id "
    "JOIN view v ON v.id = a.view_id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A newcomer, with where what it has is found. `possible` is empty where it was not asked for."""

    number: int
    decoy_id: int
    newcomer: Newcomer
    accounts: dict[bytes, str] = field(default_factory=dict)
    identifying: dict[bytes, Indicator] = field(default_factory=dict)
    possible: frozenset[bytes] = frozenset()
    shared: bool = False


def find(db: sqlite3.Connection, codec: Codec, number: int, *, possible: bool = True) -> Found:
    """Return what a hit brings. Raises NotFoundError."""
    row = db.execute(
        "SELECT h.at, h.class, h.control, h.decoy_id, h.message_id, h.sealed, d.layer FROM hit h "
        "JOIN decoy d ON d.id = h.decoy_id WHERE h.id = ?",
        (number,),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"there is no hit {public_id('hit', number)}", hint="`canary hits` lists them")
    at, hit_class, control, decoy_id, message_id, sealed, layer = row
    touched, indicators = _brought(db, codec, number, message_id, sealed)
    names = [touched] if touched else _named(db, codec, decoy_id) if layer == VIEW_UNIQUE else []
    viewers = _viewers(db, decoy_id, at, layer) if possible and not control else frozenset()
    newcomer = Newcomer(
        public_id("hit", number),
        moment(at),
        HitClass(hit_class),
        tuple(names),
        len(viewers),
        indicators,
        noise=bool(control),
    )
    return Found(
        number,
        decoy_id,
        newcomer,
        {codec.employee_ix(name): name for name in names},
        {indicator_ix(codec, each): each for each in indicators if each.strength is Strength.IDENTIFIES},
        viewers,
        shared=layer != VIEW_UNIQUE,
    )


def indicator_ix(codec: Codec, indicator: Indicator) -> bytes:
    """Return where an indicator is found."""
    return codec.keyring.index(b"indicator", f"{indicator.kind}{SEPARATOR}{indicator.value}")


def candidates(db: sqlite3.Connection, codec: Codec, found: Found) -> list[Candidate]:
    """Return the incidents that have something in common with a newcomer."""
    named = _having(db, "incident_account", "employee_ix", found.accounts)
    alike = _having(db, "incident_indicator", "indicator_ix", found.identifying)
    hit_too = set(_of_decoy(db, found.decoy_id)) if found.shared else set()
    numbers = sorted(named.keys() | alike.keys() | hit_too, reverse=True)[:MOST_CANDIDATES]
    rows = db.execute(
        "SELECT id, state, opened_at, last_at FROM incident "
        f"WHERE id IN ({_marks(numbers)}) ORDER BY last_at DESC",
        numbers,
    ).fetchall()
    standing = [number for number, state, *_ in rows if state != IncidentState.DISMISSED.value]
    met = _possible_too(db, [number for number in standing if number in alike.keys() - named.keys()], found)
    return [
        Candidate(
            public_id("inc", number),
            IncidentState(state),
            moment(opened_at),
            moment(last_at),
            tuple(found.accounts[each] for each in named.get(number, ())),
            tuple(found.identifying[each] for each in alike.get(number, ())),
            number in met,
            number in hit_too,
            number in hit_too and _of_another_sender(db, codec, number, found),
        )
        for number, state, opened_at, last_at in rows
    ]


def _of_another_sender(db: sqlite3.Connection, codec: Codec, incident: int, found: Found) -> bool:
    """Say whether senders of both were authenticated, and are not the same."""
    mine = {(each.kind, each.value) for each in found.identifying.values() if each.kind in PROVEN}
    if not mine:
        return False
    theirs = {(each.kind, each.value) for each in known(db, codec, incident) if each.kind in PROVEN}
    return bool(theirs) and mine.isdisjoint(theirs)


def dismissals(db: sqlite3.Connection, codec: Codec, places: dict[bytes, Indicator]) -> list[Dismissal]:
    """Return the dismissed incidents that have one of some identifying indicators, the newest first."""
    alike = _having(db, "incident_indicator", "indicator_ix", places)
    rows = db.execute(
        f"SELECT id FROM incident WHERE state = ? AND id IN ({_marks(alike)}) ORDER BY last_at DESC",
        (IncidentState.DISMISSED.value, *alike),
    ).fetchall()
    return [Dismissal(public_id("inc", number), tuple(known(db, codec, number))) for (number,) in rows]


def known(db: sqlite3.Connection, codec: Codec, incident: int) -> Iterator[Indicator]:
    """Yield the identifying indicators of an incident."""
    rows = db.execute(
        "SELECT indicator_ix, sealed FROM incident_indicator WHERE incident_id = ?", (incident,)
    )
    for place, sealed in rows.fetchall():
        yield open_indicator(codec, place, incident, sealed)


def seal_indicator(codec: Codec, place: bytes, incident: int, indicator: Indicator) -> bytes:
    """Seal an indicator of an incident."""
    return codec.keyring.seal(_place(place, incident), written([indicator.kind, indicator.value]))


def open_indicator(codec: Codec, place: bytes, incident: int, sealed: bytes) -> Indicator:
    """Return an indicator of an incident; only identifying ones are kept there."""
    kind, value = read(codec.keyring.open(_place(place, incident), sealed))
    return Indicator(kind, value, Strength.IDENTIFIES)


def _place(place: bytes, incident: int) -> bytes:
    return b"incident_indicator:%b:%d" % (place, incident)


def _brought(
    db: sqlite3.Connection, codec: Codec, number: int, message_id: int | None, sealed: bytes
) -> tuple[str, tuple[Indicator, ...]]:
    """Return who touched the decoy, "" for mail and probes, and the indicators of a hit."""
    if message_id is not None:
        origin = origins.origin_of(db, codec, message_id)
        same = Indicator(MESSAGE, public_id("msg", message_id), Strength.IDENTIFIES)
        return "", (same, *(origin.indicators if origin else ()))
    body = HIT.read(codec.open(b"hit", number, sealed))
    if body.probe and body.probe.peer.session:
        return "", (Indicator(SESSION, body.probe.peer.session, Strength.IDENTIFIES),)
    return body.touch.employee if body.touch else "", ()


def _named(db: sqlite3.Connection, codec: Codec, decoy_id: int) -> list[str]:
    row = db.execute(NAMER, (decoy_id,)).fetchone()
    return [codec.open_access(*row).employee] if row else []


def _viewers(db: sqlite3.Connection, decoy_id: int, at: int, layer: int) -> frozenset[bytes]:
    """Return who had been shown a decoy, of a shared one by then (where nobody had: compare the clocks)."""
    by_then = db.execute(f"{VIEWERS} AND a.at <= ?", (decoy_id, at)) if layer != VIEW_UNIQUE else ()
    seen = frozenset(place for (place,) in by_then)
    return seen or frozenset(place for (place,) in db.execute(VIEWERS, (decoy_id,)))


def _having(
    db: sqlite3.Connection, table: str, column: str, places: dict[bytes, str] | dict[bytes, Indicator]
) -> dict[int, list[bytes]]:
    """Return the incidents that a table finds under any of some places, with those places."""
    met: dict[int, list[bytes]] = {}
    for place in places:
        rows = db.execute(
            f"SELECT incident_id FROM {table} WHERE {column} = ? ORDER BY incident_id DESC LIMIT ?",
            (place, MOST_ALIKE),
        )
        for (incident,) in rows:
            met.setdefault(incident, []).append(place)
    return met


def _of_decoy(db: sqlite3.Connection, decoy_id: int) -> Iterator[int]:
    rows = db.execute(
        "SELECT ih.incident_id FROM hit h JOIN incident_hit ih ON ih.hit_id = h.id WHERE h.decoy_id = ? "
        "ORDER BY h.message_id DESC LIMIT ?",
        (decoy_id, MOST_OF_A_DECOY),
    )
    return (incident for (incident,) in rows.fetchall())


def _possible_too(db: sqlite3.Connection, incidents: Sequence[int], found: Found) -> set[int]:
    """Return those of the incidents of which an account can be behind the newcomer, too.

    They are of the accounts that they name; those that name none, of any who was shown a decoy of theirs.
    """
    mine = frozenset(found.accounts) or found.possible
    named: dict[int, set[bytes]] = {}
    for incident, place in db.execute(
        f"SELECT incident_id, employee_ix FROM incident_account WHERE incident_id IN ({_marks(incidents)})",
        incidents,
    ):
        named.setdefault(incident, set()).add(place)
    met = {incident for incident, theirs in named.items() if not theirs.isdisjoint(mine)}
    left, most = MOST_EXPOSURES, len(met) + MOST_MET
    for incident in incidents:
        if incident in named:
            continue
        for (place,) in db.execute(COVIEWERS, (incident, left)):
            left -= 1
            if place in mine:
                met.add(incident)
                break
        if left <= 0 or len(met) >= most:
            break
    return met


def _marks(values: Sized) -> str:
    return ",".join("?" * len(values))
