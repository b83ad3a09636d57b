"""single: one access, planted while the application waits."""

from pathlib import Path
from tempfile import mkdtemp

from scripts.measure.figure import Figure, Plan, micros, percentile, times
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import canary, work

FULL = 2000
BARE = "bare INSERT; COMMIT"


def measure(plan: Plan) -> Figure:
    """Measure one fsynced planting beside one fsynced row."""
    home = Path(mkdtemp(dir=plan.folder))
    canary(home, "init", *DOMAINS)
    count = plan.of(FULL, 200)
    took = work("inside.single", home=home, count=count).told
    figure = Figure(
        "single",
        f"{count:,} accesses planted one by one, each commit fsynced before the next",
        ("way", "p50", "p99", "ratio of p50"),
    )
    bare = percentile(took[BARE], 0.5)
    for name, seconds in took.items():
        half, most = percentile(seconds, 0.5), percentile(seconds, 0.99)
        figure.rows.append((name, micros(half), micros(most), times(half / bare)))
        figure.data[name] = {"p50_seconds": half, "p99_seconds": most, "count": len(seconds)}
    figure.notes = [
        "in one process, the three taking turns on one disk; WAL and synchronous = FULL in both files",
        "a first look adds an access, a view, a decoy and an exposure; a second look no view and no decoy",
    ]
    return figure
