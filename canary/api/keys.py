"""A bearer key becomes a caller, or a refusal that is the same for every key that is no good (RFC 6750)."""

import asyncio
import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from canary.api.problems import Refusal, invalid, refusal
from canary.api.rate import Bucket
from canary.errors import NotFoundError
from canary.model import ApiKey, Asked, Scope
from canary.plant.keys import known_by
from canary.ports import Clock, Store

KNOWN_SECONDS: Final = 2.0
"""For how long a key that was looked up is taken for what it was: a revocation holds after that."""

MOST_KNOWN: Final = 1000
PRESENTED: Final = re.compile(rb"canary_(?:plant|touch|read)_([0-9]{1,18})_[A-Za-z0-9_-]{20,100}")
NOBODY: Final = bytes(32)
REALM: Final = b'Bearer realm="canary"'


@dataclass(slots=True)
class Caller:
    """An application whose key is good, and what it may still name."""

    key: ApiKey
    bucket: Bucket

    def take(self, count: int) -> None:
        """Count what it names. Raises Refusal where that is more than it may name now, or in any minute."""
        if count > self.bucket.rate:
            raise invalid("", f"names {count:,} at once; this key may name {self.bucket.rate:,} in a minute")
        wait = self.bucket.take(count, monotonic())
        if wait:
            after = b"%d" % (int(wait) + 1)
            raise refusal(
                "too-often",
                f"it may name {self.bucket.rate:,} in a minute; ask again in {after.decode()} seconds",
                headers=((b"retry-after", after),),
            )


@dataclass(slots=True)
class _Known:
    """Whose a key was at some moment, None if there was none under that identifier."""

    caller: Caller | None
    check: bytes
    at: float


class Keys:
    """The keys of a store, each looked up every few seconds. `rate` holds where a key says none."""

    def __init__(self, store: Store, rate: int, clock: Clock) -> None:
        self._store = store
        self._rate = rate
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._buckets: dict[str, Bucket] = {}

    async def caller(self, headers: Mapping[bytes, bytes], scope: Scope) -> Caller:
        """Return who asks. Raises Refusal: 401 for no good key, 403 for one of another scope."""
        scheme, _, presented = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not presented:
            raise _unauthorised(b"")
        found = PRESENTED.fullmatch(presented)
        known = await self._lookup(f"key_{found[1].decode()}" if found else "key_0")
        matches = hmac.compare_digest(known_by(presented), known.check)
        caller = known.caller
        if not matches or caller is None or not caller.key.good_at(self._clock()):
            raise _unauthorised(b', error="invalid_token"')
        key = caller.key
        if key.scope is not scope:
            told = REALM + b', error="insufficient_scope", scope="%b"' % scope.value.encode()
            words = f"it is for {key.scope.value}; this needs one for {scope.value}"
            raise refusal("forbidden", words, headers=((b"www-authenticate", told),))
        return caller

    async def remember(self, key_id: str, idempotency_key: str, digest: bytes) -> Asked:
        """Say whether a key made a request before, and remember the first."""
        return await asyncio.to_thread(
            self._store.remember_request, key_id, idempotency_key, digest, self._clock()
        )

    async def _lookup(self, key_id: str) -> _Known:
        now = monotonic()
        known = self._known.get(key_id)
        if known is not None and now - known.at < KNOWN_SECONDS:
            return known
        key, check = await asyncio.to_thread(self._find, key_id) or (None, NOBODY)
        caller = None if key is None else Caller(key, self._bucket(key))
        known = self._known[key_id] = _Known(caller, check, now)
        self._known.move_to_end(key_id)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    def _find(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        try:
            return self._store.api_key(key_id)
        except NotFoundError:
            return None

    def _bucket(self, key: ApiKey) -> Bucket:
        """Return a key's bucket; of keys that are good there are few."""
        rate = key.rate or self._rate
        bucket = self._buckets.get(key.id)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[key.id] = Bucket(rate, monotonic())
        return bucket


def _unauthorised(error: bytes) -> Refusal:
    """Return the one refusal; without a key no error is named (RFC 6750 section 3.1)."""
    headers = ((b"www-authenticate", REALM + error),)
    return refusal("unauthorised", "send Authorization: Bearer and a key that is good", headers=headers)
