"""Rows become a table: whole where it is piped, fitted to the window where somebody reads it."""

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from shutil import get_terminal_size

from rich.cells import cell_len, set_cell_size

from canary.cli.output import note, printable

MEASURED = 1000
GAP = "  "
READABLE = 24
NARROWEST = 4


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, spare: Collection[str] = (), none: str
) -> None:
    """Print a heading and the rows, in constant memory; the widths are those of the first thousand.

    On a terminal too narrow for all of it the columns named `spare` are left out in their order, then
    cells are cut. Without rows nothing is printed but the note `none`, on standard error.
    """
    texts = (tuple(printable(str(cell)) for cell in row) for row in rows)
    first = list(islice(texts, MEASURED))
    if not first:
        note(none)
        return
    widths = [max(map(cell_len, column)) for column in zip(columns, *first, strict=True)]
    shown = list(range(len(columns)))
    if sys.stdout.isatty():
        shown, widths = _fitted(columns, widths, spare, get_terminal_size().columns)
    for number, row in enumerate(chain([columns], first, texts)):
        line = GAP.join(_cells(row, shown, widths)).rstrip()
        sys.stdout.write(f"{_bold(line) if number == 0 else line}\n")


def _cells(row: Sequence[str], shown: Sequence[int], widths: Sequence[int]) -> Iterator[str]:
    cut = sys.stdout.isatty()
    for place in shown:
        text, width = row[place], widths[place]
        if cell_len(text) <= width:
            yield set_cell_size(text, width)
        else:
            yield set_cell_size(text, width - 1) + "…" if cut else text


def _fitted(
    columns: Sequence[str], widths: Sequence[int], spare: Collection[str], room: int
) -> tuple[list[int], list[int]]:
    """Return the columns to show and every column's width, so that a row fits into the window."""
    shown, fitted = list(range(len(columns))), list(widths)
    for name in spare:
        last = shown[-1]
        others = sum(fitted[place] + len(GAP) for place in shown[:-1])
        if others + min(fitted[last], READABLE) > room:
            shown.remove(columns.index(name))
    while sum(fitted[place] + len(GAP) for place in shown) - len(GAP) > room:
        widest = max(shown, key=lambda place: fitted[place])
        if fitted[widest] <= NARROWEST:
            break
        fitted[widest] -= 1
    return shown, fitted


def _bold(line: str) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return line if plain or not sys.stdout.isatty() else f"\033[1m{line}\033[0m"
