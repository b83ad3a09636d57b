"""Rows become incidents: as a list, and as the whole file of one."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from canary.errors import NotFoundError
from canary.model import Access, AuditEntry, Incident, IncidentState, Indicator, Origin
from canary.model.casework import CaseFile, IncidentFilter, JoinedHit, Link
from canary.store import origins
from canary.store.codec import micros, moment, public_id, read, row_id
from canary.store.incidents import why
from canary.store.newcomers import open_indicator
from canary.store.reading import HIT_QUERY, Known, Reader

COLUMNS = "i.id, i.state, i.opened_at, i.last_at, i.hits, i.merged_into"
ACCOUNTS = "SELECT employee_ix, sealed FROM incident_account WHERE incident_id = ?"
LINKED = (
    "SELECT other.incident_id, other.indicator_ix, other.sealed FROM incident_indicator mine "
    "JOIN incident_indicator other ON other.indicator_ix = mine.indicator_ix "
    "AND other.incident_id != mine.incident_id WHERE mine.incident_id = ? "
    "ORDER BY other.incident_id DESC LIMIT ?"
)
MOST_LINKS = 2_000
JOINABLE = "('mail', 'probe', 'touch')"
"""The classes of hits that open incidents; a bounce that found none is not asked again at every start."""


def listed(reader: Reader, wanted: IncidentFilter) -> Iterator[Incident]:
    """Yield incidents, those with the newest hits first."""
    terms, values = ["i.merged_into IS NULL"], list[Any]()
    if wanted.state is not None:
        terms.append("i.state = ?")
        values.append(wanted.state.value)
    if wanted.since is not None:
        terms.append("i.last_at >= ?")
        values.append(micros(wanted.since))
    if wanted.employee is not None:
        terms.append("i.id IN (SELECT incident_id FROM incident_account WHERE employee_ix = ?)")
        values.append(reader.codec.employee_ix(wanted.employee))
    query = f"SELECT {COLUMNS} FROM incident i WHERE {' AND '.join(terms)} ORDER BY i.last_at DESC, i.id DESC"
    for row in reader.db.execute(query, values).fetchall():
        yield _incident(reader, row)


def one(reader: Reader, incident_id: str) -> Incident:
    """Return an incident. Raises NotFoundError."""
    return numbered(reader, row_id("inc", incident_id))


def numbered(reader: Reader, number: int) -> Incident:
    """Return the incident of a row. Raises NotFoundError."""
    row = reader.db.execute(f"SELECT {COLUMNS} FROM incident i WHERE i.id = ?", (number,)).fetchone()
    if row is None:
        said = f"there is no incident {public_id('inc', number)}"
        raise NotFoundError(said, hint="`canary incidents` lists them")
    return _incident(reader, row)


def case_file(reader: Reader, incident_id: str) -> CaseFile:
    """Return an incident with all that is known of it. Raises NotFoundError."""
    incident = one(reader, incident_id)
    number = row_id("inc", incident_id)
    hits = tuple(_hits(reader, number))
    numbers = {each.hit.message.id for each in hits if each.hit.message}
    return CaseFile(
        incident,
        hits,
        tuple(_audit(reader, number)),
        dict(_origins(reader, sorted(numbers))),
        tuple(_links(reader, number)),
    )


def unjoined(db: sqlite3.Connection, after: str, limit: int) -> list[str]:
    """Return appraised hits behind one that may belong to incidents and do not, in the order of keeping."""
    rows = db.execute(
        f"SELECT h.id FROM hit h LEFT JOIN incident_hit ih ON ih.hit_id = h.id WHERE h.id > ? "
        f"AND ih.hit_id IS NULL AND h.appraised = 1 AND h.control = 0 "
        f"AND h.class IN {JOINABLE} ORDER BY h.id LIMIT ?",
        (row_id("hit", after) if after else 0, limit),
    )
    return [public_id("hit", number) for (number,) in rows.fetchall()]


def shown_to(reader: Reader, employee: str, since: int | None, until: int | None) -> Iterator[Access]:
    """Yield the accesses of an employee within a time, first shown first."""
    rows = reader.db.execute(
        "SELECT a.id, a.at, a.sealed FROM view v JOIN access a ON a.first_view_id = v.id "
        "WHERE v.employee_ix = ? AND a.at >= ? AND a.at <= ? ORDER BY a.at, a.id",
        (
            reader.codec.employee_ix(employee),
            -(1 << 62) if since is None else since,
            1 << 62 if until is None else until,
        ),
    )
    for row in rows:
        yield reader.codec.open_access(*row)


def _incident(reader: Reader, row: tuple[Any, ...]) -> Incident:
    number, state, opened_at, last_at, hits, merged_into = row
    names = [
        str(read(reader.codec.keyring.open(b"incident_account:%b:%d" % (place, number), sealed)))
        for place, sealed in reader.db.execute(ACCOUNTS, (number,)).fetchall()
    ]
    return Incident(
        public_id("inc", number),
        IncidentState(state),
        moment(opened_at),
        moment(last_at),
        hits,
        tuple(sorted(names)),
        "" if merged_into is None else public_id("inc", merged_into),
    )


def _hits(reader: Reader, number: int) -> Iterator[JoinedHit]:
    columns = HIT_QUERY.replace(" FROM hit h", ", ih.sealed FROM hit h", 1)
    query = f"{columns}JOIN incident_hit ih ON ih.hit_id = h.id WHERE ih.incident_id = ? ORDER BY h.at, h.id"
    known: Known = {}
    for *row, sealed in reader.db.execute(query, (number,)).fetchall():
        yield JoinedHit(reader.opened(tuple(row), known), why(reader.codec, row[0], sealed))


def _audit(reader: Reader, number: int) -> Iterator[AuditEntry]:
    query = "SELECT id, at, sealed FROM audit WHERE incident_id = ? ORDER BY id"
    for entry, at, sealed in reader.db.execute(query, (number,)).fetchall():
        actor, action, words = read(reader.codec.open(b"audit", entry, sealed))
        yield AuditEntry(public_id("aud", entry), public_id("inc", number), moment(at), actor, action, words)


def _origins(reader: Reader, message_ids: Sequence[str]) -> Iterator[tuple[str, Origin]]:
    for each in message_ids:
        origin = origins.origin_of(reader.db, reader.codec, row_id("msg", each))
        if origin is not None:
            yield each, origin


def _links(reader: Reader, number: int) -> Iterator[Link]:
    shared: dict[int, list[Indicator]] = {}
    for other, place, sealed in reader.db.execute(LINKED, (number, MOST_LINKS)).fetchall():
        shared.setdefault(other, []).append(open_indicator(reader.codec, place, other, sealed))
    for other, indicators in shared.items():
        yield Link(one(reader, public_id("inc", other)), tuple(indicators))
