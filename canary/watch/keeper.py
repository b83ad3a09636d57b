"""What arrives at the door becomes kept, many at once, and the dispatcher hears of it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic

from canary import tallies as names
from canary.errors import CanaryError
from canary.model import Attempts, BaseRate, Probe
from canary.ports import Clock, Kept, Store, system_clock
from canary.tallies import Snapshot, Tallies
from canary.watch.keeping import Arrival, Outcome, keep_all, keep_at_once
from canary.watch.lane import Lane, Promised, Tell, Waiting

log = logging.getLogger("canary.watch")
MOST_UNKEPT = 5000
MOST_ATTEMPTS = 10_000
MOST_TOGETHER = 256
MOST_BYTES = 8 * 1024 * 1024
WRITE_DOWN_SECONDS = 10.0
RATE_SECONDS = 1.0
RING_SECONDS = 0.05
COMPLAIN_SECONDS = 1.0


class Keeper:
    """Keeps messages and probes: small ones in batches, large ones beside them, one by one.

    `wake` is called when alerts may be owed, `gather` for what client networks tried in vain, before what was
    counted is written down. Call `aclose` when done. Everything but the keeping itself happens in the loop
    that made it. With `at_once` small ones are kept in the loop, too, unless another thread or process writes
    then: the loop waits for its own commits and for nobody else's. Without it never waits for the store.
    """

    def __init__(
        self,
        store: Store,
        wake: Callable[[], None],
        clock: Clock = system_clock,
        tallies: Tallies | None = None,
        *,
        at_once: bool = False,
    ) -> None:
        self.tallies = tallies or Tallies()
        self.gather: Callable[[], Sequence[Attempts]] = tuple
        self._failing_since: float | None = None
        self._store = store
        self._wake = wake
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._small = Lane(
            "keeper",
            self._keep,
            self._report,
            most=MOST_TOGETHER,
            most_bytes=MOST_BYTES,
            at_once=self._keep_at_once if at_once else None,
        )
        self._large = Lane("keeper-of-large", self._keep, self._report, most=1, most_bytes=1)
        self._rate = BaseRate()
        self._rate_until = 0.0
        self._strays = 0
        self._attempts: list[Attempts] = []
        self._unkept: deque[Probe] = deque(maxlen=MOST_UNKEPT)
        self._probes: set[asyncio.Future[Kept]] = set()
        self._closing = asyncio.Event()
        self._ringing = False
        self._rang = self._complained = 0.0
        self._writing = self._loop.create_task(self._write_down_always())

    def take(self, arrival: Arrival, tell: Tell) -> Waiting:
        """Have a message or probe kept; `tell` is called when it is durable, or with why it is not."""
        waiting = Waiting(arrival, _size_of(arrival), tell)
        self._lane_of(arrival).put(waiting)
        return waiting

    def keep(self, arrival: Arrival) -> "asyncio.Future[Kept]":
        """Return what tells when a message or probe is durable, or why not (StoreError).

        Cancelled before it is being kept, it is not kept.
        """
        kept: asyncio.Future[Kept] = self._loop.create_future()
        self._lane_of(arrival).put(Promised(arrival, _size_of(arrival), kept))
        return kept

    def _lane_of(self, arrival: Arrival) -> Lane:
        return self._small if isinstance(arrival, Probe) or isinstance(arrival.raw, bytes) else self._large

    def probe(self, probe: Probe) -> "asyncio.Future[None]":
        """Take a probe over: it is kept now or, where the store cannot take it, later.

        Its 250 has been given, so nobody can call it back: what is returned is done when the probe is kept or
        waits for the next time, and to cancel that changes nothing.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        kept = self.keep(probe)
        self._probes.add(kept)
        kept.add_done_callback(partial(self._probe_tried, probe, done))
        return done

    def count_strays(self, count: int) -> None:
        """Count recipients that nobody has."""
        self._strays += count
        self.tallies.add(names.STRAYS, count)

    def count_attempts(self, attempts: Sequence[Attempts]) -> None:
        """Note what client networks tried in vain."""
        self._attempts += attempts[: MOST_ATTEMPTS - len(self._attempts)]

    async def write_down(self) -> None:
        """Write down the probes that could not be kept and what was counted; the rest stays for later."""
        waiting = len(self._unkept)
        for at in range(0, waiting, MOST_TOGETHER):
            before = len(self._unkept)
            for _ in range(min(MOST_TOGETHER, waiting - at)):
                self.probe(self._unkept.popleft())
            await self._all_tried()
            if len(self._unkept) >= before:
                break  # the store takes nothing now: the rest need not wait for that, too
        self.tallies.put(names.PROBES_WAITING, len(self._unkept))
        self.count_attempts(self.gather())
        count, self._strays = self._strays, 0
        if count and not await self._written("strays", self._store.count_strays, self._clock(), count):
            self._strays += count
        attempts, self._attempts = self._attempts, []
        if attempts and not await self._written("attempts", self._store.count_attempts, attempts):
            self._attempts[:0] = attempts[: MOST_ATTEMPTS - len(self._attempts)]

    def snapshot(self) -> Snapshot:
        """Return what was counted, and how much waits now."""
        self.tallies.put(names.WAITING, len(self._small) + len(self._large))
        return self.tallies.snapshot()

    def trouble(self, seconds: float) -> str:
        """Say if nothing could be kept for so many seconds, though it was to be."""
        since = self._failing_since
        lasting = 0.0 if since is None else self._loop.time() - since
        return f"nothing could be kept for {lasting:.0f} s" if lasting > seconds else ""

    async def aclose(self) -> None:
        """Finish what waits, write down what was counted, and let go of the threads."""
        self._closing.set()
        await self._writing  # what it has taken up it may end
        await self._all_tried()
        await self.write_down()
        await asyncio.gather(self._small.aclose(), self._large.aclose())
        if self._unkept:
            log.error("%d probes could not be kept", len(self._unkept))
        if self._ringing:
            self._wake()

    def _probe_tried(self, probe: Probe, done: "asyncio.Future[None]", kept: "asyncio.Future[Kept]") -> None:
        error = kept.exception()
        if error is not None:
            if len(self._unkept) == MOST_UNKEPT:
                log.error("too many probes wait to be kept: the first of them is given up")
            self._unkept.append(probe)
            self.tallies.add(f"{names.STORE_FAILURES}|probe")
            self.tallies.put(names.PROBES_WAITING, len(self._unkept))
            said = error.message if isinstance(error, CanaryError) else type(error).__name__
            log.warning("a probe is not kept yet: %s", said)
        self._probes.discard(kept)
        if not done.done():
            done.set_result(None)

    async def _all_tried(self) -> None:
        """Wait until every probe of now is kept or waits for the next time."""
        if self._probes:
            await asyncio.wait(self._probes)

    def _keep(self, arrivals: Sequence[Arrival]) -> Sequence[Outcome]:
        return keep_all(self._store, arrivals, self._base_rate)

    def _keep_at_once(self, arrivals: Sequence[Arrival]) -> Sequence[Outcome]:
        return keep_at_once(self._store, arrivals, self._base_rate)

    def _base_rate(self) -> BaseRate:
        """Return what is known about noise, as of a second ago at most."""
        now = monotonic()
        if now >= self._rate_until:
            self._rate, self._rate_until = self._store.base_rate(), now + RATE_SECONDS
        return self._rate

    def _report(self, arrivals: Sequence[Arrival], outcomes: Sequence[Outcome], seconds: float) -> None:
        tallies = self.tallies
        hits = fresh = failed = 0
        for arrival, outcome in zip(arrivals, outcomes, strict=True):
            if isinstance(outcome, CanaryError):
                failed += 1
                problem = outcome
            else:
                hits += len(outcome.hit_ids)
                fresh += outcome.fresh
                if isinstance(arrival, Probe):
                    tallies.add(f"{names.PROBES}|{arrival.verb.lower()}")
        kept = len(arrivals) - failed
        if kept:
            tallies.observe(names.COMMIT_SECONDS, seconds)
            tallies.observe(names.COMMIT_BATCH, kept)
            self._failing_since = None
        if hits:
            tallies.add(f"{names.HITS}|new", fresh)
            tallies.add(f"{names.HITS}|again", hits - fresh)
        if log.isEnabledFor(logging.INFO) and kept:
            log.info("kept %d in %.1f ms: %d hits, %d new", kept, seconds * 1000, hits, fresh)
        if failed:
            self._complain(failed, problem, all_of_them=not kept)
        if fresh:
            self._ring()

    def _complain(self, failed: int, problem: CanaryError, *, all_of_them: bool) -> None:
        self.tallies.add(f"{names.STORE_FAILURES}|keep")
        now = self._loop.time()
        if all_of_them and self._failing_since is None:
            self._failing_since = now
        if now - self._complained >= COMPLAIN_SECONDS:
            self._complained = now
            log.error("%d messages or probes not kept: %s", failed, problem.message)

    def _ring(self) -> None:
        """Wake the dispatcher at once, and under load no more often than it can use."""
        if self._ringing:
            return
        now = self._loop.time()
        if now - self._rang >= RING_SECONDS:
            self._rang = now
            self._wake()
        else:
            self._ringing = True
            self._loop.call_at(self._rang + RING_SECONDS, self._ring_late)

    def _ring_late(self) -> None:
        self._ringing = False
        self._rang = self._loop.time()
        self._wake()

    async def _written(self, what: str, write: Callable[..., None], *told: object) -> bool:
        try:
            await asyncio.to_thread(write, *told)
        except CanaryError as error:
            self.tallies.add(f"{names.STORE_FAILURES}|{what}")
            log.warning("%s not written down yet: %s", what, error.message)
            return False
        return True

    async def _write_down_always(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITE_DOWN_SECONDS):
                    await self._closing.wait()
                    return
            try:
                await self.write_down()
            except Exception as error:  # noqa: BLE001 - it is written down the next time
                log.error("not written down yet: %s", type(error).__name__)  # noqa: TRY400 - its words may quote a client


def _size_of(arrival: Arrival) -> int:
    return 0 if isinstance(arrival, Probe) else len(arrival.raw)
