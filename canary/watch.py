"""The mail side, assembled: sink → attribute → keep → alert."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from canary.alert.dispatcher import Dispatcher
from canary.attribute import judge_message, judge_probe
from canary.errors import StoreError
from canary.model import Message, Peer, Probe
from canary.ports import Channel, Clock, Finding, Kept, Sighting, Store, system_clock
from canary.sink import Listener, SinkSettings

log = logging.getLogger("canary.watch")
Arrival = TypeVar("Arrival", Message, Probe)
KEEPERS = 16
MOST_UNKEPT = 1000
TALLY_SECONDS = 10.0
GRACE_SECONDS = 20.0


def keep_message(store: Store, message: Message) -> Kept:
    """Attribute a message and keep it; durable when this returns. Raises StoreError."""
    sightings = _each_once(store.sightings(message.recipients))
    verdicts = judge_message(message, sightings, store.base_rate())
    return store.keep_message(
        message, [Finding(sightings[who].decoy, verdict) for who, verdict in verdicts.items()]
    )


def keep_probe(store: Store, probe: Probe) -> Kept:
    """Attribute a probe and keep it; durable when this returns. Raises StoreError."""
    sightings = store.sightings([probe.recipient])
    rate = store.base_rate()
    return store.keep_probe(
        probe, [Finding(each.decoy, judge_probe(probe, each, rate)) for each in sightings.values()]
    )


class Watch:
    """What the sink asks of us: who is live, and to keep what arrives. Wakes the dispatcher."""

    def __init__(self, store: Store, wake: asyncio.Event, clock: Clock = system_clock) -> None:
        self._store = store
        self._wake = wake
        self._clock = clock
        self._keepers = ThreadPoolExecutor(KEEPERS, thread_name_prefix="keeper")
        self._strays = 0
        self._unkept: deque[Probe] = deque(maxlen=MOST_UNKEPT)

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's. Raises StoreError."""
        return self._store.is_live(address)

    async def message(self, message: Message) -> None:
        """Keep a message; durable when this returns. Raises StoreError."""
        await self._keep(keep_message, message)

    async def probe(self, probe: Probe) -> None:
        """Keep a probe; what the store cannot take now is tried again, since its 250 has been given."""
        try:
            await self._keep(keep_probe, probe)
        except StoreError as error:
            self._unkept.append(probe)
            log.warning("a probe is not kept yet: %s", error.message)

    def stray(self, address: str, peer: Peer) -> None:  # noqa: ARG002 - later issues weigh who tried what
        """Count a recipient that nobody has."""
        self._strays += 1

    async def tally(self) -> None:
        """Write down what could not be kept and the strays since last time; the rest stays for the next."""
        for _ in range(len(self._unkept)):
            await self.probe(self._unkept.popleft())
        count, self._strays = self._strays, 0
        if not count:
            return
        try:
            await asyncio.to_thread(self._store.count_strays, self._clock(), count)
        except StoreError as error:
            self._strays += count
            log.warning("%d unknown recipients not counted yet: %s", count, error.message)

    async def aclose(self) -> None:
        """Let go of the threads, the last strays written down."""
        await self.tally()
        self._keepers.shutdown()

    async def _keep(self, keep: Callable[[Store, Arrival], Kept], arrival: Arrival) -> None:
        loop = asyncio.get_running_loop()
        kept = await loop.run_in_executor(self._keepers, keep, self._store, arrival)
        log.info("kept a %s: %d hits, %d new", type(arrival).__name__.lower(), len(kept.hit_ids), kept.fresh)
        self._wake.set()


@contextlib.asynccontextmanager
async def watching(
    store: Store, settings: SinkSettings, channels: Sequence[Channel], clock: Clock = system_clock
) -> AsyncIterator[Sequence[tuple[str, int]]]:
    """Listen and alert until the block ends; yields the addresses that are listened on.

    On the way out running transactions may end within `GRACE_SECONDS`, and what they left is kept.
    """
    wake = asyncio.Event()
    watch = Watch(store, wake, clock)
    listener = Listener(settings, watch, clock=clock)
    dispatcher = Dispatcher(store, channels, clock, wake=wake)
    bound = await listener.start()
    telling = asyncio.create_task(dispatcher.run())
    counting = asyncio.create_task(_tally_always(watch))
    try:
        yield bound
    finally:
        await listener.close(GRACE_SECONDS)
        dispatcher.stop()
        counting.cancel()
        await asyncio.gather(telling, counting, return_exceptions=True)
        await watch.aclose()
        for channel in channels:
            await channel.aclose()


async def _tally_always(watch: Watch) -> None:
    while True:
        await asyncio.sleep(TALLY_SECONDS)
        await watch.tally()


def _each_once(sightings: Mapping[str, Sighting]) -> dict[str, Sighting]:
    """Return one recipient for each decoy: two spellings of one address are one decoy."""
    by_decoy = {each.decoy.id: recipient for recipient, each in reversed([*sightings.items()])}
    return {recipient: each for recipient, each in sightings.items() if by_decoy[each.decoy.id] == recipient}
