"""What the appraisal asks of the store: hits to look at, what was found out about them, and the noise."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from canary.model import Attempts, Hit, HitClass, Origin
from canary.ports import Appraisal, Owing
from canary.store import appraising, guessing
from canary.store.codec import Codec, row_id
from canary.store.origins import origin_of
from canary.store.reading import Reader
from canary.store.writer import Write


class Appraisals(ABC):
    """The port's verbs for the appraisal, over a store's writer and readers."""

    _codec: Codec
    _owing: Owing

    @abstractmethod
    def _outbox(self, write: Write) -> Any: ...

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Reader]: ...

    def unappraised(self, after: str, limit: int) -> Sequence[Hit]:
        """Return hits behind one that were not appraised yet, in the order they were kept in."""
        with self._reading() as reader:
            return reader.unappraised(after, limit)

    def appraise(self, appraisals: Sequence[Appraisal], *, held: bool = False) -> Mapping[HitClass, int]:
        """Keep what was found out about hits; withhold the alerts owed for them, or let them go."""

        def write(db: sqlite3.Connection) -> Mapping[HitClass, int]:
            return appraising.appraise(db, self._codec, self._owing, appraisals, held=held)

        withheld: Mapping[HitClass, int] = self._outbox(write)
        return withheld

    def origin(self, message_id: str) -> Origin | None:
        """Return who sent a message, None where it was not appraised."""
        with self._reading() as reader:
            return origin_of(reader.db, self._codec, row_id("msg", message_id))

    def on_controls(self, limit: int) -> Mapping[str, Origin]:
        """Return who sent the newest messages that controls were sent, by message."""
        with self._reading() as reader:
            return dict(appraising.on_controls(reader.db, self._codec, limit))

    def tried(self, network: str, day: datetime) -> Attempts:
        """Return what a client network tried in vain on a day."""
        with self._reading() as reader:
            return guessing.of_network(reader.db, self._codec, network, day)
