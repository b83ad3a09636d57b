"""A server's processes become what they cost: CPU seconds, resident memory; and they end together.

Where the kernel lets us make a control group, the server and all it ever starts live in one, whose clock
counts nanoseconds and forgets nobody: neither processes that ended nor hundreds of small ones. Elsewhere
(who is not root has no say over control groups) /proc/PID/stat of the tree is added up, with the
children that were waited for; that is cut to hundredths of a second a process.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from tempfile import mkdtemp
from typing import Any, Protocol

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
ENTER = 'echo $$ >"$0" && exec "$@"'
PATIENCE = 15.0


class Group(Protocol):
    """The processes of one server."""

    kind: str

    def command(self, args: Sequence[str]) -> list[str]:
        """Return the command that runs a command among these processes."""
        ...

    def started(self, process: Popen[Any]) -> None:
        """Learn of the first process."""
        ...

    def cpu(self) -> float:
        """Return the CPU seconds that were ever used."""
        ...

    def pids(self) -> list[int]:
        """Return who is there."""
        ...

    def close(self) -> None:
        """Forget the group, which is empty."""
        ...


class ControlGroup:
    """Processes in a control group (version 1 or 2) of their own."""

    def __init__(self, folder: Path) -> None:
        self.kind = "control group"
        self._folder = folder
        self._nanoseconds = folder / "cpuacct.usage"
        self._stat = folder / "cpu.stat"

    def command(self, args: Sequence[str]) -> list[str]:
        """Return it, begun by a shell that enters the group."""
        return ["sh", "-c", ENTER, str(self._folder / "cgroup.procs"), *args]

    def started(self, process: Popen[Any]) -> None:
        """Need not know."""

    def cpu(self) -> float:
        """Return what the group's clock says."""
        if self._nanoseconds.exists():
            return int(self._nanoseconds.read_text(encoding="ascii")) / 1e9
        told = dict(line.split() for line in self._stat.read_text(encoding="ascii").splitlines())
        return int(told["usage_usec"]) / 1e6

    def pids(self) -> list[int]:
        """Return who is in the group."""
        return list(map(int, (self._folder / "cgroup.procs").read_text(encoding="ascii").split()))

    def close(self) -> None:
        """Remove the group; who ended may take a moment to leave."""
        until = time.monotonic() + PATIENCE
        while self._folder.exists() and time.monotonic() < until:
            with suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.02)


class Tree:
    """A process, its children and theirs."""

    def __init__(self) -> None:
        self.kind = "/proc/PID/stat"
        self._root = 0

    def command(self, args: Sequence[str]) -> list[str]:
        """Return it as it is."""
        return list(args)

    def started(self, process: Popen[Any]) -> None:
        """Remember the root."""
        self._root = process.pid

    def cpu(self) -> float:
        """Add up what is there, and what was waited for."""
        every = _stats()
        return sum(sum(map(int, every[pid][11:15])) for pid in self._within(every)) / TICKS

    def pids(self) -> list[int]:
        """Return who is alive."""
        every = _stats()
        return [pid for pid in self._within(every) if every[pid][0] != "Z"]

    def close(self) -> None:
        """Leave nothing."""

    def _within(self, every: dict[int, list[str]]) -> list[int]:
        found = [self._root] if self._root in every else []
        for parent in found:
            found.extend(pid for pid, stat in every.items() if int(stat[1]) == parent)
        return found


def _stats() -> dict[int, list[str]]:
    """Return the fields of /proc/PID/stat from the third (the state) on, by process."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                found[int(folder.name)] = text.rpartition(")")[2].split()
    return found


def new_group() -> Group:
    """Return an empty group: a control group, or where none can be made a tree."""
    for folder in _places():
        with suppress(OSError):
            made = Path(mkdtemp(prefix="bench-", dir=folder))
            return ControlGroup(made)
    return Tree()


def _places() -> list[Path]:
    """Return the control groups that we are in and whose clocks count CPU: version 1 first."""
    try:
        ours = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
    paths = {kinds: path for _, kinds, path in (line.split(":", 2) for line in ours)}
    found: list[Path] = []
    for _, at, kind, options, *_ in mounts:
        for kinds, path in paths.items():
            if kind == "cgroup" and "cpuacct" in kinds.split(",") and "cpuacct" in options.split(","):
                found.insert(0, Path(at) / path.lstrip("/"))
            elif kind == "cgroup2" and not kinds:
                found.append(Path(at) / path.lstrip("/"))
    return found


def resident(group: Group) -> int:
    """Return the resident bytes of all its processes; pages that they share are counted for each."""
    total = 0
    for pid in group.pids():
        with suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE
    return total


def end(group: Group, process: Popen[Any]) -> None:
    """Ask the first process to end, and end what is left of the others."""
    known = _began(group.pids())
    process.terminate()
    with suppress(TimeoutError):
        _until(lambda: process.poll() is not None)
    _until(lambda: not _killed(known | _began(group.pids())))
    process.wait(PATIENCE)
    group.close()


def _began(pids: Iterable[int]) -> set[tuple[int, str]]:
    """Return processes with the time when each began: a number may be given again."""
    every = _stats()
    return {(pid, every[pid][19]) for pid in pids if pid in every and every[pid][0] != "Z"}


def _killed(known: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Kill who of them is still there, and return who that was."""
    there = known & _began(pid for pid, _ in known)
    for pid, _ in there:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return there


def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)
