"""What applications need of the store beside planting: keys, the requests they have made, decoys' faces."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from canary.model import ApiKey, Asked, Face
from canary.ports import FaceChange
from canary.store import api_keys, faces, idempotency
from canary.store.codec import Codec
from canary.store.reading import Reader
from canary.store.writer import Write


class Applications(ABC):
    """The port's verbs for applications, over a store's writer and readers."""

    _codec: Codec

    @abstractmethod
    def _write(self, write: Write) -> Any: ...

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Reader]: ...

    def add_api_key(self, key: ApiKey, check: Callable[[str], bytes]) -> ApiKey:
        """Keep a key, numbered; `check` returns, for its identifier, what the key is known by."""
        kept: ApiKey = self._write(lambda db: api_keys.add(db, self._codec, key, check))
        return kept

    def api_key(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """Return a key and what it is known by, None if there is none."""
        with self._reading() as reader:
            return api_keys.find(reader.db, self._codec, key_id)

    def api_keys(self) -> Iterator[ApiKey]:
        """Return the keys, oldest first, revoked ones, too."""
        with self._reading() as reader:
            yield from api_keys.every(reader.db, self._codec)

    def revoke_api_key(self, key_id: str, now: datetime) -> ApiKey:
        """Note that a key is good for nothing from now on. Raises NotFoundError."""
        revoked: ApiKey = self._write(lambda db: api_keys.revoke(db, self._codec, key_id, now))
        return revoked

    def remember_request(self, key_id: str, idempotency_key: str, digest: bytes, now: datetime) -> Asked:
        """Say whether a key made this request before; the first one is remembered for 24 hours, durably."""

        def remember(db: sqlite3.Connection) -> Asked:
            return idempotency.remember(db, self._codec, key_id, idempotency_key, digest, now)

        asked: Asked = self._write(remember)
        return asked

    def faces(self, decoy_ids: Collection[str]) -> Mapping[str, Face]:
        """Return how those of the decoys look that were seeded before."""
        with self._reading() as reader:
            return faces.faces(reader.db, self._codec, decoy_ids)

    def keep_faces(self, changes: Mapping[str, FaceChange]) -> Mapping[str, Face]:
        """Keep how decoys look, durably; one that was changed meanwhile stays. Return what is kept now."""
        kept: Mapping[str, Face] = self._write(lambda db: faces.keep(db, self._codec, changes))
        return kept
