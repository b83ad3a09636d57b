"""What was measured becomes a table that can be read, and JSON."""

import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure: where, how much of each figure's full size, how many rounds, without whom."""

    folder: Path
    scale: float
    rounds: int
    without: Sequence[str] = ()

    def of(self, full: int, least: int = 1) -> int:
        """Return a size at this scale."""
        return max(least, round(full * self.scale))


@dataclass(slots=True)
class Figure:
    """One measurement, and `more` that go with it.

    `data` holds its numbers for machines; `notes` say what to know about it.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    more: list["Figure"] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the table as Markdown, aligned, and those that go with it."""
        return "\n\n".join([self._table(), *map(str, self.more)])

    @property
    def all_notes(self) -> list[str]:
        """Return its notes and those of the ones that go with it."""
        return [*self.notes, *(note for figure in self.more for note in figure.all_notes)]

    def _table(self) -> str:
        cells = [tuple(self.columns), *self.rows]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.columns))]
        rule = "|".join("-" * (w + 1) + (":" if n else "-") for n, w in enumerate(widths))
        lines = [_line(cells[0], widths), f"|{rule}|", *(_line(row, widths) for row in cells[1:])]
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([f"### {self.name}: {self.title}", "", *lines, *notes])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return f"| {' | '.join(cells)} |"


def machine(folder: Path) -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was before."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "file_system": _file_system(folder),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": [round(load, 2) for load in os.getloadavg()],
    }


def _cpu() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in told if line.startswith("model name")), "")


def _file_system(folder: Path) -> str:
    """Return the kind of the file system that a folder lies on."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    above = [mount for mount in mounts if folder.resolve().is_relative_to(mount[1])]
    return max(above, key=lambda mount: len(mount[1]))[2] if above else ""


def micros(seconds: float) -> str:
    """Return a short time in microseconds or milliseconds, three figures."""
    if abs(seconds) < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if abs(seconds) < 1 else f"{seconds:.3g} s"


def mib(size: float) -> str:
    """Return a size in MiB."""
    return f"{size / 2**20:,.0f} MiB"


def times(ratio: float) -> str:
    """Return a ratio, three figures."""
    return f"{ratio:.3g}x"


def percentile(values: Iterable[float], part: float) -> float:
    """Return the least value that this part of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * part) - 1, 0)]
