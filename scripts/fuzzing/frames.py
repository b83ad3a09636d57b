"""A worker's bytes go to the parent's end of their line: words that are none end it, and nothing else.

An input is a byte of choices, one that says in what pieces it comes, and then the bytes themselves; or, by
a bit of the first, frames between SEPARATORs whose lengths are put before them. A file comes with the first.
"""

import array
import asyncio
import gc
import os
import socket
from asyncio import events
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from canary.errors import StoreError
from canary.metrics.exposition import exposition
from canary.model import Attempts, Message, Probe
from canary.ports import Kept
from canary.tallies import Tallies, added
from canary.watch import frames
from canary.watch.desk import MOST_STRAYS, SLACK, Bounds, Desk
from canary.watch.lane import Tell, Waiting
from scripts.fuzzing.finding import Finding, hold
from scripts.fuzzing.stepping import Loop

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SEPARATOR = b"\xff\xfe\xfd"
BOUNDS = Bounds(frame=4096, message=1000, recipients=3, waiting=3000)
FILE_BYTES = 500
FRAMED, WITH_FILE, FAILING, AT_ONCE = 1, 2, 4, 8
DESCRIPTORS = "/proc/self/fd"
ROUNDS = 5


class Ears(Loop):
    """A loop that is told when there is something to read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Callable[[], None] | None = None

    def add_reader(self, _: Any, callback: Callable[..., Any], *told: Any) -> None:  # type: ignore[override]
        """Note who reads."""
        self.reads = lambda: callback(*told)

    def remove_reader(self, _: Any) -> bool:
        """Note that nobody does."""
        self.reads = None
        return True

    def add_writer(self, _: Any, callback: Callable[..., Any], *told: Any) -> None:  # type: ignore[override]
        """Nobody has to wait: what is written here is short."""
        self.call_soon(callback, *told)

    def remove_writer(self, _: Any) -> bool:
        """Nobody had to wait."""
        return True


class Hands:
    """A keeper that writes down what it is given, and settles it when it is told to."""

    def __init__(self, loop: Loop, *, failing: bool, at_once: bool) -> None:
        self.tallies = Tallies()
        self.waiting: list[asyncio.Future[Any]] = []
        self._loop = loop
        self._failing = failing
        self._at_once = at_once

    def take(self, message: Message, tell: Tell) -> Waiting:
        """Take a message."""
        hold(len(message.raw) <= BOUNDS.message, "no message is too large", len(message.raw))
        hold(0 < len(message.recipients) <= BOUNDS.recipients, "recipients are bounded")
        hold(abs(message.received_at - NOW) <= SLACK, "it came in now", message.received_at)
        if not isinstance(message.raw, bytes):
            with suppress(OSError):
                hold(sum(map(len, message.raw.chunks())) == len(message.raw), "a file has its bytes")
        waiting = Waiting(message, len(message.raw), tell)

        def settled(kept: "asyncio.Future[Any]") -> None:
            if not waiting.called_off:
                tell(StoreError("full") if kept.exception() else Kept((), 0))

        self._wait().add_done_callback(settled)
        return waiting

    def probe(self, probe: Probe) -> "asyncio.Future[Any]":
        """Take a probe."""
        hold(abs(probe.at - NOW) <= SLACK, "it came in now", probe.at)
        return self._wait()

    def count_strays(self, count: int) -> None:
        """Take a count."""
        hold(0 <= count <= MOST_STRAYS, "strays are bounded", count)

    def count_attempts(self, attempts: list[Attempts]) -> None:
        """Take counts."""
        hold(all(abs(each.day - NOW) <= 2 * SLACK for each in attempts), "attempts are of these days")

    def settle(self) -> None:
        """Settle all that waits."""
        for each in self.waiting:
            if not each.done():
                if self._failing:
                    each.set_exception(StoreError("full"))
                else:
                    each.set_result(None)

    def _wait(self) -> "asyncio.Future[Any]":
        future = self._loop.create_future()
        self.waiting.append(future)
        if self._at_once:
            self.settle()
        return future


class Counted(Desk):
    """A desk that counts what it has to answer."""

    asked = 0

    def _awaited(self, number: int, size: int) -> int:
        self.asked += 1
        return super()._awaited(number, size)


def run(data: bytes) -> None:
    """Say what an input says. Raises Finding and whatever else goes wrong."""
    if len(data) < 2:
        return
    for _ in range(ROUNDS):  # what is opened once and for all is open after the first
        before = _open_files()
        _speak(data[0], data[1], data[2:])
        gc.collect()
        if _open_files() <= before:
            return
    raise Finding("no open file is left")


def _open_files() -> int:
    return len(os.listdir(DESCRIPTORS))  # noqa: PTH208 - it is asked for twice a run


def _speak(choices: int, pieces: int, data: bytes) -> None:
    if choices & FRAMED:
        parts = data.split(SEPARATOR)
        for part in parts:
            _look_at(part)
        data = b"".join(len(part).to_bytes(4) + part for part in parts)
    loop = Ears()
    lost: list[Any] = []
    told: list[Any] = []
    with _running(loop):
        ours, theirs = socket.socketpair()
        hands = Hands(loop, failing=bool(choices & FAILING), at_once=bool(choices & AT_ONCE))
        fake: Any = hands
        desk = Counted(ours, fake, BOUNDS, lambda: NOW, told.append, lost.append)
    with theirs:
        _send(loop, theirs, data, pieces, with_file=bool(choices & WITH_FILE))
        hands.settle()
        loop.step()
        if not lost:
            answered = list(_answers(theirs))
            _look_at_answers(answered, desk.asked)
        desk.close()
        loop.step()
    hold(len(lost) == 1, "a line is lost once", lost)
    hold(not loop.problems, "nothing fails unseen", loop.problems[:1])
    counts = [word.tallies for word in told if isinstance(word, frames.Counted)]
    if counts:
        exposition(added(counts))
    loop.close()


def _send(loop: Ears, theirs: socket.socket, data: bytes, size: int, *, with_file: bool) -> None:
    beside = []
    if with_file:
        file = os.memfd_create("body")
        os.truncate(file, FILE_BYTES)
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]).tobytes())]
    try:
        for at in range(0, len(data), size or len(data) or 1):
            if loop.reads is None:
                break
            theirs.sendmsg([data[at : at + (size or len(data))]], beside)
            beside = []
            with _running(loop):
                loop.reads()
            loop.step()
    finally:
        if with_file:
            os.close(file)


def _look_at(part: bytes) -> None:
    """See that a word which is read is written as one that reads the same."""
    word: Any = None
    with suppress(msgspec.MsgspecError, ValueError, OverflowError):
        word = frames.decoded_by_parent(part)
    if word is not None:
        written = frames.encoded(word)
        hold(frames.encoded(frames.decoded_by_parent(written)) == written, "a word stays the same", part)
    with suppress(msgspec.MsgspecError, ValueError, OverflowError):
        frames.decoded_by_worker(part)


def _answers(theirs: socket.socket) -> Iterator[Any]:
    theirs.setblocking(False)  # noqa: FBT003 - positional only
    said = b""
    with suppress(BlockingIOError):
        while piece := theirs.recv(65536):
            said += piece
    while said:
        length = int.from_bytes(said[:4])
        yield frames.decoded_by_worker(said[4 : 4 + length])
        said = said[4 + length :]


def _look_at_answers(answers: list[Any], asked: int) -> None:
    settled = [each for each in answers if isinstance(each, frames.Settled)]
    hold(len(settled) == len(answers), "only what was settled is told")
    numbers = [number for each in settled for number in (*each.kept, *each.refused)]
    hold(len(numbers) == asked, "everything is settled once", (numbers, asked))


@contextmanager
def _running(loop: Loop) -> Iterator[None]:
    events._set_running_loop(loop)  # noqa: SLF001 - what runs the loop does the same
    try:
        yield
    finally:
        events._set_running_loop(None)  # noqa: SLF001
