"""The keys of applications, sealed: whoever can only write to the database cannot make one."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from canary.errors import NotFoundError
from canary.model import ApiKey, Scope
from canary.store.bodies import form_of
from canary.store.codec import Codec, micros, moment, public_id, row_id

TABLE = b"api_key"


class KeyBody(msgspec.Struct, gc=False):
    """A key; times are microseconds since 1970, `known_by` is in hexadecimal digits."""

    name: str
    scope: Scope
    created_at: int
    rate: int | None
    expires_at: int | None
    revoked_at: int | None
    known_by: str


KEY = form_of(KeyBody)


def add(db: sqlite3.Connection, codec: Codec, key: ApiKey, check: Callable[[str], bytes]) -> ApiKey:
    """Keep a key under the next number."""
    (number,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM api_key").fetchone()
    kept = replace(key, id=public_id("key", number))
    _write(db, codec, kept, check(kept.id))
    return kept


def find(db: sqlite3.Connection, codec: Codec, key_id: str) -> tuple[ApiKey, bytes] | None:
    """Return a key and what it is known by, None if there is none."""
    number = row_id("key", key_id)
    row = db.execute("SELECT id, sealed FROM api_key WHERE id = ?", (number,)).fetchone()
    return _opened(codec, *row) if row else None


def every(db: sqlite3.Connection, codec: Codec) -> Iterator[ApiKey]:
    """Return the keys, oldest first."""
    for row in db.execute("SELECT id, sealed FROM api_key ORDER BY id").fetchall():
        yield _opened(codec, *row)[0]


def revoke(db: sqlite3.Connection, codec: Codec, key_id: str, now: datetime) -> ApiKey:
    """Note that a key is revoked; the first time stands. Raises NotFoundError."""
    found = find(db, codec, key_id)
    if found is None:
        raise NotFoundError(f"there is no key {key_id}", hint="`canary api-key list` names them")
    key, known_by = found
    if key.revoked_at is None:
        key = replace(key, revoked_at=now)
        _write(db, codec, key, known_by)
    return key


def _write(db: sqlite3.Connection, codec: Codec, key: ApiKey, known_by: bytes) -> None:
    number = row_id("key", key.id)
    body = KeyBody(
        key.name,
        key.scope,
        micros(key.created_at),
        key.rate,
        None if key.expires_at is None else micros(key.expires_at),
        None if key.revoked_at is None else micros(key.revoked_at),
        known_by.hex(),
    )
    sealed = codec.seal(TABLE, number, KEY.write(body))
    db.execute("INSERT OR REPLACE INTO api_key VALUES (?, ?)", (number, sealed))


def _opened(codec: Codec, number: int, sealed: bytes) -> tuple[ApiKey, bytes]:
    body = KEY.read(codec.open(TABLE, number, sealed))
    key = ApiKey(
        name=body.name,
        scope=body.scope,
        created_at=moment(body.created_at),
        rate=body.rate,
        expires_at=None if body.expires_at is None else moment(body.expires_at),
        revoked_at=None if body.revoked_at is None else moment(body.revoked_at),
        id=public_id("key", number),
    )
    return key, bytes.fromhex(body.known_by)
