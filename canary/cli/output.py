"""Values become lines and JSON; nothing that somebody else wrote can move the cursor."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from canary.errors import CanaryError, UsageError


def say(line: str = "") -> None:
    """Print one line for people on standard output."""
    sys.stdout.write(f"{printable(line)}\n")


def note(line: str) -> None:
    """Print one line for people on standard error, beside the output."""
    sys.stderr.write(f"{printable(line)}\n")


def complain(error: CanaryError) -> None:
    """Print an error and what to do about it on standard error."""
    note(f"canary: {error.message}")
    if error.hint:
        note(f"  → {error.hint}")


def warn(problem: str) -> None:
    """Print on standard error what should be looked at, though all went well."""
    note(f"canary: {problem}")


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 decoy`, `1,200 decoys`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def either(*, as_json: bool, as_jsonl: bool) -> None:
    """Refuse `--json` and `--jsonl` together. Raises UsageError."""
    if as_json and as_jsonl:
        raise UsageError("give --json or --jsonl, not both")


def print_json(body: Any) -> None:
    """Print one JSON value, indented."""
    sys.stdout.write(f"{json_text(body, indent=2)}\n")


def print_jsonl(bodies: Iterable[Any]) -> None:
    """Print one JSON value a line."""
    for body in bodies:
        sys.stdout.write(f"{json_text(body)}\n")


def json_text(body: Any, indent: int | None = None) -> str:
    """Return JSON as readable as its text, whatever a terminal would obey written as an escape."""
    text = json.dumps(body, indent=indent, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def printable(text: str) -> str:
    """Return text as one line, everything that a terminal would obey replaced.

    Unprintable are controls, escapes, line ends, and marks that turn the direction of what is read.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears whole when the block ends well, and not at all otherwise.

    A new one can be read by its owner alone. A device or a named pipe is simply written to.
    """
    special = path.exists() and not path.is_file() and not path.is_dir()
    with _reported(path), path.open("wb") if special else _beside(Path(os.path.realpath(path))) as file:
        yield file


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    if path.is_dir():
        raise CanaryError(f"cannot write {path}: it is a directory")
    mode = 0o600
    if path.exists():
        with path.open("r+b"):  # what may not be written is not replaced either
            mode = path.stat().st_mode & 0o777
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CanaryError(f"cannot write {path}: {error.strerror}") from error
