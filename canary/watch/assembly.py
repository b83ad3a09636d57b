"""The mail side, assembled in one process: sink → attribute → keep → alert."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from canary.alert.dispatcher import Brief, Dispatcher, unbriefed
from canary.keyring import IndexKey
from canary.ports import Channel, Clock, Store, system_clock
from canary.sink import Listener, SinkSettings
from canary.tallies import Tallies
from canary.watch.appraising import Appraiser, Appraising, both
from canary.watch.door import OwnDoor
from canary.watch.keeper import Keeper

GRACE_SECONDS = 20.0


@contextlib.asynccontextmanager
async def watching(
    store: Store,
    settings: SinkSettings,
    channels: Sequence[Channel],
    clock: Clock = system_clock,
    *,
    index: IndexKey | None = None,
    tallies: Tallies | None = None,
    appraising: Appraising = Appraising(),  # noqa: B008 - frozen
    brief: Brief = unbriefed,
) -> AsyncIterator[Sequence[tuple[str, int]]]:
    """Listen and alert until the block ends; yields the addresses that are listened on.

    On the way out running transactions may end within `GRACE_SECONDS`, and what they left is kept.
    What is kept is appraised as `appraising` says, and `brief` tells of the incidents of an alert. `index` is
    needed where a share of unknown recipients is taken.
    """
    wake = asyncio.Event()
    tallies = tallies or Tallies()
    appraiser = Appraiser(store, appraising, clock, tallies, wake.set)
    keeper = Keeper(store, both(wake.set, appraiser.wake), clock, tallies)
    listener = Listener(settings, OwnDoor(store, keeper, index), clock=clock, tallies=keeper.tallies)
    dispatcher = Dispatcher(store, channels, clock, wake=wake, brief=brief)
    try:
        bound = await listener.start()
    except BaseException:
        await keeper.aclose()
        raise
    keeper.gather = listener.attempts
    telling = asyncio.create_task(dispatcher.run())
    looking = asyncio.create_task(appraiser.run())
    try:
        yield bound
    finally:
        await listener.close(GRACE_SECONDS)
        await keeper.aclose()
        appraiser.stop()
        await asyncio.gather(looking, return_exceptions=True)
        dispatcher.stop()
        await asyncio.gather(telling, return_exceptions=True)
        for channel in channels:
            await channel.aclose()
