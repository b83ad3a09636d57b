"""A name and a scope become an API key, told once; what is kept of it is a digest."""

import hashlib
import secrets
from datetime import datetime

from canary.model import ApiKey, Scope
from canary.ports import Store

SECRET_BYTES = 32


def new_key(
    store: Store,
    name: str,
    scope: Scope,
    now: datetime,
    *,
    rate: int | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which is nowhere kept: 256 random bits behind a prefix.

    `rate` is requests a minute, None for what the configuration says.
    """
    secret = secrets.token_hex(SECRET_BYTES)
    key = ApiKey(name, scope, now, rate=rate, expires_at=expires_at)
    key = store.add_api_key(key, lambda key_id: known_by(text_of(scope, key_id, secret).encode()))
    return key, text_of(scope, key.id, secret)


def text_of(scope: Scope, key_id: str, secret: str) -> str:
    """Return a key as applications present it: `canary_plant_7_…`, which scanners for secrets know."""
    return f"canary_{scope.value}_{key_id.removeprefix('key_')}_{secret}"


def known_by(presented: bytes) -> bytes:
    """Return what a key is known by, to be compared in constant time: SHA-256 of all of its text.

    No salt and no slow hash: nobody tries 2^256 secrets.
    """
    return hashlib.sha256(presented).digest()
