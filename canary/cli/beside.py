"""`canary serve --api`: the API as a process of its own beside the sink, started again when it dies."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic

from canary.cli.context import Context

log = logging.getLogger(__name__)
DELAYS = (0.5, 1.0, 2.0, 5.0, 15.0)
"""How many seconds go by before it is started again that ended so often in a row."""

STEADY_SECONDS = 60.0
FAREWELL_SECONDS = 8.0
"""How much longer than its grace it may take to end."""

UNINHERITED = ("NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class Beside:
    """A process that answers applications for as long as this one runs; it ends when this one does."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    def reload(self) -> None:
        """Have it read the configuration and the certificates anew."""
        self._tell(signal.SIGHUP)

    def hurry(self) -> None:
        """Have it wait for nobody."""
        self._tell(signal.SIGTERM)

    async def tend(self) -> None:
        """Keep it running until `close`."""
        failures = 0
        while not self._stopping.is_set():
            began = monotonic()
            process = self._process = await self._started()
            code = await process.wait()
            self._process = None
            if self._stopping.is_set():
                return
            failures = 1 if monotonic() - began > STEADY_SECONDS else failures + 1
            delay = DELAYS[min(failures, len(DELAYS)) - 1]
            log.error("the API ended (%d) and is started again in %g s", code, delay)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()

    async def close(self, tending: asyncio.Task[None], grace: float) -> None:
        """Have it end within so many seconds, and see to that."""
        self._stopping.set()
        self._tell(signal.SIGTERM)
        done, _ = await asyncio.wait([tending], timeout=grace + FAREWELL_SECONDS)
        if not done:
            log.error("the API does not end and is killed")
            self._tell(signal.SIGKILL)
        await asyncio.gather(tending, return_exceptions=True)

    async def _started(self) -> asyncio.subprocess.Process:
        environ = {name: value for name, value in os.environ.items() if name not in UNINHERITED}
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True, env=environ
        )

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


@asynccontextmanager
async def api_beside(context: Context, grace: float, *, wanted: bool) -> AsyncIterator[Beside | None]:
    """Have the API answer beside this process until the block ends; yields None where it is not wanted.

    `grace` is how many seconds it may take to end what it has begun.
    """
    if not wanted:
        yield None
        return
    beside = Beside(command_of(context))
    tending = asyncio.create_task(beside.tend())
    try:
        yield beside
    finally:
        await beside.close(tending, grace)


def command_of(context: Context) -> list[str]:
    """Return the command that answers applications with the same configuration."""
    options = ["--config", str(context.path)] if context.path else []
    options += [f"--set={key}={value}" for key, (_, value) in context.overrides.items()]
    return [sys.executable, "-m", "canary", *options, "serve", "--only", "api", "--until-eof"]
