"""Hits that were kept become appraised ones: who sent them, their class, and whether the team is told.

After the 250, beside the loop, in bounded time. Nothing here can lose a hit or silence an alert for good:
what is not appraised within `alert.hold` is told with the class that it was kept with, and what a crash
left is found again at the next start.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from time import monotonic
from typing import Any

from canary import tallies as names
from canary.errors import CanaryError
from canary.model import Hit, Indicator
from canary.model.casework import Joining
from canary.origin import Authenticator
from canary.ports import Appraisal, Clock, Store, system_clock
from canary.tallies import Tallies
from canary.watch.concluding import Concluder

log = logging.getLogger("canary.watch")
TOGETHER = 32
"""So many hits are looked at in a turn."""

MOST_UNDER_WAY = 64
"""So many messages may wait for DNS at a time; others wait for them, and their alerts for `alert.hold`."""

POLL_SECONDS = 1.0
"""So often hits are looked for that another process has kept."""

GRACE_SECONDS = 1.0

Joined = Callable[[Sequence[str]], Sequence[Joining]]
"""Joins hits that were appraised to incidents, in a thread, and lets the alerts go that wait for them."""

Judge = Callable[[Sequence[str]], object]
"""Is told which incidents hits have joined, in a thread."""

Quiet = Callable[[Sequence[Indicator]], str]
"""Says why nobody is told of mail with these indicators, "" where somebody is."""


@dataclass(frozen=True, slots=True)
class Appraising:
    """How hits are appraised. Without an `authenticator` nothing is asked of DNS.

    `own` are the company's sending domains, `ours` those of decoys, which say nothing about a sender. Without
    `joined` there are no incidents, and alerts go once their hits are appraised; `join_left` joins what a
    crash left appraised and not joined.
    """

    authenticator: Authenticator | None = None
    own: Collection[str] = ()
    ours: Collection[str] = ()
    joined: Joined | None = None
    judge: Judge = lambda _: None
    join_left: Callable[[], object] = lambda: None
    quiet: Quiet = lambda _: ""


class Appraiser:
    """Looks at what was kept and was not appraised yet, whoever kept it."""

    def __init__(
        self,
        store: Store,
        how: Appraising = Appraising(),
        clock: Clock = system_clock,
        tallies: Tallies | None = None,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._how = how
        self._clock = clock
        self._tallies = tallies or Tallies()
        self._told = told
        self._bell = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._unkept: list[Appraisal] = []
        self._stopped = False
        self._last = ""
        self._under_way: set[asyncio.Task[None]] = set()
        self._concluder = Concluder(store, how, clock, self._tallies)

    def wake(self) -> None:
        """Say that something was kept."""
        self._bell.set()

    def stop(self) -> None:
        """Let `run` end after what it is at."""
        self._stopped = True
        self._bell.set()

    async def run(self) -> None:
        """Appraise until stopped; what is not done by then is found at the next start."""
        self._begin(self._joined_left())
        try:
            while not self._stopped:
                self._bell.clear()
                try:
                    busy = await self._take()
                except Exception as error:  # noqa: BLE001 - it is tried again; alerts go out without it
                    self._failed(error)
                    busy = False
                if not busy and not self._stopped:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._bell.wait(), POLL_SECONDS)
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=GRACE_SECONDS)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _take(self) -> bool:
        """Begin with the next hits, where not too many are under way; False where there are none."""
        while len(self._under_way) >= MOST_UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        hits = await asyncio.to_thread(self._store.unappraised, self._last, TOGETHER)
        for some in _by_message(hits):
            self._begin(self._done(some))
        self._last = hits[-1].id if hits else self._last
        return bool(hits)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _joined_left(self) -> None:
        try:
            await asyncio.to_thread(self._how.join_left)
        except Exception as error:  # noqa: BLE001 - the next start tries again
            self._failed(error)

    async def _done(self, hits: Sequence[Hit]) -> None:
        try:
            await self.appraise(hits)
        except Exception as error:  # noqa: BLE001 - the alert goes out without it, the next start tries again
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._tallies.add(f"{names.APPRAISALS}|failed")
        log.error(
            "not appraised: %s", error.message if isinstance(error, CanaryError) else type(error).__name__
        )

    async def appraise(self, hits: Sequence[Hit]) -> None:
        """Appraise the hits of one message, or some without any. Raises StoreError."""
        begun = monotonic()
        appraisal = await self._concluder.conclude(hits)
        self._unkept.append(appraisal)
        async with self._turn:
            some, self._unkept = self._unkept, []
            if some:  # else they were kept together with others' while this one waited
                await asyncio.to_thread(self._kept, some)
        self._tallies.observe(names.APPRAISAL_SECONDS, monotonic() - begun)

    def _kept(self, appraisals: Sequence[Appraisal]) -> None:
        """Keep what was found out and have it joined; then alerts are let go, and what is news is told."""
        joined = self._how.joined
        withheld = self._store.appraise(appraisals, held=joined is not None)
        for hit_class, count in withheld.items():
            self._tallies.add(f"{names.WITHHELD}|{hit_class.value}", count)
        try:
            joinings = joined([hit for each in appraisals for hit in each.verdicts]) if joined else ()
            self._loop.call_soon_threadsafe(self._told)
            self._how.judge(sorted({each.incident for each in joinings if each.incident}))
        except Exception as error:  # noqa: BLE001 - alerts go once the hold is over; appraising goes on
            said = error.message if isinstance(error, CanaryError) else type(error).__name__
            log.error("not joined to incidents yet: %s", said)  # noqa: TRY400 - its words may quote a stranger
        self._loop.call_soon_threadsafe(self._told)


def both(one: Callable[[], None], other: Callable[[], None]) -> Callable[[], None]:
    """Return what calls two, one after the other."""

    def call() -> None:
        one()
        other()

    return call


def _by_message(hits: Sequence[Hit]) -> list[list[Hit]]:
    return [list(some) for _, some in groupby(hits, lambda hit: hit.message and hit.message.id)]
