"""Decisions and acts become rows: hits join incidents, which are merged, split and judged; all is audited."""

import sqlite3
from collections.abc import Sequence

from canary.errors import NotFoundError, UsageError
from canary.model.casework import Act, Decision, Joining
from canary.model.incident import IncidentState
from canary.ports import Decide
from canary.store.codec import Codec, micros, public_id, row_id, written
from canary.store.newcomers import Found, candidates, dismissals, find, seal_indicator

OURS = "canary"
"""The actor of what a rule did."""


def join(db: sqlite3.Connection, codec: Codec, found: Found, decide: Decide, now: int) -> Joining:
    """Have decided where a hit belongs and write that down; one that has an incident keeps it."""
    hit = found.newcomer.hit
    row = db.execute(
        "SELECT incident_id, sealed FROM incident_hit WHERE hit_id = ?", (found.number,)
    ).fetchone()
    if row:
        return Joining(hit, public_id("inc", row[0]), words=why(codec, found.number, row[1]))
    known = dismissals(db, codec, found.identifying)
    decision = decide(found.newcomer, candidates(db, codec, found), known)
    if decision is None:
        return Joining(hit, "")
    at = micros(found.newcomer.at)
    incident = row_id("inc", decision.incident) if decision.incident else _insert(db, at)
    if not decision.incident:
        audit(db, codec, incident, "opened", OURS, now, f"{hit}: {decision.words}")
    _add(db, codec, incident, found, decision)
    opened = not decision.incident
    return Joining(hit, public_id("inc", incident), decision.rule, decision.words, fresh=True, opened=opened)


def merge(db: sqlite3.Connection, codec: Codec, into: str, other: str, act: Act) -> None:
    """Move all hits of another incident into one."""
    mine, theirs = _standing(db, into), _standing(db, other)
    if mine == theirs:
        raise UsageError(f"{into} is one incident: there is nothing to merge")
    db.execute("UPDATE incident_hit SET incident_id = ? WHERE incident_id = ?", (mine, theirs))
    for table in ("incident_account", "incident_indicator"):
        db.execute(f"DELETE FROM {table} WHERE incident_id = ?", (theirs,))
    db.execute("UPDATE OR IGNORE alert_incident SET incident_id = ? WHERE incident_id = ?", (mine, theirs))
    db.execute("UPDATE incident SET merged_into = ?, hits = 0 WHERE id = ?", (mine, theirs))
    db.execute("UPDATE incident SET merged_into = ? WHERE merged_into = ?", (mine, theirs))
    _reindex(db, codec, mine)
    at = micros(act.at)
    audit(db, codec, mine, "merged", act.actor, at, f"{other} into this one: {act.words}")
    audit(db, codec, theirs, "merged", act.actor, at, f"into {into}: {act.words}")


def split(db: sqlite3.Connection, codec: Codec, incident_id: str, hit_ids: Sequence[str], act: Act) -> str:
    """Move hits into an incident of their own; return its identifier."""
    number, hits = _standing(db, incident_id), sorted({row_id("hit", each) for each in hit_ids})
    theirs = {
        hit for (hit,) in db.execute("SELECT hit_id FROM incident_hit WHERE incident_id = ?", (number,))
    }
    strangers = [public_id("hit", each) for each in hits if each not in theirs]
    if strangers:
        raise UsageError(
            f"{', '.join(strangers)}: not of {incident_id}", hint=f"canary incident show {incident_id}"
        )
    if not hits or len(hits) == len(theirs):
        raise UsageError(f"name some of the {len(theirs)} hits of {incident_id}, and leave it some")
    at = micros(act.at)
    made = _insert(db, at)
    marks = ",".join("?" * len(hits))
    db.execute(f"UPDATE incident_hit SET incident_id = ? WHERE hit_id IN ({marks})", (made, *hits))
    for each in (number, made):
        _reindex(db, codec, each)
    new = public_id("inc", made)
    told = ", ".join(public_id("hit", each) for each in hits)
    audit(db, codec, number, "split", act.actor, at, f"{told} into {new}: {act.words}")
    audit(db, codec, made, "split", act.actor, at, f"{told} out of {incident_id}: {act.words}")
    return new


