"""unique: decoys by the million become a count of those that meet under their canonical form."""

from pathlib import Path
from tempfile import mkdtemp

from scripts.measure.figure import Figure, Plan, mib
from scripts.measure.runs import canary, work

FULL = 10_000_000
DOMAINS = tuple(f"--domain=post{number:02d}.example" for number in range(16))


def measure(plan: Plan) -> Figure:
    """Mint decoys through the real path and count those that meet, beside a naive generator."""
    home = Path(mkdtemp(dir=plan.folder))
    canary(home, "init", *DOMAINS)
    count = plan.of(FULL, 1000)
    ours = work("inside.minted", home=home, decoys=count)
    met = work("inside.meeting", home=home)
    naive = work("inside.naive", decoys=count)
    figure = Figure(
        "unique",
        f"{count:,} decoys on 16 domains",
        ("way", "decoys", "canonical duplicates", "draws repeated", "decoys/s", "peak memory"),
    )
    retries = ours.told["refused"] / count
    figure.rows = [
        (
            "canary",
            f"{met.told['decoys']:,}",
            f"{met.told['duplicates']:,}",
            f"{retries:.4%}",
            f"{count / ours.told['seconds']:,.0f}",
            mib(ours.peak),
        ),
        (
            "given.family99 of the same names",
            f"{count:,}",
            f"{naive.told['duplicates']:,}",
            "none",
            f"{count / naive.told['seconds']:,.0f}",
            "-",
        ),
    ]
    figure.data = {"canary": {**ours.told, **met.told, "peak_bytes": ours.peak}, "naive": naive.told}
    figure.notes = [
        (
            "minted as controls: the minter, the store's reservation under its UNIQUE index, sealed rows, "
            "20,000 a transaction; mint.floor_bits as `canary init` leaves it"
        ),
        "counted from the store itself: every address opened, brought into canonical form and compared",
        "draws repeated are those whose address met a decoy's, beside the generator's own redraws",
    ]
    return figure
