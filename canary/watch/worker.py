"""A process of its own, between strangers and the keeper: it listens, and holds no key that opens anything.

Run by the parent as `python -m canary.watch.worker`, with its end of the line as standard input. What it
has to know comes over the line; nothing of it can be seen in its arguments or environment.
"""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from canary import wiring
from canary.errors import CanaryError
from canary.keyring import IndexKey
from canary.logs import set_up_logs
from canary.metrics.figures import process_figures
from canary.persona.plausible import plausible
from canary.sink import Listener, SinkSettings
from canary.sink.house import Kind
from canary.sink.settings import Unknown
from canary.sink.sockets import Opened
from canary.store.lookup import open_lookup
from canary.tallies import FAILURES, Tallies
from canary.watch import frames
from canary.watch.desk import LONGEST_SAID, bounds_of
from canary.watch.line import Files, Line, LineError
from canary.watch.remote import RemoteDoor

log = logging.getLogger("canary.watch")
REPORT_SECONDS = 1.0
ATTEMPTS_EVERY = 10
UNHEARD_SECONDS = 5.0
IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What a whole process group is told; the parent says what is to be done."""


class Worker:
    """Listens until the parent says otherwise, or is gone."""

    def __init__(self, connection: socket.socket) -> None:
        self._words: asyncio.Queue[frames.FromParent | None] = asyncio.Queue()
        self._line = Line(connection, self._heard, self._lost, most=LONGEST_SAID, most_said=LONGEST_SAID)
        self._door: RemoteDoor | None = None
        self._sockets: list[Opened] = []
        self._tallies = Tallies()
        self._complained = 0.0

    async def run(self) -> None:
        """Begin as the first word says, and do as those after it say."""
        begin = await self._words.get()
        if not isinstance(begin, frames.Begin):
            return
        try:
            await self._listen(begin)
        except CanaryError as error:
            self._say(frames.Unable(error.message, error.hint))
            await self._said()

    async def _listen(self, begin: frames.Begin) -> None:
        set_up_logs(begin.log_level, begin.log_form)
        asyncio.get_running_loop().set_exception_handler(self._failed)
        settings = frames.settings_of(begin.settings)
        index = IndexKey(begin.index)
        with contextlib.closing(open_lookup(Path(begin.database), index)) as lookup:
            self._door = RemoteDoor(self._line, lookup.is_live, index)
            listener = Listener(settings, self._door, tallies=self._tallies)
            self._line.most_said = bounds_of(settings).frame
            _prepare(settings)
            await listener.start(self._sockets)
            self._say(frames.Listening(listener.expiries()))
            gc.freeze()  # modules are for good: looking through them again would hold clients up for 10 ms
            reporting = asyncio.create_task(self._report_always(self._door, listener))
            try:
                await self._obey(listener)
            finally:
                reporting.cancel()
                await asyncio.gather(reporting, return_exceptions=True)
            self._report(self._door, listener, whole=True)
            await self._said()

    async def _obey(self, listener: Listener) -> None:
        """Do as the parent says until it says to leave, and has waited for that, or is gone."""
        leaving: set[asyncio.Task[None]] = set()
        while not leaving or not all(task.done() for task in leaving):
            word = await self._words.get()
            if isinstance(word, frames.Change):
                self._change(word, listener)
            elif word is None or isinstance(word, frames.Leave):
                task = asyncio.create_task(listener.close(word.grace if word else 0))
                task.add_done_callback(lambda _: self._words.put_nowait(frames.Settled((), ())))
                leaving.add(task)

    def _change(self, word: frames.Change, listener: Listener) -> None:
        try:
            settings = frames.settings_of(word.settings)
            _allow_descriptors(word.descriptors)
            _prepare(settings)
            listener.reload(settings)
        except CanaryError as error:
            self._say(frames.Unable(error.message, error.hint))
            return
        self._line.most_said = bounds_of(settings).frame
        set_up_logs(word.log_level, word.log_form)
        self._say(frames.Listening(listener.expiries()))

    def _counts(self) -> dict[str, float]:
        return self._tallies.snapshot() | process_figures("worker")

    async def _report_always(self, door: RemoteDoor, listener: Listener) -> None:
        turn = 0
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            turn += 1
            self._report(door, listener, whole=turn % ATTEMPTS_EVERY == 0)

    def _report(self, door: RemoteDoor, listener: Listener, *, whole: bool) -> None:
        """Tell the parent what was counted, the `whole` of it or what has to be told every second."""
        try:
            door.report(self._counts(), listener.attempts() if whole else ())
        except Exception as error:  # noqa: BLE001 - who does not report is taken for dead
            log.error("not reported: %s", type(error).__name__)  # noqa: TRY400 - its words may quote a client

    def _heard(self, frame: memoryview, files: Files) -> None:
        try:
            word = frames.decoded_by_worker(frame)
        except (msgspec.MsgspecError, ValueError) as error:
            raise LineError(f"words that are none: {type(error).__name__}") from None
        if isinstance(word, frames.Settled):
            if self._door is not None:
                self._door.settle(word)
            return
        if isinstance(word, frames.Begin):
            self._sockets = _sockets(word.kinds, [files.popleft() for _ in word.kinds])
        self._words.put_nowait(word)

    def _lost(self, _: LineError | None) -> None:
        if self._door is not None:
            self._door.lose()
        self._words.put_nowait(None)

    def _failed(self, loop: asyncio.AbstractEventLoop, what: dict[str, Any]) -> None:
        """Count a client that could not be let in, and say so once a second; whatever else failed is said."""
        if "accept" not in str(what.get("message")):
            loop.default_exception_handler(what)
            return
        self._tallies.add(f"{FAILURES}|accept")
        if loop.time() - self._complained >= 1.0:
            self._complained = loop.time()
            log.error("clients cannot be let in: %s", type(what.get("exception")).__name__)

    def _say(self, word: frames.FromWorker) -> None:
        self._line.say(frames.encoded(word))

    async def _said(self) -> None:
        """Wait until the parent has everything, if it is still there."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNHEARD_SECONDS):
                while not (self._line.closed or self._line.drained):  # noqa: ASYNC110 - the end of a process
                    await asyncio.sleep(0.01)


def _sockets(kinds: Sequence[str], descriptors: Sequence[int]) -> list[Opened]:
    return [
        Opened(Kind(kind), socket.socket(fileno=each), inherited=True)
        for kind, each in zip(kinds, descriptors, strict=True)
    ]


def _prepare(settings: SinkSettings) -> None:
    """Read now what would take a third of a second when the first client needs it."""
    if settings.unknown is Unknown.SOME:
        plausible("zzzz")


def _allow_descriptors(count: int) -> None:
    """Open as many files as the parent may from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if resource.RLIM_INFINITY != soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """Take the line from where standard input was, and work."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    with asyncio.Runner(loop_factory=wiring.loop_factory()) as runner:
        runner.run(_work(connection))


async def _work(connection: socket.socket) -> None:
    await Worker(connection).run()


if __name__ == "__main__":
    main()
