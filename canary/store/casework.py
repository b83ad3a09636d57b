"""What investigators ask of the store: hits joined, incidents looked at and acted on, sellers."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from canary.model import Access, Incident, IncidentState, Indicator, Lead, Seller, Strength
from canary.model.casework import Act, CaseFile, Dismissal, IncidentFilter, Joining
from canary.ports import Clock, Decide, Owing
from canary.store import incident_reading, incidents, newcomers, sellers, telling
from canary.store.codec import Codec, micros, public_id, row_id
from canary.store.reading import Reader
from canary.store.writer import Write

AT_ONCE = 20
"""So many hits are joined in one transaction: mail waits for no more."""


class Casework(ABC):
    """The port's verbs for investigators, over a store's writer and readers."""

    _codec: Codec
    _clock: Clock
    _owing: Owing

    @abstractmethod
    def _write(self, write: Write) -> Any: ...

    @abstractmethod
    def _outbox(self, write: Write) -> Any: ...

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Reader]: ...

    def join(self, hit_ids: Sequence[str], decide: Decide) -> Sequence[Joining]:
        """Have each hit's incident decided, one after the other, durably; one that has one keeps it.

        The alerts that wait for them are let go.
        """
        joined: list[Joining] = []
        for at in range(0, len(hit_ids), AT_ONCE):
            with self._reading() as reader:
                found = [
                    newcomers.find(reader.db, self._codec, row_id("hit", each))
                    for each in hit_ids[at : at + AT_ONCE]
                ]
            joined += self._join(found, decide)
        return joined

    def _join(self, found: Sequence[newcomers.Found], decide: Decide) -> list[Joining]:
        now = micros(self._clock())

        window = int(self._owing.window.total_seconds() * 1_000_000)

        def write(db: sqlite3.Connection) -> list[Joining]:
            joined = [incidents.join(db, self._codec, each, decide, now) for each in found]
            telling.tell(db, [each.number for each in found], window, now)
            return joined

        joined: list[Joining] = self._outbox(write)
        return joined

    def behind(self, incident_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the incidents about which a channel that knows of them will be told more later."""
        numbers = [row_id("inc", each) for each in incident_ids]
        with self._reading() as reader:
            late = telling.delayed(reader.db, numbers, micros(self._clock()))
            return [public_id("inc", number) for number in late]

    def leads(self, incident_id: str) -> Sequence[Lead]:
        """Return whom the newest word about an incident pointed to, for each channel that had one."""
        with self._reading() as reader:
            told = telling.leads(reader.db, self._codec, row_id("inc", incident_id), self._owing.channels)
            return list(told)

    def hasten(self, incident_ids: Sequence[str]) -> int:
        """Have told at once what waits to be told about incidents; return how many alerts."""
        numbers, now = [row_id("inc", each) for each in incident_ids], micros(self._clock())
        count: int = self._outbox(lambda db: telling.hasten(db, numbers, now))
        return count

    def unjoined(self, after: str, limit: int) -> Sequence[str]:
        """Return hits behind one that may belong to incidents and do not, as they were kept."""
        with self._reading() as reader:
            return incident_reading.unjoined(reader.db, after, limit)

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Return the incidents, those with the newest hits first."""
        with self._reading() as reader:
            yield from incident_reading.listed(reader, wanted)

    def incident(self, incident_id: str) -> CaseFile:
        """Return an incident with all that is known of it. Raises NotFoundError."""
        with self._reading() as reader:
            return incident_reading.case_file(reader, incident_id)

    def merge_incidents(self, into: str, other: str, act: Act) -> Incident:
        """Move all hits of another incident into one. Raises NotFoundError, UsageError."""
        self._write(lambda db: incidents.merge(db, self._codec, into, other, act))
        return self._incident(into)

    def split_incident(self, incident_id: str, hit_ids: Sequence[str], act: Act) -> Incident:
        """Move hits into an incident of their own, and return that. Raises NotFoundError, UsageError."""
        made: str = self._write(lambda db: incidents.split(db, self._codec, incident_id, hit_ids, act))
        return self._incident(made)

    def set_incident(self, incident_id: str, state: IncidentState, act: Act) -> Incident:
        """Note how far an incident is. Raises NotFoundError, UsageError where it was merged."""
        self._write(lambda db: incidents.set_state(db, self._codec, incident_id, state, act))
        return self._incident(incident_id)

    def note_on_incident(self, incident_id: str, act: Act) -> None:
        """Add a note to an incident. Raises NotFoundError."""
        self._write(lambda db: incidents.note(db, self._codec, incident_id, act))

    def dismissals(self, indicators: Sequence[Indicator]) -> Sequence[Dismissal]:
        """Return the dismissed incidents that have one of these identifying indicators."""
        places = {
            newcomers.indicator_ix(self._codec, each): each
            for each in indicators
            if each.strength is Strength.IDENTIFIES
        }
        with self._reading() as reader:
            return newcomers.dismissals(reader.db, self._codec, places)

    def shown_to(
        self, employees: Collection[str], since: datetime | None, until: datetime | None
    ) -> Iterator[Access]:
        """Return the accesses of employees within a time, both ends in it; None is no bound."""
        first = None if since is None else micros(since)
        last = None if until is None else micros(until)
        with self._reading() as reader:
            for employee in employees:
                yield from incident_reading.shown_to(reader, employee, first, last)

    def sellers(self) -> Iterator[Seller]:
        """Return the sellers whom the company knows, in the order in which they were imported."""
        with self._reading() as reader:
            yield from sellers.every(reader.db, self._codec)

    def keep_sellers(self, known: Sequence[Seller]) -> None:
        """Keep sellers, each in place of the one with its identifier."""

        def write(db: sqlite3.Connection) -> None:
            for each in known:
                sellers.keep(db, self._codec, each)

        self._write(write)

    def _incident(self, incident_id: str) -> Incident:
        with self._reading() as reader:
            return incident_reading.one(reader, incident_id)
