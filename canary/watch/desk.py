"""A worker's words become work for the keeper, and what it came to an answer: the parent's end of a line.

A worker talks to strangers. Should one of them have taken it over, it can deliver messages, probes and
counts, as any stranger can, and no more: its words are typed, bounded and looked at here, and one that does
not keep to that loses the line.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

import msgspec

from canary import tallies as names
from canary.errors import CanaryError, StoreError
from canary.model import Attempts, Message, Probe
from canary.ports import Clock
from canary.sink import SinkSettings
from canary.watch import frames
from canary.watch.body import FileBody
from canary.watch.keeper import Keeper
from canary.watch.keeping import Outcome
from canary.watch.line import Files, Line, LineError

if TYPE_CHECKING:
    from canary.watch.lane import Waiting

ENVELOPE = 1024
"""So many bytes a recipient takes in a message's frame, at the most: its address, twice in the transcript."""

FRAME_SPARE = 1024 * 1024
MOST_WAITING = 4096
LONGEST_SAID = 16 * 1024 * 1024
MOST_FILES = 512
MOST_COUNTS = 2000
MOST_STRAYS = 10_000_000
LONGEST_COUNTED = 512 * 1024
"""How many bytes a worker may say at once of what it counted: less than any frame may have."""

SLACK = timedelta(days=1)
FORGOTTEN = StoreError("nobody waits for it any more")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a worker may say: sizes in bytes, of one frame, one message, and all that waits."""

    frame: int
    message: int
    recipients: int
    waiting: int


def bounds_of(settings: SinkSettings) -> Bounds:
    """Return what a worker under these settings may say."""
    inline = min(settings.spill_above, 256 * 1024)
    frame = inline + ENVELOPE * settings.max_recipients + FRAME_SPARE
    return Bounds(frame, settings.max_message, settings.max_recipients, settings.memory + frame)


class Desk:
    """Hears one worker. `heard` gets what it says of itself; `lost` is called once, when it is gone."""

    def __init__(
        self,
        connection: socket.socket,
        keeper: Keeper,
        bounds: Bounds,
        clock: Clock,
        heard: Callable[[frames.Listening | frames.Unable | frames.Counted], None],
        lost: Callable[[LineError | None], None],
    ) -> None:
        self._bounds = bounds
        self._keeper = keeper
        self._clock = clock
        self._tell = heard
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, tuple[int, Waiting | None]] = {}
        self._bytes = 0
        self._kept: list[int] = []
        self._refused: list[int] = []
        self._answering = False
        self._line = Line(connection, self._heard, lost, most=bounds.frame, most_said=LONGEST_SAID)

    @property
    def holds(self) -> bool:
        """Say whether the worker has to wait, and so cannot be heard."""
        return self._line.held

    def say(self, word: frames.FromParent, files: tuple[int, ...] = ()) -> None:
        """Tell the worker something."""
        self._line.say(frames.encoded(word), files)

    def allow(self, bounds: Bounds) -> None:
        """Let the worker say more or less from now on; frames on their way may still be as long as before."""
        self._line.most = max(self._line.most, bounds.frame)
        self._bounds = bounds

    def close(self) -> None:
        """End the line."""
        self._line.close()

    def _heard(self, frame: memoryview, files: Files) -> None:
        try:
            word = frames.decoded_by_parent(frame)
            self._take(word, files, len(frame))
        except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as error:
            self._keeper.tallies.add(names.FRAMES_REFUSED)
            raise LineError(f"words that are none: {type(error).__name__}") from None

    def _take(self, word: frames.FromWorker, files: Files, length: int) -> None:
        if isinstance(word, frames.Arrived):
            message = self._message(word, files)
            size = len(message.raw) if isinstance(message.raw, bytes) else self._bounds.waiting // MOST_FILES
            number = self._awaited(word.number, size)
            self._waiting[number] = size, self._keeper.take(message, partial(self._settle, number))
        elif isinstance(word, frames.Named):
            self._check_time(word.probe)
            number = self._awaited(word.number, length)
            self._waiting[number] = length, None
            self._keeper.probe(word.probe).add_done_callback(lambda _: self._settle(number))
        elif isinstance(word, frames.Forgotten):
            self._forget(word)
        elif isinstance(word, frames.Counted):
            if length > LONGEST_COUNTED:
                raise ValueError("more than can be counted")
            self._count(word)
        else:
            self._tell(word)

    def _message(self, word: frames.Arrived, files: Files) -> Message:
        body: bytes | FileBody = word.raw
        if word.size:
            if not files or word.raw:
                raise ValueError("a message without its file")
            body = FileBody(files.popleft(), word.size)
        message = word.message(body)
        if len(body) > self._bounds.message or not 0 < len(message.recipients) <= self._bounds.recipients:
            raise ValueError("a message larger than any may be")
        self._check_time(message)
        return message

    def _check_time(self, arrival: Message | Probe) -> None:
        at = arrival.at if isinstance(arrival, Probe) else arrival.received_at
        if at.tzinfo is None or abs(at - self._clock()) > SLACK:
            raise ValueError("a time that is not now")

    def _awaited(self, number: int, size: int) -> int:
        """Count something of so many bytes as waiting, and return its number."""
        if number in self._waiting:
            raise ValueError("a number twice")
        self._bytes += size
        if self._bytes > self._bounds.waiting or len(self._waiting) >= MOST_WAITING:
            self._line.hold()
        return number

    def _forget(self, word: frames.Forgotten) -> None:
        """Keep nothing that nobody waits for; probes are kept whoever waits for them."""
        for number in word.numbers:
            _, waiting = self._waiting.get(number, (0, None))
            if waiting is not None:
                waiting.call_off()
                self._settle(number, FORGOTTEN)

    def _settle(self, number: int, outcome: Outcome | None = None) -> None:
        """Answer what became of something: None where it need not be said."""
        size, _ = self._waiting.pop(number)
        self._bytes -= size
        if self._bytes <= self._bounds.waiting // 2 and len(self._waiting) <= MOST_WAITING // 2:
            self._line.go_on()
        (self._refused if isinstance(outcome, CanaryError) else self._kept).append(number)
        if not self._answering:
            self._answering = True
            self._loop.call_soon(self._answer)

    def _answer(self) -> None:
        """Tell what was settled together in one frame."""
        self._answering = False
        self.say(frames.Settled(tuple(self._kept), tuple(self._refused)))
        self._line.flush()
        self._kept.clear()
        self._refused.clear()

    def _count(self, word: frames.Counted) -> None:
        if len(word.tallies) > MOST_COUNTS or not 0 <= word.strays <= MOST_STRAYS:
            raise ValueError("more than can be counted")
        if not all(isfinite(value) for value in word.tallies.values()):
            raise ValueError("a count that is no number")
        if not all(names.family_of(key) in names.OF_WORKERS for key in word.tallies):
            raise ValueError("a count that is not a worker's")
        self._keeper.count_strays(word.strays)
        self._keeper.count_attempts([each for each in word.attempts if self._is_fresh(each)])
        self._tell(word)

    def _is_fresh(self, attempts: Attempts) -> bool:
        return attempts.day.tzinfo is not None and abs(attempts.day - self._clock()) <= 2 * SLACK
