"""How accesses get to canary and decoys come back: over HTTP, or in this very process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from canary.client.values import Row, SeededRows, Shown
from canary.model import Access


class UnavailableError(Exception):
    """Canary cannot be reached, or cannot plant just now: worth another try."""


class RefusedError(Exception):
    """Canary will not take this, now or later: the words say why."""


Outcome = tuple[Shown, ...] | RefusedError | UnavailableError
"""What became of one access of several: its decoys, or why there are none."""


@dataclass(frozen=True, slots=True)
class TouchReport:
    """An action on a decoy's record, to be reported."""

    marker: str
    action: str
    employee: str
    at: datetime


class Transport(Protocol):
    """The way to canary. Every verb raises UnavailableError or RefusedError for the whole request."""

    async def plant(self, accesses: Sequence[Access]) -> Sequence[Outcome]:
        """Plant accesses, at most 1,000; for each its decoys, or why not."""
        ...

    async def seed(
        self, access: Access, rows: Sequence[Row], fields: Mapping[str, str], texts: Sequence[str]
    ) -> SeededRows:
        """Return rows with the access's decoys in place."""
        ...

    async def touch(self, report: TouchReport) -> None:
        """Report an action."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
