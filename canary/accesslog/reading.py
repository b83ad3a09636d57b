"""A stream becomes accesses, whichever format it is in."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

from canary.accesslog import times
from canary.accesslog.jsonl import read_jsonl
from canary.accesslog.lines import Lines
from canary.accesslog.row import BadRow, ReadReport
from canary.accesslog.table import read_header, read_table
from canary.errors import UsageError
from canary.model import Access

ENDINGS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def read(
    source: BinaryIO,
    *,
    name: str = "-",
    fmt: str | None = None,
    now: datetime,
    report: ReadReport | None = None,
) -> Iterator[Access | BadRow]:
    """Give the accesses of a log in the order of its rows, and a BadRow for each row that is none.

    `fmt` is `csv` (any delimiter) or `jsonl`; without it the name's ending decides, then the
    first character. Times without an offset are UTC. The stream is read forwards, in constant
    memory. Raises UsageError for an unknown format, DataError where nothing can be read.
    """
    if fmt is not None and fmt not in {"csv", "jsonl"}:
        raise UsageError(f"{fmt!r} is no format of access logs", hint="use csv or jsonl")
    lines = Lines(source, name, report if report is not None else ReadReport())
    text = lines.start
    kind = fmt or ENDINGS.get(PurePath(name).suffix.lower()) or ("jsonl" if text[:1] in {"{", "["} else "csv")
    if kind == "jsonl":
        if text.startswith("["):
            raise lines.error(
                1, 1, "this is one JSON array, not an object per line", "convert it: jq -c '.[]' FILE"
            )
        return read_jsonl(lines, times.latest(now))
    return read_table(lines, read_header(lines), times.latest(now))
