"""What a page did not wait for is told later: accesses that were shown without decoys, and touches."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from canary.client.transport import RefusedError, TouchReport, Transport, UnavailableError
from canary.model import Access

log = logging.getLogger(__name__)
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
PATIENCE = 10.0
BATCH = 500

Report = Access | TouchReport


class Later:
    """A bounded queue of reports, told in order as soon as canary takes them.

    It lives in memory: what is in it when the process is killed is lost, the decoys are not concerned.
    """

    def __init__(self, transport: Transport, most: int) -> None:
        self._transport = transport
        self._most = most
        self._reports: deque[Report] = deque()
        self._work: asyncio.Task[None] | None = None
        self.forgotten = 0

    def __len__(self) -> int:
        """Return how many reports wait."""
        return len(self._reports)

    def add(self, report: Report) -> None:
        """Queue a report; the oldest is forgotten where there is no room."""
        if isinstance(report, Access):
            report = replace(report, bare=True)
        if len(self._reports) >= self._most:
            self._reports.popleft()
            self.forgotten += 1
        self._reports.append(report)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._tell_all())

    async def close(self, patience: float) -> None:
        """Tell what waits within so many seconds, then forget the rest."""
        if self._work is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await asyncio.shield(self._work)
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work
        if self._reports:
            log.warning("%d reports were never told: canary could not be reached", len(self._reports))

    async def _tell_all(self) -> None:
        delay = FIRST_DELAY
        while self._reports:
            batch = self._next()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._tell(batch)
            except (UnavailableError, TimeoutError):
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_DELAY)
                continue
            except RefusedError as refusal:
                log.error("canary refused %d reports: %s", len(batch), refusal)  # noqa: TRY400 - its words say it all
                self.forgotten += len(batch)
            delay = FIRST_DELAY
            self._drop(batch)

    def _next(self) -> Sequence[Report]:
        """Return the accesses, or the touch, that are to be told next."""
        first = self._reports[0]
        if isinstance(first, TouchReport):
            return [first]
        batch: list[Report] = []
        for report in self._reports:
            if not isinstance(report, Access) or len(batch) == BATCH:
                break
            batch.append(report)
        return batch

    async def _tell(self, batch: Sequence[Report]) -> None:
        if isinstance(batch[0], TouchReport):
            await self._transport.touch(batch[0])
            return
        outcomes = await self._transport.plant([each for each in batch if isinstance(each, Access)])
        again = next((each for each in outcomes if isinstance(each, UnavailableError)), None)
        if again is not None:
            raise again
        refused = [each for each in outcomes if isinstance(each, RefusedError)]
        if refused:
            log.error("canary refused %d accesses: %s", len(refused), refused[0])
            self.forgotten += len(refused)

    def _drop(self, batch: Sequence[Report]) -> None:
        """Take the told ones from the queue; some may have been forgotten meanwhile."""
        told = set(map(id, batch))
        while self._reports and id(self._reports[0]) in told:
            self._reports.popleft()
