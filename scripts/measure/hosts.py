"""A command becomes a mail host on a free port of its own, and is surely gone afterwards."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from scripts.measure.cost import Group, end, new_group
from scripts.measure.runs import ROOT

PATIENCE = 30.0
QUIET_FOR = 0.25
QUIET = 0.05
LOCAL = "127.0.0.1"


class Broken(Exception):  # noqa: N818 - says what it is
    """A server did not start, or not do its work; its text has the last words."""


@dataclass(frozen=True, slots=True)
class Host:
    """A running server."""

    port: int
    group: Group
    folder: Path

    def settle(self) -> None:
        """Wait until it has done what it does after its 250: it uses less than a twentieth of a core."""
        until = time.monotonic() + PATIENCE
        spent = self.group.cpu()
        while time.monotonic() < until:
            time.sleep(QUIET_FOR)
            before, spent = spent, self.group.cpu()
            if spent - before <= QUIET * QUIET_FOR:
                return
        raise Broken("it does not come to rest")


@contextmanager
def running(
    folder: Path,
    args: Callable[[int], Sequence[str | Path]],
    environ: Mapping[str, str] | None = None,
    *,
    descriptors: bool = False,
) -> Iterator[Host]:
    """Run what `args` returns for a port until the block ends; it greets when the block begins.

    `environ` is added to this process's own, `descriptors` raises its limit of open files. Raises Broken.
    """
    port, group = free_port(), new_group()
    command = [str(arg) for arg in args(port)]
    if descriptors:
        command = ["sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", *command]
    told = folder / "told.log"
    with told.open("wb") as log:
        process = Popen(
            group.command(command),
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if not key.startswith("CANARY_")}
            | {"BENCH_PORT": str(port)}
            | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    group.started(process)
    try:
        _greeted(process, port, told)
        yield Host(port, group, folder)
    finally:
        end(group, process)


def _greeted(process: Popen[Any], port: int, told: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not _greets(port):
        if process.poll() is not None or time.monotonic() > until:
            raise Broken(f"it does not greet: {told.read_bytes()[-1500:].decode(errors='replace').strip()}")
        time.sleep(0.05)


def _greets(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOCAL, port), 5) as client:
        greeting = client.recv(3)
        client.sendall(b"QUIT\r\n")
        while client.recv(4096):
            pass
        return greeting == b"220"
    return False


def free_port() -> int:
    """Return a port that is free now."""
    with closing(socket.create_server((LOCAL, 0))) as server:
        return int(server.getsockname()[1])
