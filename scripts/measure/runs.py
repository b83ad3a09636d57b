"""A command becomes what it cost: wall and CPU seconds, peak memory, and what it told."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
LONGEST = 7200.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a command cost: seconds, and peak resident memory in bytes.

    The kernel counts a child's peak from the fork on, so that no peak is below this program's own
    20 MiB; it imports nothing heavy for that reason.
    """

    wall: float
    cpu: float
    peak: int
    told: Any = None


def command(*args: str | Path, cwd: Path = ROOT) -> Run:
    """Run a command to its end. Raises SystemExit with its last words if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen([str(arg) for arg in args], stdout=out, stderr=err, cwd=cwd)
        watchdog = threading.Timer(LONGEST, process.kill)
        watchdog.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(
                f"{' '.join(map(str, args))}: {process.returncode}\n{err.read()[-2000:].decode()}"
            )
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, _json(out.read()))


def canary(folder: Path, *args: str | Path) -> Run:
    """Run the command line in a folder, as a whole command: start, work, last fsync."""
    return command(sys.executable, "-m", "canary", "--config", folder / "canary.toml", *args)


def work(task: str, **told: object) -> Run:
    """Run `module.function` of this package in a process of its own and return what it returned."""
    return command(sys.executable, "-m", "scripts.measure.work", task, json.dumps(told, default=str))


def alternating(rounds: int, contenders: Mapping[str, Callable[[], Run]]) -> dict[str, list[Run]]:
    """Run every contender once a round, each round beginning with another one."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            runs[name].append(contenders[name]())
            print(f"  round {turn + 1}: {name}: {runs[name][-1].wall:.1f} s", file=sys.stderr, flush=True)
    return runs


def middle(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    """Return the median of a value over runs."""
    return median(map(value, runs))


def _json(out: bytes) -> Any:
    try:
        return json.loads(out)
    except ValueError:
        return None
