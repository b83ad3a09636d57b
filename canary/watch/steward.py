"""A plan becomes workers that listen, as many as are wanted, however often one dies."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import time

from canary import tallies as names
from canary.errors import CanaryError, ConfigurationError, TemporaryError
from canary.ports import Clock
from canary.sink.settings import TlsFiles
from canary.sink.sockets import Opened, close_sockets
from canary.tallies import GAUGES, added
from canary.watch.colleague import Colleague
from canary.watch.keeper import Keeper
from canary.watch.plan import Plan

log = logging.getLogger("canary.watch")
DELAYS = (0.0, 0.5, 1.0, 2.0, 5.0)
"""How many seconds go by before a worker is started again that died so often in a row."""

STEADY_SECONDS = 60.0
FAREWELL_SECONDS = 8.0
"""How much longer than its grace a worker may take to end."""


class Steward:
    """Has as many workers as there are shares of sockets. The sockets stay open while one is replaced.

    Clients that come in that time wait in the socket's queue: nobody is refused.
    """

    def __init__(self, plan: Plan, shares: Sequence[Sequence[Opened]], keeper: Keeper, clock: Clock) -> None:
        self._plan = plan
        self._shares = shares
        self._keeper = keeper
        self._clock = clock
        self._present: dict[int, Colleague] = {}
        self._tending: list[asyncio.Task[None]] = []
        self._gone: Mapping[str, float] = {}
        self._left = asyncio.Event()
        tallies = keeper.tallies
        tallies.put(names.WORKERS_WANTED, len(shares))
        tallies.put(names.STARTED_AT, time())

    @property
    def missing(self) -> int:
        """Return how many workers are not there, or do not listen yet."""
        return len(self._shares) - len(self._present)

    @property
    def expiries(self) -> Mapping[str, datetime]:
        """Return when the certificates in use end, by host name."""
        return {name: at for each in self._present.values() for name, at in each.expiries.items()}

    async def start(self) -> None:
        """Return when all workers listen. Raises ConfigurationError or TemporaryError if one cannot."""
        begun = await asyncio.gather(
            *(self._begin(place, self._plan) for place in range(len(self._shares))), return_exceptions=True
        )
        problem = next((one for one in begun if isinstance(one, BaseException)), None)
        if problem is not None:
            for colleague in self._present.values():
                colleague.kill()
                await colleague.ended()
            close_sockets([each for share in self._shares for each in share])
            raise problem
        self._tending = [asyncio.create_task(self._tend(place)) for place in range(len(self._shares))]

    async def change(self, plan: Plan) -> None:
        """Have all receive under another plan. Raises ConfigurationError, all staying as they were.

        A worker that does not answer is replaced by one that begins with the new plan.
        """
        earlier, self._plan = self._plan, plan
        present = list(self._present.values())
        told = await asyncio.gather(*(each.change(plan) for each in present), return_exceptions=True)
        refusal = next((one for one in told if isinstance(one, ConfigurationError)), None)
        for each, problem in zip(present, told, strict=True):
            if isinstance(problem, TemporaryError):
                log.error("worker %d is replaced: %s", each.process.pid, problem.message)
                each.kill()
        if refusal is not None:
            self._plan = earlier
            await asyncio.gather(*(each.change(earlier) for each in present), return_exceptions=True)
            raise refusal

    def snapshot(self) -> dict[str, float]:
        """Return what all processes have counted, also those that are gone."""
        self._keeper.tallies.put(names.WORKERS, len(self._present))
        of_workers = (each.counts for each in self._present.values())
        return added([self._keeper.snapshot(), self._gone, *of_workers])

    async def close(self, grace: float) -> None:
        """Accept nobody any more, and return when all workers are gone, what ran within `grace` seconds."""
        self._left.set()
        close_sockets([each for share in self._shares for each in share])
        self.hurry(grace)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace + FAREWELL_SECONDS):
                await asyncio.gather(*(asyncio.shield(task) for task in self._tending))
        for colleague in list(self._present.values()):
            log.error("worker %d does not end and is killed", colleague.process.pid)
            colleague.kill()
        await asyncio.gather(*self._tending)

    def hurry(self, grace: float = 0) -> None:
        """Have what runs end within so many seconds."""
        for colleague in list(self._present.values()):
            colleague.leave(grace)

    async def _begin(self, place: int, plan: Plan) -> Colleague:
        colleague = await Colleague.spawn(self._keeper, plan, self._clock)
        try:
            await colleague.begin(plan, self._shares[place])
        except BaseException:
            colleague.kill()
            await colleague.ended()
            raise
        self._present[place] = colleague
        return colleague

    async def _tend(self, place: int) -> None:
        """See to it that there is a worker at a place, until all shall leave."""
        deaths = 0
        while True:
            began = asyncio.get_running_loop().time()
            colleague = self._present.get(place)
            if colleague is not None:
                await self._until_gone(place, colleague)
                lasted = asyncio.get_running_loop().time() - began
                deaths = 0 if lasted > STEADY_SECONDS else deaths + 1
            if self._left.is_set():
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(DELAYS[min(deaths, len(DELAYS) - 1)]):
                    await self._left.wait()
            if self._left.is_set():
                return
            try:
                await self._replaced(place)
            except Exception as error:  # noqa: BLE001 - whatever it was, it is tried again
                deaths += 1
                said = error.message if isinstance(error, CanaryError) else type(error).__name__
                log.error("no worker yet: %s", said)  # noqa: TRY400 - the same

    async def _until_gone(self, place: int, colleague: Colleague) -> None:
        status = await colleague.ended()
        del self._present[place]
        self._gone = added([self._gone, _lasting(colleague.counts)])
        if self._left.is_set():
            return
        self._keeper.tallies.add(names.WORKER_RESTARTS)
        why = f": {colleague.refused}" if colleague.refused else ""
        log.error(
            "worker %d ended with status %d%s; another one takes over", colleague.process.pid, status, why
        )

    async def _replaced(self, place: int) -> None:
        """Start a worker anew; without TLS where certificates have become unusable: mail goes on."""
        try:
            colleague = await self._begin(place, self._plan)
        except ConfigurationError as error:
            log.error("a worker cannot go on as before, so without TLS: %s", error.message)  # noqa: TRY400 - the message says it all
            bare = replace(self._plan, settings=replace(self._plan.settings, tls=TlsFiles()))
            colleague = await self._begin(place, bare)
        if self._left.is_set():
            colleague.leave(0)
        log.info("worker %d listens", colleague.process.pid)


def _lasting(counts: Mapping[str, float]) -> Mapping[str, float]:
    """Return what a process counted that is gone, without what it stood at."""
    return {key: value for key, value in counts.items() if key.partition("|")[0] not in GAUGES}
