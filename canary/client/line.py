"""Accesses that wait become requests: one each while canary is quick, small batches under load."""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic

from canary.client.transport import Outcome, RefusedError, Transport, UnavailableError
from canary.client.values import Shown
from canary.model import Access

REST = 1.0
"""Seconds for which nobody is kept waiting for a canary that could not be reached."""

LATE_IN_A_ROW = 3


class Line:
    """Plants accesses over a few requests at a time."""

    def __init__(self, transport: Transport, *, batch: int, in_flight: int) -> None:
        self._transport = transport
        self._batch = batch
        self._in_flight = in_flight
        self._flying: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Access, asyncio.Future[tuple[Shown, ...]]]] = deque()
        self._resting_until = 0.0
        self._late = 0

    async def plant(self, access: Access) -> tuple[Shown, ...]:
        """Return the decoys of one access. Raises UnavailableError, RefusedError."""
        self.check()
        future: asyncio.Future[tuple[Shown, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((access, future))
        if len(self._flying) < self._in_flight:
            task = asyncio.create_task(self._send())
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        return await future

    def check(self) -> None:
        """Raise UnavailableError where canary could not be reached a moment ago."""
        if monotonic() < self._resting_until:
            raise UnavailableError("canary could not be reached a moment ago")

    def note_late(self) -> None:
        """Note that somebody gave up waiting; several in a row are as good as not being reached."""
        self._late += 1
        if self._late >= LATE_IN_A_ROW:
            self.rest()

    def rest(self) -> None:
        """Leave canary alone for a moment."""
        self._resting_until = monotonic() + REST
        self._late = 0

    async def aclose(self) -> None:
        """Give up on requests that are under way."""
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)

    async def _send(self) -> None:
        while batch := self._take():
            try:
                outcomes = await self._ask([access for access, _ in batch])
            except asyncio.CancelledError:
                for _, future in batch:
                    future.cancel()
                raise
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                _settle(future, outcome)

    async def _ask(self, accesses: Sequence[Access]) -> Sequence[Outcome]:
        """Return what became of each; what befalls the request befalls all of them."""
        try:
            outcomes = await self._transport.plant(accesses)
        except RefusedError as error:
            return [error] * len(accesses)
        except UnavailableError as error:
            self.rest()
            return [error] * len(accesses)
        self._late = 0
        return outcomes

    def _take(self) -> list[tuple[Access, asyncio.Future[tuple[Shown, ...]]]]:
        """Return who waits, without those who gave up meanwhile."""
        batch: list[tuple[Access, asyncio.Future[tuple[Shown, ...]]]] = []
        while self._waiting and len(batch) < self._batch:
            access, future = self._waiting.popleft()
            if not future.done():
                batch.append((access, future))
        return batch


def _settle(future: asyncio.Future[tuple[Shown, ...]], outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
