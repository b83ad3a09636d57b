"""lookup: an address becomes yes or no, in a small and in a large store."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from scripts.measure.figure import Figure, Plan, mib, micros, percentile, times
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import Run, alternating, canary, work

SMALL, FULL = 10_000, 10_000_000
LOOKUPS = 50_000


def measure(plan: Plan) -> Figure:
    """Measure the look-up that answers RCPT, in a small and in a large store."""
    sizes = (SMALL, plan.of(FULL, SMALL * 2))
    homes = {size: Path(mkdtemp(dir=plan.folder)) for size in sizes}
    for size, home in homes.items():
        canary(home, "init", *DOMAINS)
        work("inside.fill", home=home, decoys=size)
    ways = {
        f"{what}, {size:,}": (task, size)
        for task, what in (
            ("is_live", "store.is_live"),
            ("select", "bare SELECT by hash"),
            ("member", "Python set of hashes"),
        )
        for size in sizes
    }
    runs = alternating(
        plan.rounds,
        {name: _looking(task, homes[size], size) for name, (task, size) in ways.items()},
    )
    return _figure(runs, f"store.is_live, {SMALL:,}", sizes[1])


def _looking(task: str, home: Path, decoys: int) -> Any:
    return lambda: work(f"inside.{task}", home=home, decoys=decoys, lookups=LOOKUPS)


def _figure(runs: dict[str, list[Run]], first: str, most: int) -> Figure:
    figure = Figure(
        "lookup",
        f"{LOOKUPS:,} hits and as many misses in turn, in stores of {SMALL:,} and {most:,} decoys",
        ("way, decoys", "hit p50", "hit p99", "miss p50", "miss p99", "ratio of hit p50", "peak memory"),
    )
    for name, each in runs.items():
        told = {key: percentile((run.told[key] for run in each), 0.5) for key in each[0].told}
        figure.data[name] = told | {"peak_bytes": percentile((run.peak for run in each), 0.5)}
        ratio = told["hit_p50"] / figure.data[first]["hit_p50"]
        figure.rows.append(
            (
                name,
                *(micros(told[key]) for key in ("hit_p50", "hit_p99", "miss_p50", "miss_p99")),
                times(ratio),
                mib(figure.data[name]["peak_bytes"]),
            )
        )
    figure.notes = [
        (
            "the rows are written past the ledger, with the store's own schema and codec (real index, real "
            "sealing, numbered addresses, no accesses); the look-up is the store's own"
        ),
        "the bare SELECT gets the hash ready-made: no canonical form, no keyed hash; the set, too",
        "the file lies in the machine's cache; decoys are asked for at random all over it",
    ]
    return figure
