"""Plants what a page shows, within a time budget; when that fails the page is shown without decoys."""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from types import MappingProxyType, TracebackType
from typing import Final, Self

from canary.client.http import HttpTransport, read_key
from canary.client.later import Later
from canary.client.line import Line
from canary.client.transport import RefusedError, TouchReport, Transport, UnavailableError
from canary.client.values import Counts, Row, SeededRows, Shown
from canary.errors import ConfigurationError
from canary.model import Access
from canary.ports import system_clock

log = logging.getLogger(__name__)
BUDGET: Final = 0.05
NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})
MOST_WARNINGS: Final = 100
QUIET: Final = 60.0
"""Seconds between two complaints of the same kind in the log."""


class Planter:
    """Plants accesses; never raises because of canary, and never takes longer than the budget.

    `budget` is in seconds. Accesses that could not be planted in time are shown without decoys, counted in
    `counts`, and recorded as such later: at most `queue` of them wait. Touches need a key of their own.
    Belongs to one event loop; use it as an asynchronous context manager, or close it with `aclose`.
    """

    def __init__(
        self,
        url: str = "",
        *,
        key: str = "",
        key_file: str | Path | None = None,
        touch_key_file: str | Path | None = None,
        transport: Transport | None = None,
        budget: float = BUDGET,
        batch: int = 100,
        in_flight: int = 4,
        queue: int = 10_000,
    ) -> None:
        if transport is None:
            if bool(key) == bool(key_file):
                raise ConfigurationError("a planter needs key or key_file, and one of them only")
            touch_key = read_key(Path(touch_key_file)) if touch_key_file else ""
            transport = HttpTransport(url, key or read_key(Path(str(key_file))), touch_key)
        if budget <= 0:
            raise ConfigurationError("a planter's budget is more than 0 seconds")
        self._transport = transport
        self._budget = budget
        self._line = Line(transport, batch=batch, in_flight=in_flight)
        self._later = Later(transport, queue)
        self._tally = {"planted": 0, "late": 0, "unreachable": 0, "refused": 0}
        self._complained: dict[str, float] = {}
        self._warned: set[str] = set()

    @classmethod
    def in_process(
        cls,
        config: str | Path | None = None,
        *,
        budget: float = BUDGET,
        queue: int = 10_000,
    ) -> "Planter":
        """Return a planter that needs no API: it opens the database and the keys on this very host.

        `config` is the path of `canary.toml`, found as the command line finds it where it is None. Raises
        ConfigurationError, KeyringError, SchemaError, StoreError.
        """
        from canary.client.local import LocalTransport  # noqa: PLC0415 - brings the store

        return cls(transport=LocalTransport(Path(config) if config else None), budget=budget, queue=queue)

    @property
    def counts(self) -> Counts:
        """Return how planting went so far."""
        return Counts(**self._tally, waiting=len(self._later), forgotten=self._later.forgotten)

    async def plant(self, access: Access) -> tuple[Shown, ...]:
        """Return the decoys to show for an access; none where canary did not answer within the budget."""
        access = _identified(access)
        try:
            async with asyncio.timeout(self._budget):
                shown = await self._line.plant(access)
        except (UnavailableError, RefusedError, TimeoutError) as error:
            self._lose(access, error)
            return ()
        self._tally["planted"] += 1
        return shown

    async def seed(
        self,
        access: Access,
        rows: Sequence[Row],
        fields: Mapping[str, str] = NO_FIELDS,
        texts: Sequence[str] = (),
    ) -> SeededRows:
        """Return the rows of a page with the access's decoys in place; the rows alone where that failed.

        `fields` names the rows' fields where their content does not tell, as `--map` of `canary seed`;
        `texts` are for the decoys' free text, which is never copied from anybody's.
        """
        access = _identified(access)
        try:
            self._line.check()
            async with asyncio.timeout(self._budget):
                seeded = await self._transport.seed(access, rows, fields, texts)
        except (UnavailableError, RefusedError, TimeoutError) as error:
            if isinstance(error, UnavailableError):
                self._line.rest()
            self._lose(access, error)
            return SeededRows(list(rows), planted=False)
        self._tally["planted"] += 1
        self._warn(seeded.warnings)
        return seeded

    async def touch(self, marker: str, action: str, employee: str, at: datetime | None = None) -> None:
        """Report an action on a decoy's record. Nobody waits: it is told in the background."""
        self._later.add(TouchReport(marker, action, employee, at or system_clock()))

    async def aclose(self, patience: float = 2.0) -> None:
        """Tell what waits within so many seconds, then let go of everything."""
        await self._later.close(patience)
        await self._line.aclose()
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        """Return the planter itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    def _lose(self, access: Access, error: Exception) -> None:
        """Count a page without decoys, and have it recorded later; what is refused would be refused again."""
        if isinstance(error, TimeoutError):
            self._line.note_late()
            self._complain("late", f"canary did not answer within {self._budget * 1000:g} ms")
        elif isinstance(error, UnavailableError):
            self._complain("unreachable", str(error))
        else:
            self._complain("refused", f"canary refused an access: {error}")
            return
        self._later.add(access)

    def _warn(self, warnings: Sequence[str]) -> None:
        """Tell each warning once; what is told never grows without bound."""
        for words in warnings:
            if words not in self._warned and len(self._warned) < MOST_WARNINGS:
                self._warned.add(words)
                log.warning("about the rows of a page: %s", words)

    def _complain(self, kind: str, words: str) -> None:
        self._tally[kind] += 1
        now = monotonic()
        if now - self._complained.get(kind, -QUIET) >= QUIET:
            self._complained[kind] = now
            log.warning("a page is shown without decoys: %s", words)


def _identified(access: Access) -> Access:
    """Return the access with an identifier, so that telling it twice is telling it once."""
    if access.source_id is not None:
        return access
    return replace(access, source_id=uuid.uuid4().hex)
