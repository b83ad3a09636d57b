"""Many who wait become few commits: new plantings at once, repeated looks some milliseconds later."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from time import monotonic

from canary.errors import CanaryError, StoreError, TemporaryError
from canary.model import Access, Planting
from canary.ports import Look

log = logging.getLogger("canary.plant")
Outcome = Planting | CanaryError

MOST_TOGETHER = 256
PIECE = 64
"""So many accesses of one caller are planted together: others come in between."""

MOST_WAITING = 20_000
MOST_LOOKS = 4096
LOOKS_TOGETHER = 64
LOOKS_WAIT = 0.02
AGAIN = 0.25
QUIET = 60.0
CLOSING = 5.0


class Job:
    """Accesses that somebody waits for: a thread, or a coroutine of a loop."""

    __slots__ = ("_done", "accesses", "future", "given_up", "left", "loop", "outcomes")

    def __init__(self, accesses: Sequence[Access], loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.accesses = accesses
        self.outcomes: list[Outcome] = [StoreError("it was not planted")] * len(accesses)
        self.left = len(accesses)
        self.given_up = False
        self.loop = loop
        self.future = loop.create_future() if loop else None
        self._done = None if loop else threading.Event()

    def wait(self, patience: float) -> None:
        """Wait, in a thread, until all is planted. Raises TemporaryError after so many seconds."""
        if self._done is not None and not self._done.wait(patience):
            self.given_up = True
            raise TemporaryError("the database did not take it in time", hint="try again")

    async def wanted(self, patience: float) -> None:
        """Wait, in the loop, until all is planted. Raises TemporaryError after so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self.future  # type: ignore[misc] # made with a loop
        except TimeoutError:
            raise TemporaryError("the database did not take it in time", hint="try again") from None
        finally:
            self.given_up = self.left > 0

    def tell(self) -> None:
        """Wake who waits: in the thread that waits for it, or from the loop."""
        if self._done is not None:
            self._done.set()
        elif self.future is not None and not self.future.done():
            self.future.set_result(None)


