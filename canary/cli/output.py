"""Values become lines, tables and JSON; nothing an attacker wrote can move the cursor."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from canary.errors import CanaryError, DataError

PIPE_WIDTH = 10_000


def say(line: str = "") -> None:
    """Print a line for people on standard output."""
    sys.stdout.write(f"{line}\n")


def note(line: str) -> None:
    """Print a line for people on standard error, beside the output."""
    sys.stderr.write(f"{line}\n")


def complain(error: CanaryError) -> None:
    """Print an error and what to do about it on standard error."""
    note(f"canary: {error.message}")
    if error.hint:
        note(f"  → {error.hint}")


def print_json(body: Any) -> None:
    """Print one JSON value, indented."""
    say(json.dumps(body, indent=2, ensure_ascii=False))


def print_jsonl(bodies: Iterable[Any]) -> None:
    """Print one JSON value a line."""
    for body in bodies:
        say(json.dumps(body, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, as wide as the terminal; piped, as wide as its content."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(table)


def printable(text: str) -> str:
    """Return text with everything that a terminal would obey replaced."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears whole when the block ends well, and not at all otherwise."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o600)  # noqa: PTH101 - by name
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
