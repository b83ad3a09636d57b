"""The US Census Bureau's 1990 name tables become canary's package data.

Usage: python scripts/make_names.py FOLDER, which holds dist.all.last, dist.male.first and dist.female.first.
"""

import gzip
import sys
from collections import Counter
from pathlib import Path

UNIT = 1e-6  # per cent: the weight of a name is how many of these of the population bear it
DATA = Path(__file__).parents[1] / "canary" / "persona" / "data"


def rows(path: Path) -> list[tuple[str, float, float]]:
    """Return name, frequency and cumulative frequency in per cent, most frequent first."""
    fields = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return [(name.lower(), float(share), float(upto)) for name, share, upto, _ in fields]


def given_weights(folder: Path) -> Counter[str]:
    """Return given names of both sexes, half of the population each."""
    weights: Counter[str] = Counter()
    for table in ("dist.male.first", "dist.female.first"):
        weights.update({name: round(share / 2 / UNIT) for name, share, _ in rows(folder / table)})
    return weights


def family_weights(folder: Path) -> Counter[str]:
    """Return family names; past the first 500 the cumulative column tells more than the rounded share."""
    table = rows(folder / "dist.all.last")
    upto = [0.0, *(row[2] for row in table)]
    weights: Counter[str] = Counter()
    least = float("inf")
    for rank, (name, share, _) in enumerate(table):
        low, high = rank - rank // 8, min(len(table), rank + rank // 8 + 1)
        least = min(least, share if rank < 500 else (upto[high] - upto[low]) / (high - low))
        weights[name] = max(1, round(least / UNIT))
    return weights


def write(name: str, weights: Counter[str]) -> None:
    """Write `NAME WEIGHT` lines, heaviest first, the same bytes every time."""
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    text = "".join(f"{word} {weight}\n" for word, weight in ordered)
    (DATA / name).write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))
    print(f"{name}: {len(ordered)} names, {sum(weights.values()) * UNIT:.2f} % of the population")


if __name__ == "__main__":
    write("given.txt.gz", given_weights(Path(sys.argv[1])))
    write("family.txt.gz", family_weights(Path(sys.argv[1])))
