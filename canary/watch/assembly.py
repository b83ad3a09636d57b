"""The mail side, assembled in one process: sink → attribute → keep → alert."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from canary.alert.dispatcher import Dispatcher
from canary.keyring import IndexKey
from canary.ports import Channel, Clock, Store, system_clock
from canary.sink import Listener, SinkSettings
from canary.tallies import Tallies
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
) -> AsyncIterator[Sequence[tuple[str, int]]]:
    """Listen and alert until the block ends; yields the addresses that are listened on.

    On the way out running transactions may end within `GRACE_SECONDS`, and what they left is kept.
    `index` is needed where a share of unknown recipients is taken.
    """
    wake = asyncio.Event()
    keeper = Keeper(store, wake.set, clock, tallies)
    listener = Listener(settings, OwnDoor(store, keeper, index), clock=clock, tallies=keeper.tallies)
    dispatcher = Dispatcher(store, channels, clock, wake=wake)
    try:
        bound = await listener.start()
    except BaseException:
        await keeper.aclose()
        raise
    keeper.gather = listener.attempts
    telling = asyncio.create_task(dispatcher.run())
    try:
        yield bound
    finally:
        await listener.close(GRACE_SECONDS)
        await keeper.aclose()
        dispatcher.stop()
        await asyncio.gather(telling, return_exceptions=True)
        for channel in channels:
            await channel.aclose()
