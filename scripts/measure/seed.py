"""seed: decoys join the records of an export."""

import shutil
from collections.abc import Callable
from pathlib import Path

from scripts.measure.figure import Figure, Plan, mib, times
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import Run, alternating, canary, middle, work

FULL = 2_000_000_000
SLICE = 200_000_000
OURS, COPY, RETYPE = "canary seed", "copy + fsync", "Python csv: read, write, fsync"


def measure(plan: Plan) -> Figure:
    """Measure bytes per second and memory, beside copying and beside Python's csv module."""
    size, slice_size = plan.of(FULL, 1_000_000), plan.of(SLICE, 200_000)
    room_for(plan.folder, 3 * size)
    canary(plan.folder, "init", *DOMAINS)
    files = {plan.folder / "export.csv": size, plan.folder / "slice.csv": slice_size}
    made = {file.name: work("inputs.export", path=file, size=wanted).told for file, wanted in files.items()}
    whole, part = files
    runs = alternating(
        plan.rounds,
        {
            OURS: seeding(plan.folder, whole),
            COPY: beside(plan.folder, "baselines.copy", whole),
            f"{OURS}, slice": seeding(plan.folder, part),
            f"{RETYPE}, slice": beside(plan.folder, "baselines.retype", part),
        },
    )
    whole.unlink()
    part.unlink()
    return _figure(runs, made)


def room_for(folder: Path, wanted: int) -> None:
    """Refuse to fill somebody's disk."""
    free = shutil.disk_usage(folder).free
    if free < wanted + 2_000_000_000:
        raise SystemExit(
            f"{folder} has {free / 1e9:.0f} GB free, {wanted / 1e9:.0f} GB and 2 to spare are needed"
        )


def seeding(folder: Path, export: Path) -> Callable[[], Run]:
    """Return what seeds an export, the whole command, and throws the copy away."""
    out = folder / "seeded.csv"

    def seed() -> Run:
        told = ("seed", export, "--employee", "e.marsh", "--record", export.name, "-o", out, "--json")
        run = canary(folder, *told)
        grown = out.stat().st_size - export.stat().st_size
        out.unlink()
        if grown <= 0:
            raise SystemExit(f"nothing was seeded into {export}")
        return run

    return seed


def beside(folder: Path, task: str, export: Path) -> Callable[[], Run]:
    """Return what does a baseline and throws the copy away."""
    out = folder / "copy.csv"

    def copy() -> Run:
        run = work(task, source=export, target=out)
        out.unlink()
        return run

    return copy


def _figure(runs: dict[str, list[Run]], made: dict[str, dict[str, int]]) -> Figure:
    whole, part = made["export.csv"], made["slice.csv"]
    figure = Figure(
        "seed",
        f"a CSV of {whole['bytes'] / 1e6:,.0f} MB ({whole['records']:,} records) and a slice of "
        f"{part['bytes'] / 1e6:,.0f} MB",
        ("way", "MB/s", "ratio", "wall", "CPU", "peak memory"),
    )
    speeds = {
        name: (part if name.endswith("slice") else whole)["bytes"] / 1e6 / middle(each, lambda run: run.wall)
        for name, each in runs.items()
    }
    for name, each in runs.items():
        ours = speeds[f"{OURS}, slice" if name.endswith("slice") else OURS]
        wall, cpu = middle(each, lambda run: run.wall), middle(each, lambda run: run.cpu)
        peak = middle(each, lambda run: run.peak)
        figure.rows.append(
            (
                name,
                f"{speeds[name]:,.1f}",
                times(speeds[name] / ours),
                f"{wall:.1f} s",
                f"{cpu:.1f} s",
                mib(peak),
            )
        )
        figure.data[name] = {
            "megabytes_per_second": speeds[name],
            "wall_seconds": [run.wall for run in each],
            "cpu_seconds": [run.cpu for run in each],
            "peak_bytes": [run.peak for run in each],
        }
    figure.notes = [
        "canary reads the export twice (once to learn its columns, once to write) and fsyncs the copy",
        "the csv module is measured on the slice; ratios compare like sizes",
        "the export lies in the machine's cache when it is read",
    ]
    return figure
