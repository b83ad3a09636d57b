"""What waits becomes one batch for one thread at a time, and its results answers to those who wait.

A thread for each message spent more time on being woken than on its work. Here the loop gathers what comes
while a batch is being kept, and hands it over as a whole: two hand-overs a batch, however large.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

from canary.errors import CanaryError, StoreError
from canary.ports import Kept
from canary.watch.keeping import Arrival, Outcome

Waiting = tuple[Arrival, asyncio.Future[Kept], int]
Work = Callable[[Sequence[Arrival]], Sequence[Outcome]]
Report = Callable[[Sequence[Arrival], Sequence[Outcome], float], None]


class Lane:
    """A thread, and those who wait for it in their order.

    `work` is done in the thread, for `most` arrivals and `most_bytes` of them at once; `report` is called in
    the loop with what became of each batch and how many seconds it took. `at_once` is the same work, tried
    in the loop first: it raises an error, having done nothing, where it would have to wait for others.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        report: Report,
        *,
        most: int,
        most_bytes: int,
        at_once: Work | None = None,
    ) -> None:
        self._work = work
        self._at_once = at_once
        self._report = report
        self._most = most
        self._most_bytes = most_bytes
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self._busy = False
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._handed: queue.SimpleQueue[list[Waiting] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Return how many wait: for the batch that they are in, or for the next one."""
        return self._under_way + len(self._waiting)

    def put(self, arrival: Arrival, size: int) -> "asyncio.Future[Kept]":
        """Return what will be known when an arrival of so many bytes is kept; cancelled before, it is not."""
        kept: asyncio.Future[Kept] = self._loop.create_future()
        self._waiting.append((arrival, kept, size))
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._hand_over)  # all that came with this packet may come along
        return kept

    async def aclose(self) -> None:
        """Finish what waits, then let go of the thread."""
        await self._idle.wait()
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        batch: list[Waiting] = []
        room = self._most_bytes
        while self._waiting and len(batch) < self._most and (room > 0 or not batch):
            one = self._waiting.popleft()
            if not one[1].cancelled():
                batch.append(one)
                room -= one[2]
        if batch:
            if self._at_once is None or not self._done_at_once(batch, self._at_once):
                self._under_way = len(batch)
                self._handed.put(batch)
        else:
            self._busy = False
            self._idle.set()

    def _done_at_once(self, batch: list[Waiting], work: Work) -> bool:
        """Do the work here, if nobody has to be waited for: handing it over costs more than most of it.

        What nobody foresaw is left to the thread, too.
        """
        began = perf_counter()
        arrivals = [arrival for arrival, _, _ in batch]
        try:
            outcomes = work(arrivals)
        except Exception:  # noqa: BLE001 - the thread meets it again, and tells those who wait
            return False
        self._settle(batch, arrivals, outcomes, perf_counter() - began)
        return True

    def _run(self) -> None:
        while (batch := self._handed.get()) is not None:
            began = perf_counter()
            arrivals = [arrival for arrival, _, _ in batch]
            outcomes = _done(self._work, arrivals)
            self._loop.call_soon_threadsafe(self._settle, batch, arrivals, outcomes, perf_counter() - began)

    def _settle(
        self, batch: list[Waiting], arrivals: list[Arrival], outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        self._under_way = 0
        for (_, kept, _), outcome in zip(batch, outcomes, strict=True):
            if kept.cancelled():
                continue
            if isinstance(outcome, CanaryError):
                kept.set_exception(outcome)
            else:
                kept.set_result(outcome)
        self._report(arrivals, outcomes, seconds)
        self._loop.call_soon(self._hand_over)  # after what came meanwhile was heard


def _done(work: Work, arrivals: list[Arrival]) -> Sequence[Outcome]:
    """Return what became of each arrival, whatever was raised: everybody who waits must be told.

    What nobody foresaw may be the fault of one of them: then each is tried alone.
    """
    try:
        outcomes = work(arrivals)
        if len(outcomes) == len(arrivals):
            return outcomes
        said, hint = "not kept: an answer is missing", ""
    except CanaryError as error:
        said, hint = error.message, error.hint
    except Exception as error:  # noqa: BLE001 - its words may quote what arrived
        if len(arrivals) > 1:
            return [_done(work, [arrival])[0] for arrival in arrivals]
        said, hint = f"not kept: {type(error).__name__}", ""
    return [StoreError(said, hint=hint) for _ in arrivals]
