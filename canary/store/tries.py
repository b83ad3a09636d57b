"""What clients tried in vain becomes rows, those apart that are nearly a decoy's address."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from canary.model import Attempts, Tried
from canary.ports import Clock
from canary.store import guessing
from canary.store.codec import Codec, micros
from canary.store.nearness import nearly_decoys
from canary.store.reading import Reader
from canary.store.writer import Write


class Tries(ABC):
    """The port's verbs for recipients that nobody has, over a store's writer and readers."""

    _codec: Codec
    _clock: Clock

    @abstractmethod
    def _write(self, write: Write) -> Any: ...

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Reader]: ...

    def count_attempts(self, attempts: Sequence[Attempts]) -> None:
        """Add to what client networks have tried in vain; a day holds so many networks, the rest is one.

        What is nearly a decoy's address is looked for before anybody who writes has to wait.
        """
        with self._reading() as reader:
            near = nearly_decoys(reader.db, self._codec, attempts)
        at = micros(self._clock())

        def write(db: sqlite3.Connection) -> None:
            guessing.count(db, self._codec, attempts, near, at)

        self._write(write)

    def attempts(self, since: datetime) -> Iterator[Attempts]:
        """Return what client networks have tried in vain, the busiest of each day first, newest day first."""
        with self._reading() as reader:
            yield from guessing.read(reader.db, self._codec, since)

    def tried_recipients(self, since: datetime) -> Iterator[Tried]:
        """Return the recipients tried in vain that were kept, newest day and quietest network first."""
        with self._reading() as reader:
            yield from guessing.recipients(reader.db, self._codec, since)