def set_state(db: sqlite3.Connection, codec: Codec, incident_id: str, state: IncidentState, act: Act) -> None:
    """Note how far an incident is."""
    number = _standing(db, incident_id)
    db.execute("UPDATE incident SET state = ? WHERE id = ?", (state.value, number))
    audit(db, codec, number, state.value, act.actor, micros(act.at), act.words)


def note(db: sqlite3.Connection, codec: Codec, incident_id: str, act: Act) -> None:
    """Add a note to an incident; also to one that was merged."""
    number = row_id("inc", incident_id)
    _row(db, incident_id, number)
    audit(db, codec, number, "note", act.actor, micros(act.at), act.words)


def audit(
    db: sqlite3.Connection, codec: Codec, incident: int, action: str, actor: str, at: int, words: str
) -> None:
    """Write an entry of the audit."""
    (number,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM audit").fetchone()
    sealed = codec.seal(b"audit", number, written([actor, action, words]))
    db.execute("INSERT INTO audit VALUES (?, ?, ?, ?)", (number, incident, at, sealed))


def why(codec: Codec, hit: int, sealed: bytes) -> str:
    """Return why a hit is in its incident."""
    return codec.open(b"incident_hit", hit, sealed).decode()


def _insert(db: sqlite3.Connection, at: int) -> int:
    (number,) = db.execute(
        "INSERT INTO incident VALUES ((SELECT coalesce(max(id), 0) + 1 FROM incident), ?, ?, ?, 0, NULL) "
        "RETURNING id",
        (IncidentState.OPEN.value, at, at),
    ).fetchone()
    return int(number)


def _add(db: sqlite3.Connection, codec: Codec, incident: int, found: Found, decision: Decision) -> None:
    sealed = codec.seal(b"incident_hit", found.number, decision.words.encode())
    db.execute("INSERT INTO incident_hit VALUES (?, ?, ?)", (found.number, incident, sealed))
    _index(db, codec, incident, found)
    at = micros(found.newcomer.at)
    db.execute(
        "UPDATE incident SET opened_at = min(opened_at, ?), last_at = max(last_at, ?), hits = hits + 1 "
        "WHERE id = ?",
        (at, at, incident),
    )


def _index(db: sqlite3.Connection, codec: Codec, incident: int, found: Found) -> None:
    """Have an incident found by what a hit of it has."""
    db.executemany(
        "INSERT OR IGNORE INTO incident_account VALUES (?, ?, ?)",
        [(ix, incident, seal_account(codec, ix, incident, name)) for ix, name in found.accounts.items()],
    )
    db.executemany(
        "INSERT OR IGNORE INTO incident_indicator VALUES (?, ?, ?)",
        [(ix, incident, seal_indicator(codec, ix, incident, each)) for ix, each in found.identifying.items()],
    )


def seal_account(codec: Codec, place: bytes, incident: int, name: str) -> bytes:
    """Seal the name of an account of an incident."""
    return codec.keyring.seal(b"incident_account:%b:%d" % (place, incident), written(name))


def _reindex(db: sqlite3.Connection, codec: Codec, incident: int) -> None:
    """Have an incident found by what its hits have, and nothing else; count them anew."""
    for table in ("incident_account", "incident_indicator"):
        db.execute(f"DELETE FROM {table} WHERE incident_id = ?", (incident,))
    rows = db.execute("SELECT hit_id FROM incident_hit WHERE incident_id = ?", (incident,)).fetchall()
    for (hit,) in rows:
        _index(db, codec, incident, find(db, codec, hit, possible=False))
    db.execute(
        "UPDATE incident SET (hits, opened_at, last_at) = (SELECT count(*), min(h.at), max(h.at) "
        "FROM incident_hit ih JOIN hit h ON h.id = ih.hit_id WHERE ih.incident_id = incident.id) "
        "WHERE id = ?",
        (incident,),
    )


def _standing(db: sqlite3.Connection, incident_id: str) -> int:
    """Return the row of an incident that stands by itself. Raises NotFoundError, UsageError."""
    number = row_id("inc", incident_id)
    into = _row(db, incident_id, number)
    if into is not None:
        raise UsageError(f"{incident_id} was merged into {public_id('inc', into)}", hint="name that one")
    return number


def _row(db: sqlite3.Connection, incident_id: str, number: int) -> int | None:
    row = db.execute("SELECT merged_into FROM incident WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFoundError(f"there is no incident {incident_id}", hint="`canary incidents` lists them")
    return None if row[0] is None else int(row[0])
