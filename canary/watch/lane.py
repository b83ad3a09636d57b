"""What waits becomes one batch for one thread at a time, and its results answers to those who wait.

A thread for each message spent more time on being woken than on its work. Here the loop gathers what comes
while a batch is being kept, and hands it over as a whole: two hand-overs a batch, however large. Who waits is
called, not woken: a Future would cost another turn of the loop.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from canary.errors import CanaryError, StoreError
from canary.watch.keeping import Arrival, Outcome

if TYPE_CHECKING:
    from canary.ports import Kept

Tell = Callable[[Outcome], None]
Work = Callable[[Sequence[Arrival]], Sequence[Outcome]]
Report = Callable[[Sequence[Arrival], Sequence[Outcome], float], None]

SLOW, RESPITE = 1.0, 5.0
"""Where work in the loop took so many seconds, it is left to the thread for so many: a disk that hangs for
minutes must not make everything else wait with it, more than once."""

MOMENT, ENOUGH = 0.001, 16
"""Where the last batch was more than one, the next is begun so many seconds later, unless it has so many
already: a batch costs as much as three messages. Who is alone never waits."""


class Waiting:
    """Something of so many bytes that waits to be kept, and who is told of it."""

    __slots__ = ("_called_off", "arrival", "size", "tell")

    def __init__(self, arrival: Arrival, size: int, tell: Tell) -> None:
        self.arrival = arrival
        self.size = size
        self.tell = tell
        self._called_off = False

    @property
    def called_off(self) -> bool:
        """Say whether it need not be kept, and nobody be told."""
        return self._called_off

    def call_off(self) -> None:
        """Forget it, if it is not being kept already."""
        self._called_off = True


class Promised(Waiting):
    """Something that waits to be kept, and a Future that tells; cancelled in time, it is not kept."""

    __slots__ = ("kept",)

    def __init__(self, arrival: Arrival, size: int, kept: "asyncio.Future[Kept]") -> None:
        super().__init__(arrival, size, self._settle)
        self.kept = kept

    @property
    def called_off(self) -> bool:
        """Say whether nobody awaits it."""
        return self.kept.cancelled()

    def _settle(self, outcome: Outcome) -> None:
        if isinstance(outcome, CanaryError):
            self.kept.set_exception(outcome)
        else:
            self.kept.set_result(outcome)


class Lane:
    """A thread, and those who wait for it in their order.

    `work` is done in the thread, for `most` arrivals and `most_bytes` of them at once; `report` is called in
    the loop with what became of each batch and how many seconds it took, after who waited was told. `at_once`
    is the same work, tried in the loop first: it raises an error, having done nothing, where it would have
    to wait for others.
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
        self._busy = self._company = False
        self._respite_ends = 0.0
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._handed: queue.SimpleQueue[list[Waiting] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Return how many wait: for the batch that they are in, or for the next one."""
        return self._under_way + len(self._waiting)

    def put(self, waiting: Waiting) -> None:
        """Have something kept; who waits is told in the loop what became of it."""
        self._waiting.append(waiting)
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._next()

    async def aclose(self) -> None:
        """Finish what waits, then let go of the thread."""
        await self._idle.wait()
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)

    def _next(self) -> None:
        """Hand over what waits with what has come by now, in company with what comes in a moment."""
        if self._company and len(self._waiting) < ENOUGH:
            self._loop.call_later(MOMENT, self._hand_over)
        else:
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        batch: list[Waiting] = []
        room = self._most_bytes
        while self._waiting and len(batch) < self._most and (room > 0 or not batch):
            one = self._waiting.popleft()
            if not one.called_off:
                batch.append(one)
                room -= one.size
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
        if began < self._respite_ends:
            return False
        arrivals = [each.arrival for each in batch]
        try:
            outcomes = work(arrivals)
        except Exception:  # noqa: BLE001 - the thread meets it again, and tells those who wait
            return False
        finally:
            ended = perf_counter()
            if ended - began > SLOW:
                self._respite_ends = ended + RESPITE
        self._settle(batch, arrivals, outcomes, ended - began)
        return True

    def _run(self) -> None:
        while (batch := self._handed.get()) is not None:
            began = perf_counter()
            arrivals = [each.arrival for each in batch]
            outcomes = _done(self._work, arrivals)
            self._loop.call_soon_threadsafe(self._settle, batch, arrivals, outcomes, perf_counter() - began)

    def _settle(
        self, batch: list[Waiting], arrivals: list[Arrival], outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        self._under_way = 0
        try:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.called_off:
                    waiting.tell(outcome)
        finally:
            self._loop.call_soon(self._report, arrivals, outcomes, seconds)
            self._company = len(batch) > 1
            self._next()


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
