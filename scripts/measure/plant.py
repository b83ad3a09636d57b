"""plant: pages that are shown now, planted in process while somebody waits."""

from pathlib import Path
from tempfile import mkdtemp

from scripts.measure.figure import Figure, Plan, micros, percentile, times
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import canary, work

FULL_VIEWS = 5000
FULL_ACCESSES = 1_000_000
SHARE = 0.1
PAUSE = 0.1
BARE = "bare INSERT; COMMIT"
BARE_THREADS = "bare INSERT; COMMIT, 50 threads"


def measure(plan: Plan) -> Figure:
    """Measure looks and first views beside a bare row and a dict look-up, and what they leave."""
    views = max(plan.of(FULL_VIEWS), 1000)
    figure = Figure(
        "plant",
        f"{views:,} views, in process: one by one, and fifty who look at a time",
        ("way", "p50", "p99", "ratio of p50"),
    )
    alone = work("planting.one_by_one", home=_home(plan), views=views).told
    beside = work("planting.together", home=_home(plan), views=views, pause=PAUSE).told
    for took, base in ((alone, BARE), (beside, BARE_THREADS)):
        bare = percentile(took[base], 0.5)
        for name, seconds in took.items():
            half, most = percentile(seconds, 0.5), percentile(seconds, 0.99)
            figure.rows.append((name, micros(half), micros(most), times(half / bare)))
            figure.data[name] = {"p50_seconds": half, "p99_seconds": most, "count": len(seconds)}
    figure.notes = [
        (
            "one by one: the four in turn on one disk; a first view is fsynced before it is answered, a "
            "repeated one some 20 ms after"
        ),
        (
            f"fifty: each looks every {PAUSE * 1000:.0f} ms on average, at moments of its own; at one "
            "instant: all fifty ask again at once, so that the time is what fifty take together"
        ),
        "the bare rows of the fifty take turns on one connection; ratios are to the bare row of the same run",
    ]
    figure.more = [_growth(plan)]
    return figure


def _growth(plan: Plan) -> Figure:
    accesses = plan.of(FULL_ACCESSES, 10_000)
    left = work("planting.growth", home=_home(plan), accesses=accesses, share=SHARE).told
    figure = Figure(
        "plant",
        f"what {accesses:,} accesses leave in the database, {left['first_views']:,} of them first views",
        ("what", "bytes"),
        data=left,
    )
    figure.rows = [
        ("a first view: access, view, decoy, exposure", f"{left['bytes_per_first_view']:,.0f}"),
        ("a repeated view: access, exposure", f"{left['bytes_per_repeated_view']:,.0f}"),
        ("a decoy alone", f"{left['bytes_per_decoy']:,.0f}"),
    ]
    figure.notes = ["pages of the file divided by rows, indexes with them; a decoy alone is a control"]
    return figure


def _home(plan: Plan) -> Path:
    home = Path(mkdtemp(dir=plan.folder))
    canary(home, "init", *DOMAINS)
    return home
