"""infer: the hits of one incident become a ranking, over a ledger of a whole company."""

from pathlib import Path
from tempfile import mkdtemp

from scripts.measure.figure import Figure, Plan, mib
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import alternating, canary, middle, work

FULL, EMPLOYEES, RECORDS = 10_000_000, 10_000, 330_000
HITS, MESSAGES = (10, 100, 1000), 200
AIM = 2.0


def measure(plan: Plan) -> Figure:
    """Measure how long a ranking takes, beside one query that counts what each account was shown."""
    home = Path(mkdtemp(dir=plan.folder))
    canary(home, "init", *DOMAINS)
    told = work(
        "company.fill",
        home=home,
        exposures=plan.of(FULL, 100_000),
        employees=plan.of(EMPLOYEES, 500),
        records=plan.of(RECORDS, 5000),
    ).told
    told |= work("company.mail", home=home, hits=HITS[-1], pages=MESSAGES).told
    runs = alternating(
        plan.rounds,
        {
            **{f"{hits:,}": lambda hits=hits: work("company.rank", home=home, hits=hits) for hits in HITS},  # type: ignore[misc]
            "query": lambda: work("company.naive", home=home),
        },
    )
    figure = Figure(
        "infer",
        f"an incident's hits ranked, {told['exposures']:,} exposures ({mib(told['bytes'])})",
        (
            "hits",
            "exposures read",
            "ranking",
            "CPU",
            "its question in SQL",
            "hits opened",
            "account told",
            "peak",
        ),
    )
    for hits in HITS:
        each = runs[f"{hits:,}"]
        one = each[0].told
        seconds = {
            part: middle(each, lambda run, part=part: run.told[part])  # type: ignore[misc]
            for part in ("ranked", "cpu", "asked", "open")
        }
        peak = middle(each, lambda run: run.peak)
        figure.rows.append(
            (
                f"{one['hits']:,}",
                f"{one['read']:,}",
                *(f"{seconds[part]:.2f} s" for part in ("ranked", "cpu", "asked", "open")),
                f"{'right' if one['right'] else 'WRONG'}, {one['probability']:.1%}",
                mib(peak),
            )
        )
        figure.data[f"{hits}"] = one | seconds | {"peak_bytes": peak}
    query = middle(runs["query"], lambda run: run.told["seconds"])
    figure.data["query_seconds"] = query
    most = figure.data[f"{HITS[-1]}"]["ranked"]
    figure.notes = [
        f"aim: {HITS[-1]:,} hits over {FULL:,} exposures in {AIM:g} s; here {most:.2f} s",
        (
            f"{told['accesses']:,} accesses of a company whose employees and records differ in how much is "
            f"looked at, {told['decoys']:,} decoys: record-stable, cohort, 4 view-unique in 10 views; "
            f"the insider was shown {told['shown']:,}, {told['hits']:,} were mailed, in {MESSAGES} messages"
        ),
        f"by hand, one query that counts how many hit decoys each account was shown: {query:.2f} s",
        "the rows are written past the minter, with the store's own schema and codec; mail goes through it",
        "each run is a process of its own; the file lies in the machine's cache",
    ]
    return figure
