"""What an investigation asks of the store."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from canary.model import (
    Access,
    Decoy,
    Incident,
    IncidentState,
    Indicator,
    Lead,
    Seller,
)
from canary.model.casework import (
    Act,
    Candidate,
    CaseFile,
    Decision,
    Dismissal,
    IncidentFilter,
    Joining,
    Newcomer,
)
from canary.model.showing import Place, Showing, Viewings

Decide = Callable[[Newcomer, Sequence[Candidate], Sequence[Dismissal]], Decision | None]
"""Says to which of the incidents that have something in common with a hit it belongs, and why."""


class Casework(Protocol):
    """What investigators do: hits that belong together, what was done about them, whom the company knows."""

    def join(self, hit_ids: Sequence[str], decide: Decide) -> Sequence[Joining]:
        """Have each hit's incident decided, one after the other, durably; one that has one keeps it.

        Nobody else joins meanwhile, so that two hits that belong together never open two incidents. The
        alerts that wait for these hits are let go: the first sign of an incident at once, growth later.
        """
        ...

    def behind(self, incident_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the incidents about which a channel that knows of them will be told more later."""
        ...

    def leads(self, incident_id: str) -> Sequence[Lead]:
        """Return whom the newest word about an incident pointed to, for each channel that had one."""
        ...

    def hasten(self, incident_ids: Sequence[str]) -> int:
        """Have told at once what waits to be told about incidents; return how many alerts."""
        ...

    def unjoined(self, after: str, limit: int) -> Sequence[str]:
        """Return appraised hits behind one ("": all) that belong to no incident and may, oldest first."""
        ...

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Return the incidents, those with the newest hits first."""
        ...

    def incident(self, incident_id: str) -> CaseFile:
        """Return an incident with all that is known of it. Raises NotFoundError."""
        ...

    def merge_incidents(self, into: str, other: str, act: Act) -> Incident:
        """Move all hits of another incident into one. Raises NotFoundError, UsageError."""
        ...

    def split_incident(self, incident_id: str, hit_ids: Sequence[str], act: Act) -> Incident:
        """Move hits into an incident of their own, and return that. Raises NotFoundError, UsageError."""
        ...

    def set_incident(self, incident_id: str, state: IncidentState, act: Act) -> Incident:
        """Note how far an incident is. Raises NotFoundError, UsageError where it was merged."""
        ...

    def note_on_incident(self, incident_id: str, act: Act) -> None:
        """Add a note to an incident. Raises NotFoundError."""
        ...

    def dismissals(self, indicators: Sequence[Indicator]) -> Sequence[Dismissal]:
        """Return the dismissed incidents that have one of these identifying indicators."""
        ...

    def shown_to(
        self, employees: Collection[str], since: datetime | None, until: datetime | None
    ) -> Iterator[Access]:
        """Return the accesses of employees within a time, both ends in it; None is no bound."""
        ...

    def sellers(self) -> Iterator[Seller]:
        """Return the sellers whom the company knows, in the order in which they were imported."""
        ...

    def keep_sellers(self, sellers: Sequence[Seller]) -> None:
        """Keep sellers, each in place of the one with its identifier."""
        ...


class Exposures(Protocol):
    """A look at who was shown what, for one thread and as long as it is open; nothing is written."""

    def viewings(self, decoy_ids: Iterable[str], most: int) -> Viewings:
        """Return who was shown each of some decoys; the rarest first, up to `most` exposures in all."""
        ...

    def showings(
        self, groups: Iterable[tuple[Place, ...]], hit: Iterable[str], until: datetime
    ) -> Mapping[tuple[Place, ...], Showing]:
        """Return how much accounts had been shown by a time; of several together, a decoy once.

        `hit` are the decoys that were hit.
        """
        ...

    def accounts(self, sample: int) -> tuple[int, tuple[Place, ...]]:
        """Return how many accounts were shown anything, about, and some of them, chosen by no property."""
        ...

    def employees(self, accounts: Iterable[Place]) -> Mapping[Place, str]:
        """Return the names of accounts."""
        ...

    def accesses(self, decoy_id: str, most: int) -> tuple[tuple[Access, ...], int]:
        """Return the first accesses that showed a decoy, and how many there are in all."""
        ...

    def found(self, addresses: Sequence[str]) -> Mapping[str, Decoy]:
        """Return those of some addresses that are decoys', under any form that a broker may give them."""
        ...

    def domains(self) -> Collection[str]:
        """Return the domains of decoys; one with few may be missing."""
        ...

    def locals_by_domain(self) -> Mapping[str, str]:
        """Return the canonical local parts of all decoys but self-tests', a line each, by domain."""
        ...
