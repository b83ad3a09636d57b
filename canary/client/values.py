"""What an application gets: decoys to show, and how its planting is going."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from canary.model import Access, ActorClass
from canary.ports import system_clock

Row = dict[str, Any]
"""One record as the application shows it: names and JSON values."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoy to show among the records of a page.

    `position` is from 0 to below 1: among n records its place is int(position * (n + 1)), unless the page
    has an order of its own. `marker` is how the application knows it again; it never leaves the application.
    """

    address: str
    name: str
    given: str
    family: str
    position: float
    marker: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A decoy that stands among seeded rows, at this index of them."""

    index: int
    address: str
    name: str
    given: str
    family: str
    marker: str


class SeededRows(list[Row]):
    """The rows of a page with the decoys in place; `decoys` says which they are.

    `planted` says that the page is as it was planned, be it without any; where canary did not answer it is
    not. `warnings` are canary's words on the rows, for whoever wires them in.
    """

    def __init__(
        self,
        rows: list[Row],
        decoys: tuple[Placed, ...] = (),
        *,
        planted: bool = True,
        warnings: tuple[str, ...] = (),
    ) -> None:
        super().__init__(rows)
        self.decoys = decoys
        self.planted = planted
        self.warnings = warnings

    def without_decoys(self) -> list[Row]:
        """Return the application's own rows: what it may count, charge and mail."""
        ours = {decoy.index for decoy in self.decoys}
        return [row for index, row in enumerate(self) if index not in ours]


@dataclass(frozen=True, slots=True)
class Counts:
    """How planting went since the planter was made.

    Of `planted` accesses the page was shown as planned; those `late` (over the budget), `unreachable` and
    `refused` were shown without decoys. `waiting` are still to be reported; `forgotten` never will be.
    """

    planted: int = 0
    late: int = 0
    unreachable: int = 0
    refused: int = 0
    waiting: int = 0
    forgotten: int = 0

    @property
    def lost(self) -> int:
        """Return how many accesses were shown without decoys."""
        return self.late + self.unreachable + self.refused


def looked(
    employee: str,
    record: str,
    *,
    beneficiary: str | None = None,
    tool: str | None = None,
    session: str | None = None,
    client_ip: str | None = None,
    actor: str | None = None,
    actor_class: ActorClass = ActorClass.PERSON,
    at: datetime | None = None,
    source_id: str | None = None,
) -> Access:
    """Return the access of an employee who looks at a record now."""
    return Access(
        employee=employee,
        record=record,
        at=at or system_clock(),
        beneficiary=beneficiary,
        tool=tool,
        session=session,
        client_ip=client_ip,
        actor=actor,
        source_id=source_id,
        actor_class=actor_class,
    )