class Line:
    """Plants for all who wait, one commit at a time, and writes the repeated looks down in between.

    `plant` plants accesses in one commit and returns an outcome for each; `write` commits looks. Both raise
    StoreError where the database cannot be written: who waits for a planting is told, looks stay for later.
    """

    def __init__(
        self,
        plant: Callable[[Sequence[Access]], Sequence[Outcome]],
        write: Callable[[Sequence[Look]], None],
    ) -> None:
        self._plant = plant
        self._write = write
        self._ready = threading.Condition()
        self._turn = threading.Lock()
        self._small: deque[tuple[Job, int]] = deque()
        self._large: deque[tuple[Job, int]] = deque()
        self._waiting = 0
        self._looks: deque[Look] = deque()
        self._written = 0
        self._due = 0.0
        self._closing = False
        self._complained = -QUIET
        self._thread: threading.Thread | None = None

    def plant_now(self, job: Job) -> None:
        """Plant a job in the calling thread, with what others wait for, unless somebody commits already.

        Two threads less have to be woken for it. Raises what `put` does.
        """
        self.put(job, wake=False)
        if self._turn.acquire(blocking=False):
            try:
                with self._ready:
                    batch = self._gathered()
                if batch:
                    self._commit(batch)
            finally:
                self._turn.release()
        with self._ready:
            if self._small or self._large:
                self._ready.notify_all()

    def put(self, job: Job, *, wake: bool = True) -> None:
        """Plant the accesses of a job as soon as may be. Raises TemporaryError where too many wait."""
        pieces = [(job, at) for at in range(0, len(job.accesses), PIECE)]
        with self._ready:
            if self._closing:
                raise StoreError("the planter is closed")
            if self._waiting + len(job.accesses) > MOST_WAITING:
                raise TemporaryError("too many accesses wait to be planted", hint="try again")
            self._waiting += len(job.accesses)
            (self._small if len(pieces) == 1 else self._large).extend(pieces)
            self._start()
            if wake:
                self._ready.notify_all()

    @property
    def full(self) -> bool:
        """Say whether no further look may wait."""
        return len(self._looks) >= MOST_LOOKS or self._closing

    def look(self, look: Look) -> None:
        """Write a look down some milliseconds from now, with those that come until then."""
        with self._ready:
            self._looks.append(look)
            if len(self._looks) == 1:
                self._due = monotonic() + LOOKS_WAIT
                self._start()
                self._ready.notify_all()

    def flush(self, patience: float) -> None:
        """Wait until the looks of now are written down, for so many seconds at the most."""
        ends = monotonic() + patience
        with self._ready:
            last = self._written + len(self._looks)
            self._due = 0.0
            self._ready.notify_all()
            while self._written < last and monotonic() < ends and not self._closing:
                self._ready.wait(LOOKS_WAIT)

    def close(self) -> None:
        """Plant what waits, write the looks down, and end the thread."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        if self._thread is not None:
            self._thread.join()
        if self._looks:
            log.error("%d repeated looks could not be written down", len(self._looks))

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="planting-line", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        ends = None
        while True:
            with self._ready:
                while not (self._small or self._large or self._closing or self._looks_due()):
                    self._ready.wait(self._due - monotonic() if self._looks else None)
            with self._turn:
                with self._ready:
                    batch = self._gathered()
                if batch:
                    self._commit(batch)
                if self._looks and (self._looks_due() or self._closing):
                    self._write_down()
            if self._closing and not batch:
                ends = ends or monotonic() + CLOSING
                if not self._looks or monotonic() > ends:
                    return

    def _looks_due(self) -> bool:
        return bool(self._looks) and monotonic() >= self._due

    def _gathered(self) -> list[tuple[Job, int]]:
        """Return pieces of jobs to be planted together: small ones, and one of somebody who has many."""
        batch, count = [], 0
        while self._small and count < MOST_TOGETHER:
            job, at = self._small.popleft()
            count += len(job.accesses)
            batch.append((job, at))
        if self._large:
            batch.append(self._large.popleft())
        self._waiting -= sum(len(job.accesses[at : at + PIECE]) for job, at in batch)
        return batch

    def _commit(self, batch: Sequence[tuple[Job, int]]) -> None:
        wanted = [(job, at) for job, at in batch if not job.given_up]
        accesses = [access for job, at in wanted for access in job.accesses[at : at + PIECE]]
        if self._looks and any(access.bare for access in accesses):
            self._write_down()  # what is taken back must be there
        try:
            outcomes = iter(self._plant(accesses) if accesses else ())
        except CanaryError as error:
            outcomes = iter([error] * len(accesses))
        except Exception as error:  # noqa: BLE001 - whoever waits must be told, and the thread go on
            log.error("nothing planted: %s", type(error).__name__)  # noqa: TRY400 - a trace may hold what was told
            outcomes = iter([StoreError("it could not be planted")] * len(accesses))
        done = []
        for job, at in wanted:
            for place in range(at, min(at + PIECE, len(job.accesses))):
                job.outcomes[place] = next(outcomes)
                job.left -= 1
            if not job.left:
                done.append(job)
        _tell(done)

    def _write_down(self) -> None:
        """Commit the oldest looks; if that fails they stay for a later time."""
        some = [self._looks[place] for place in range(min(LOOKS_TOGETHER, len(self._looks)))]
        try:
            self._write(some)
        except CanaryError as error:
            self._due = monotonic() + AGAIN
            if monotonic() - self._complained > QUIET:
                self._complained = monotonic()
                log.warning("repeated looks wait to be written down: %s", error.message)
            if self._closing:
                self._ready_wait()
            return
        except Exception as error:  # noqa: BLE001 - others must be written down, and the thread go on
            log.error("%d repeated looks are lost: %s", len(some), type(error).__name__)  # noqa: TRY400 - the same
        with self._ready:
            for _ in some:
                self._looks.popleft()
            self._written += len(some)
            self._ready.notify_all()

    def _ready_wait(self) -> None:
        with self._ready:
            self._ready.wait(AGAIN)


def _tell(jobs: Iterable[Job]) -> None:
    """Wake all who wait, each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.loop is None:
            job.tell()
        else:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, some in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_tell_all, some)


def _tell_all(jobs: Iterable[Job]) -> None:
    for job in jobs:
        job.tell()
