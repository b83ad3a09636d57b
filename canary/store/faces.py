"""How decoys look, sealed, one row each: whoever keeps a face first decides."""

import base64
import sqlite3
from collections.abc import Collection, Mapping

from canary.model import Face
from canary.ports import FaceChange
from canary.store.codec import Codec, read, row_id, written

TABLE = b"face"


def faces(db: sqlite3.Connection, codec: Codec, decoy_ids: Collection[str]) -> dict[str, Face]:
    """Return the faces of those of the decoys that have one."""
    found = {}
    for decoy_id in decoy_ids:
        number = row_id("dec", decoy_id)
        row = db.execute("SELECT sealed FROM face WHERE decoy_id = ?", (number,)).fetchone()
        if row is not None:
            found[decoy_id] = _opened(codec, number, row[0])
    return found


def keep(db: sqlite3.Connection, codec: Codec, changes: Mapping[str, FaceChange]) -> dict[str, Face]:
    """Keep each face unless it was changed meanwhile; return what is kept now."""
    there = faces(db, codec, changes)
    for decoy_id, change in changes.items():
        if there.get(decoy_id) == change.was:
            number = row_id("dec", decoy_id)
            sealed = codec.seal(TABLE, number, _body(change.now))
            db.execute("INSERT OR REPLACE INTO face VALUES (?, ?)", (number, sealed))
            there[decoy_id] = change.now
    return there


def _body(face: Face) -> bytes:
    beside = [base64.b64encode(each).decode() for each in (face.behind, face.ahead)]
    return written([face.fields, *beside])


def _opened(codec: Codec, number: int, sealed: bytes) -> Face:
    fields, behind, ahead = read(codec.open(TABLE, number, sealed))
    kept = {name: tuple((text, literal) for text, literal in values) for name, values in fields.items()}
    return Face(kept, base64.b64decode(behind), base64.b64decode(ahead))
