"""Letters become hits of incidents: the product's own listener, keeper and appraiser, on a clock of ours.

The parts of `canary.watch.assembly`, put together as there, but that each session is brought to its end
before the next begins: days pass between them, and what the product does in seconds after a 250 (appraising,
joining, writing down what was tried in vain) has been done by then.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from canary import wiring
from canary.alert.dispatcher import Brief
from canary.config import Config
from canary.keyring import Keyring
from canary.model import Alert, AlertState, Hit, Probe
from canary.origin import Authenticator
from canary.ports import Store, Told
from canary.sink import Listener
from canary.watch.appraised import appraising_of, briefing_of
from canary.watch.appraising import Appraiser, Appraising
from canary.watch.door import OwnDoor
from canary.watch.keeper import Keeper
from scripts.simulating.letters import Letter
from scripts.simulating.wire import Answered, spoken
from scripts.simulating.world import Clock

AT_ONCE = 256
CHANNELS = ("slack",)
LEASE = timedelta(seconds=30)
TOO_MANY = 20
"""From so many attempts in vain on they are written down: the product does it every ten seconds."""

PATIENCE = 30.0


class Door(OwnDoor):
    """The product's door, which counts the probes that are kept."""

    kept = 0

    def probe(self, probe: Probe) -> Awaitable[None]:
        """Hand a probe over to the keeper."""
        done = asyncio.ensure_future(self._keeper.probe(probe))
        done.add_done_callback(self._count)
        return done

    def _count(self, _: object) -> None:
        self.kept += 1


@dataclass
class Host:
    """A host that hears one session at a time. `last` is the last hit that was appraised."""

    store: Store
    clock: Clock
    port: int
    door: Door
    keeper: Keeper
    appraising: Appraising
    brief: Brief
    last: str = ""
    unwritten: int = 0

    async def hear(self, letter: Letter) -> tuple[Answered, Sequence[Hit]]:
        """Hold a session and do all that follows from it; return the hits that are new."""
        self.clock.now = letter.at
        probed = self.door.kept
        told = await spoken(self.port, letter)
        if told.there and not told.taken:
            async with asyncio.timeout(PATIENCE):
                while self.door.kept < probed + len(told.there):  # noqa: ASYNC110 - turns of the one loop
                    await asyncio.sleep(0)
        self.unwritten += len(letter.recipients) - len(told.there)
        if self.unwritten >= TOO_MANY:
            self.unwritten = 0
            await self.keeper.write_down()
        return told, await self._appraised() if told.there else ()

    def tell(self, until: datetime) -> Iterator[Alert]:
        """Yield the alerts that go out by a time, each at its own, as the dispatcher takes them.

        Of an incident's first, fourth, 16th … alert it is found out what is known of the incident.
        """
        while (due := self.store.next_due(CHANNELS)) is not None and due <= until:
            self.clock.now = max(self.clock.now, due)
            alert = self.store.claim_alert(CHANNELS[0], self.clock.now, LEASE)
            if alert is None:
                return
            updates = alert.case.updates + 1 if alert.case else 1
            told = None
            if updates & (updates - 1) == 0 and updates.bit_length() % 2:
                alert = self.brief(alert)
                told = Told(alert.briefing.lead, "") if alert.briefing else None
            self.store.settle_alert(alert.id, AlertState.SENT, due_at=self.clock.now, told=told)
            yield alert

    async def _appraised(self) -> Sequence[Hit]:
        """Appraise and join what was kept. A new appraiser each time has nothing in mind from days ago."""
        hits = list(self.store.unappraised(self.last, AT_ONCE))
        for _, some in groupby(hits, lambda hit: hit.message and hit.message.id):
            await Appraiser(self.store, self.appraising, self.clock).appraise(list(some))
        self.last = hits[-1].id if hits else self.last
        return hits


@asynccontextmanager
async def hosting(config: Config, keys: Keyring, clock: Clock, name_server: int) -> AsyncIterator[Host]:
    """Listen for a block, over the database that the configuration names; DNS is a port of loopback."""
    with wiring.opened_store(config, keys, clock) as store, appraising_of(config, store) as configured:
        authenticator = Authenticator(["127.0.0.1"], name_server)
        keeper = Keeper(store, lambda: None, clock, at_once=True)
        door = Door(store, keeper, keys.index_key)
        listener = Listener(wiring.sink_settings(config), door, clock=clock, tallies=keeper.tallies)
        (address,) = await listener.start()
        keeper.gather = listener.attempts
        try:
            appraising = replace(configured, authenticator=authenticator)
            yield Host(store, clock, address[1], door, keeper, appraising, briefing_of(config, store))
        finally:
            await listener.close(1.0)
            await keeper.aclose()
            authenticator.close()
