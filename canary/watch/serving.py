"""The mail side, assembled for a host that serves: workers listen, this process keeps and tells."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import time

from canary import tallies as names
from canary.alert.dispatcher import Brief, Dispatcher, unbriefed
from canary.config.places import Endpoint
from canary.ports import Channel, Clock, Store, system_clock
from canary.sink import SinkSettings
from canary.sink.limits import of_one_worker
from canary.sink.listener import check
from canary.sink.sockets import Opened
from canary.tallies import Tallies
from canary.watch.appraising import Appraiser, Appraising, both
from canary.watch.health import measuring
from canary.watch.keeper import Keeper
from canary.watch.plan import Plan
from canary.watch.steward import Steward


@dataclass(frozen=True, slots=True)
class House:
    """What a serving host is made of.

    Without `appraise` what is kept is left for a later start to look at; `silence` 0 is none; `disks` are the
    folders that must not fill up; `brief` tells of the incidents of an alert.
    """

    store: Store
    channels: Sequence[Channel] = ()
    silence: timedelta = timedelta(0)
    metrics: Endpoint | None = None
    disks: Mapping[str, Path] = field(default_factory=dict)
    clock: Clock = system_clock
    appraising: Appraising = field(default_factory=Appraising)
    appraise: bool = True
    brief: Brief = unbriefed


class Serving:
    """A host that serves."""

    def __init__(self, steward: Steward, keeper: Keeper, workers: int, disks: Mapping[str, Path]) -> None:
        self.grace = 0.0
        self.measured = ""
        self.disks = dict(disks)
        self._steward = steward
        self._keeper = keeper
        self._workers = workers

    async def change(self, plan: Plan) -> None:
        """Receive under another plan from now on; nobody is hung up.

        Raises ConfigurationError, and nothing changes.
        """
        await asyncio.to_thread(check, plan.settings)
        await self._steward.change(plan_of_one(plan, self._workers))
        self.announce(plan.settings)

    def announce(self, settings: SinkSettings) -> None:
        """Have the metrics tell what holds from now on: limits, and the disk for large messages."""
        announce_limits(self._keeper.tallies, settings)
        self.disks.pop("spill", None)
        if settings.spill_folder is not None:
            self.disks["spill"] = settings.spill_folder

    def count_reload(self, *, well: bool) -> None:
        """Count that the configuration was read anew."""
        self._keeper.tallies.add(f"{names.RELOADS}|{'ok' if well else 'failed'}")
        if well:
            self._keeper.tallies.put(names.RELOADED_AT, time())

    def hurry(self) -> None:
        """Let nothing more end that has begun: hang up at once."""
        self._steward.hurry()


@contextlib.asynccontextmanager
async def serving(house: House, plan: Plan, shares: Sequence[Sequence[Opened]]) -> AsyncIterator[Serving]:
    """Serve until the block ends, a worker for each share of sockets; the sockets are closed at the end.

    On the way out running transactions may end within `grace` seconds of what is yielded, and what they left
    is kept. Raises ConfigurationError and TemporaryError where it cannot begin.
    """
    wake = asyncio.Event()
    tallies = Tallies()
    appraiser = Appraiser(house.store, house.appraising, house.clock, tallies, wake.set)
    keeper = Keeper(house.store, both(wake.set, appraiser.wake), house.clock, tallies, at_once=True)
    steward = Steward(plan_of_one(plan, len(shares)), shares, keeper, house.clock)
    made = Serving(steward, keeper, len(shares), house.disks)
    made.announce(plan.settings)
    async with contextlib.AsyncExitStack() as stack:
        for channel in house.channels:
            stack.push_async_callback(channel.aclose)
        if house.appraise:
            await stack.enter_async_context(_looking(appraiser))
        stack.push_async_callback(keeper.aclose)
        await steward.start()
        stack.push_async_callback(lambda: steward.close(made.grace))
        await stack.enter_async_context(_telling(house, wake, tallies))
        if house.metrics is not None:
            measured = measuring(house.metrics, house.store, steward, keeper, made.disks)
            host, port = await stack.enter_async_context(measured)
            made.measured = f"{host}:{port}"
        gc.freeze()  # modules are for good: looking through them again would hold up what waits to be kept
        yield made


def plan_of_one(plan: Plan, workers: int) -> Plan:
    """Return what one of so many workers is told, so that together they do what `plan` says."""
    settings = of_one_worker(plan.settings, workers)
    return Plan(settings, plan.database, plan.index, plan.log_level, plan.log_form)


def announce_limits(tallies: Tallies, settings: SinkSettings) -> None:
    """Put what all workers together may take."""
    tallies.put(names.CONNECTIONS_LIMIT, settings.max_connections)
    tallies.put(f"{names.IN_FLIGHT_LIMIT_BYTES}|memory", settings.memory)
    tallies.put(f"{names.IN_FLIGHT_LIMIT_BYTES}|disk", settings.disk)


@contextlib.asynccontextmanager
async def _looking(appraiser: Appraiser) -> AsyncIterator[None]:
    looking = asyncio.create_task(appraiser.run())
    try:
        yield
    finally:
        appraiser.stop()
        await asyncio.gather(looking, return_exceptions=True)


@contextlib.asynccontextmanager
async def _telling(house: House, wake: asyncio.Event, tallies: Tallies) -> AsyncIterator[None]:
    dispatcher = Dispatcher(
        house.store,
        house.channels,
        house.clock,
        wake=wake,
        silence=house.silence,
        tallies=tallies,
        brief=house.brief,
    )
    telling = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        dispatcher.stop()
        await asyncio.gather(telling, return_exceptions=True)
