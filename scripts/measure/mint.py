"""mint: an access log becomes a ledger."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

from scripts.measure.figure import Figure, Plan, mib, times
from scripts.measure.runs import Run, alternating, canary, middle, work

FULL = 1_000_000
RECORDS = 330_000
DOMAINS = tuple(f"--domain=mail{number:02d}.example" for number in range(4))
OURS = "canary mint --from"
WIRE = "unsealed table: csv + executemany"
NAIVE = "uuid4 decoys: HMAC index, one INSERT each"


def measure(plan: Plan) -> Figure:
    """Measure accesses per second and memory, beside two ways to do without canary."""
    rows = plan.of(FULL, 1000)
    log, tenth = plan.folder / "log.csv", plan.folder / "tenth.csv"
    made = work("inputs.access_log", path=log, rows=rows, records=plan.of(RECORDS)).told
    work("inputs.access_log", path=tenth, rows=rows // 10, records=plan.of(RECORDS))
    runs = alternating(
        plan.rounds,
        {
            OURS: lambda: planted(plan.folder, log),
            WIRE: lambda: beside(plan.folder, "baselines.wire", log),
            NAIVE: lambda: beside(plan.folder, "baselines.naive", log),
        },
    )
    short = planted(plan.folder, tenth)
    log.unlink()
    tenth.unlink()
    return _figure(rows, made["bytes"], runs, short)


def planted(folder: Path, log: Path) -> Run:
    """Mint a whole log into a new house."""
    home = Path(mkdtemp(dir=folder))
    canary(home, "init", *DOMAINS)
    run = canary(home, "mint", "--from", log, "--json")
    run.told["bytes"] = sum(file.stat().st_size for file in home.glob("canary.db*"))
    shutil.rmtree(home)
    return run


def beside(folder: Path, task: str, log: Path) -> Run:
    """Do a baseline into a new file."""
    home = Path(mkdtemp(dir=folder))
    run = work(task, log=log, database=home / "plain.db")
    shutil.rmtree(home)
    return run


def _figure(rows: int, size: int, runs: dict[str, list[Run]], short: Run) -> Figure:
    figure = Figure(
        "mint",
        f"{rows:,} accesses ({size / 1e6:.0f} MB of CSV) into SQLite, the whole command",
        ("way", "accesses/s", "ratio", "wall", "CPU", "peak memory", "database"),
    )
    ours = rows / middle(runs[OURS], lambda run: run.wall)
    for name, each in runs.items():
        wall, cpu = middle(each, lambda run: run.wall), middle(each, lambda run: run.cpu)
        peak, database = middle(each, lambda run: run.peak), each[0].told["bytes"]
        figure.rows.append(
            (
                name,
                f"{rows / wall:,.0f}",
                times(rows / wall / ours),
                f"{wall:.1f} s",
                f"{cpu:.1f} s",
                mib(peak),
                mib(database),
            )
        )
        figure.data[name] = {
            "accesses_per_second": [rows / run.wall for run in each],
            "cpu_seconds": [run.cpu for run in each],
            "peak_bytes": [run.peak for run in each],
            "database_bytes": database,
        }
    told, peak = runs[OURS][0].told, middle(runs[OURS], lambda run: run.peak)
    figure.data["tenth_peak_bytes"] = short.peak
    figure.notes = [
        (
            f"{told['accesses']:,} accesses: {told['new']:,} new, {told['known']:,} said twice, "
            f"{told['decoys']:,} decoys"
        ),
        f"memory: {mib(short.peak)} at {rows // 10:,} rows, {mib(peak)} at {rows:,}",
        (
            "the unsealed table is one row an access with a unique index: no views, decoys, exposures or "
            "sealing, 2,000 rows a commit; the limit of what this file format and this disk give"
        ),
        (
            "the uuid4 way seals nothing, keeps no views (a refresh shows another decoy) and no believable "
            "names: an access and a decoy row for each row, 1,000 rows a commit"
        ),
    ]
    return figure
