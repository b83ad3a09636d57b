"""A plan and sockets become a worker process, which is spoken with until it ends."""

import asyncio
import os
import resource
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import canary
from canary.errors import CanaryError, ConfigurationError, TemporaryError
from canary.ports import Clock
from canary.sink.sockets import Opened
from canary.watch import frames
from canary.watch.desk import Bounds, Desk, bounds_of
from canary.watch.keeper import Keeper
from canary.watch.line import LineError, pair
from canary.watch.plan import Plan

ANSWER_SECONDS = 30.0
HUNG_SECONDS = 60.0
LOOK_SECONDS = 5.0
LAST_WORDS_SECONDS = 20.0
"""How long what a worker said before it ended may take to be heard: while much waits, nothing is read."""

PRIVATE = ("CANARY_", "NOTIFY_", "LISTEN_", "WATCHDOG_", "CREDENTIALS_")
"""What a variable begins with that is the parent's alone."""


class Colleague:
    """One worker process. Begin it with `begin`; it is gone when `ended` returns."""

    def __init__(
        self, process: Process, connection: socket.socket, keeper: Keeper, bounds: Bounds, clock: Clock
    ) -> None:
        self.process = process
        self.counts: Mapping[str, float] = {}
        self.expiries: frames.Expiries = {}
        self.refused: LineError | None = None
        self._desk = Desk(connection, keeper, bounds, clock, self._hear, self._lose)
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._answer: asyncio.Future[CanaryError | None] = self._loop.create_future()
        self._silent = asyncio.Event()

    @classmethod
    async def spawn(cls, keeper: Keeper, plan: Plan, clock: Clock) -> "Colleague":
        """Start a process that waits for its first word. Raises TemporaryError."""
        ours, theirs = pair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    "canary.watch.worker",
                    stdin=theirs.fileno(),
                    env=_environment(),
                )
            except OSError as error:
                ours.close()
                raise TemporaryError(f"cannot start a worker: {error.strerror}") from None
        return cls(process, ours, keeper, bounds_of(plan.settings), clock)

    async def begin(self, plan: Plan, sockets: Sequence[Opened]) -> None:
        """Have it listen. Raises ConfigurationError if it cannot, TemporaryError if it ends first."""
        word = frames.Begin(
            frames.told(plan.settings),
            tuple(each.kind.value for each in sockets),
            plan.database,
            plan.index.key,
            plan.log_level,
            plan.log_form,
        )
        await self._told(word, tuple(each.socket.fileno() for each in sockets))

    async def change(self, plan: Plan) -> None:
        """Have it receive under other settings. Raises ConfigurationError if it cannot."""
        self._desk.allow(bounds_of(plan.settings))
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        word = frames.Change(frames.told(plan.settings), plan.log_level, plan.log_form, descriptors)
        await self._told(word)

    def leave(self, grace: float) -> None:
        """Have it end, what runs within so many seconds."""
        self._desk.say(frames.Leave(grace))

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self.process.kill()

    async def ended(self) -> int:
        """Return the exit status when it is gone and heard out; one that says nothing for long is ended."""
        waiting = asyncio.ensure_future(self.process.wait())
        while not waiting.done():
            looked = self._loop.time()
            await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
            late = self._loop.time() - looked > 2 * LOOK_SECONDS
            if self._desk.holds or late:
                self._heard_at = self._loop.time()  # it was not heard, whatever it said: not its fault
            elif self._loop.time() - self._heard_at > HUNG_SECONDS:
                self.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._silent.wait()
        self._desk.close()
        return await waiting

    def _hear(self, word: frames.Listening | frames.Unable | frames.Counted) -> None:
        """Take in what it says of itself."""
        self._heard_at = self._loop.time()
        if isinstance(word, frames.Counted):
            self.counts = word.tallies
            return
        if isinstance(word, frames.Listening):
            self.expiries = word.expiries
        if not self._answer.done():
            unable = (
                ConfigurationError(word.message, hint=word.hint) if isinstance(word, frames.Unable) else None
            )
            self._answer.set_result(unable)

    def _lose(self, cause: LineError | None) -> None:
        """Note that nothing will be heard any more; who does not keep to the words is ended."""
        self.refused = cause
        self._silent.set()
        if cause is not None:
            self.kill()
        if not self._answer.done():
            self._answer.set_result(TemporaryError("a worker ended before it could listen"))

    async def _told(self, word: frames.FromParent, files: tuple[int, ...] = ()) -> None:
        if self._answer.done():
            self._answer = self._loop.create_future()
        self._desk.say(word, files)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                problem = await asyncio.shield(self._answer)
        except TimeoutError:
            raise TemporaryError(f"a worker does not answer for {ANSWER_SECONDS:g} s") from None
        if problem is not None:
            raise problem


def _environment() -> dict[str, str]:
    """Return our environment without what is the parent's alone, and with the way to this very package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
    paths = [str(Path(canary.__file__).parents[1]), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}
