"""Package data becomes tables from which a number picks a text by its weight."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Table:
    """Texts with integer weights; `upto` holds the running sums of the weights, `total` the last of them.

    A uniform 32-bit number n picks the text at `bisect_right(upto, n * total >> 32)`.
    """

    texts: tuple[str, ...]
    weights: tuple[int, ...]
    upto: tuple[int, ...]
    total: int


def table(rows: Iterable[tuple[str, int]]) -> Table:
    """Return a table of texts and positive weights that sum up to less than 2^32."""
    texts, weights = zip(*rows, strict=True)
    return weighted(texts, weights)


def weighted(texts: tuple[str, ...], weights: tuple[int, ...]) -> Table:
    """Return a table of texts and their weights."""
    upto = tuple(accumulate(weights))
    return Table(texts, weights, upto, upto[-1])


@cache
def packaged(name: str) -> Table:
    """Return a table of the package data: lines of `NAME WEIGHT`, gzipped where the name ends in .gz."""
    raw = (files("canary.persona") / "data" / name).read_bytes()
    fields = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode("ascii").split()
    return weighted(tuple(fields[::2]), tuple(map(int, fields[1::2])))
