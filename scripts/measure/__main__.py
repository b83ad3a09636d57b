"""Measure speed and memory beside what somebody would use instead: a figure's name becomes a table."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.measure import (
    alert,
    api,
    infer,
    lookup,
    mint,
    plant,
    seed,
    single,
    smtp,
    smtp_idle,
    smtp_large,
    smtp_latency,
    unique,
)
from scripts.measure.figure import Figure, Plan, machine
from scripts.measure.servers import NAMES

FIGURES: Mapping[str, Callable[[Plan], Figure]] = {
    "mint": mint.measure,
    "single": single.measure,
    "plant": plant.measure,
    "api": api.measure,
    "infer": infer.measure,
    "lookup": lookup.measure,
    "seed": seed.measure,
    "alert": alert.measure,
    "unique": unique.measure,
    "smtp": smtp.measure,
    "smtp-latency": smtp_latency.measure,
    "smtp-idle": smtp_idle.measure,
    "smtp-large": smtp_large.measure,
}


def main() -> int:
    """Measure, print, and write JSON where asked."""
    told = arguments().parse_args()
    names = list(FIGURES) if told.figure == "all" else [told.figure]
    with TemporaryDirectory(prefix="bench-", dir=told.folder) as folder:
        cache_bytecode(Path(folder))
        on = machine(Path(folder))
        print("\n".join(f"{name}: {value}" for name, value in on.items()), end="\n\n", flush=True)
        figures = []
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            figures.append(FIGURES[name](Plan(Path(folder), told.scale, told.rounds, told.without)))
            print(figures[-1], end="\n\n", flush=True)
    if told.json:
        body = {"machine": on, "scale": told.scale, "rounds": told.rounds}
        body["figures"] = {each.name: each.data | {"notes": each.all_notes} for each in figures}
        told.json.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def cache_bytecode(folder: Path) -> None:
    """Let the processes that are measured start as installed programs do, from bytecode."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")


def arguments() -> argparse.ArgumentParser:
    """Return what the command line may say."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("figure", nargs="?", default="all", choices=[*FIGURES, "all"])
    parser.add_argument("--scale", type=float, default=0.1, help="part of each figure's full size (0.1)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which medians are told (3)")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=NAMES,
        metavar="SERVER",
        help=f"one of {', '.join(NAMES)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here, too")
    parser.add_argument("--folder", type=Path, help="measure on this disk; the temporary folder by default")
    return parser


if __name__ == "__main__":
    sys.exit(main())
