"""Bytes of an unknown kind become the format that reads them."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import BinaryIO

from canary.errors import DataError
from canary.seed.cells import Form
from canary.seed.delimited import Delimited
from canary.seed.elements import decoder
from canary.seed.encoding import UTF8_MARK, Encoding
from canary.seed.jsonarray import Array
from canary.seed.jsonl import Lines
from canary.seed.rows import QUOTE, fields_of, is_quoted

DECODER = decoder()
FORMATS = ("csv", "tsv", "json", "jsonl")
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
DELIMITERS = (",", ";", "\t", "|")
LINE_END = re.compile(rb"\r\n|\n|\r")
HEAD = 1 << 16
ROWS = 40
CHOOSE = f"name the format with --format ({', '.join(FORMATS)})"


def form_of(source: BinaryIO, encoding: Encoding, *, fmt: str | None, name: str) -> Form:
    """Return what reads an export, by the given format, else its file name, else its content.

    Raises DataError where none of these tells.
    """
    source.seek(0)
    head = source.read(HEAD).removeprefix(UTF8_MARK)
    if fmt is not None and fmt not in FORMATS:
        raise DataError(f"{fmt!r} is no format that can be seeded", hint=CHOOSE)
    if b"\0" in head:
        raise DataError(
            f"{name}, line 1, column 1: this is no text", hint="export it as CSV, TSV, JSON or JSONL"
        )
    newline = _newline(head)
    text = head.decode(encoding.inner, "replace")
    kind = fmt or _kind(text, SUFFIXES.get(PurePath(name).suffix.lower()))
    if kind == "json":
        return Array(source, encoding, name=name)
    if kind == "jsonl":
        return Lines(source, encoding, name=name, newline=b"\r\n" if b"\r\n" in head else b"\n")
    rows = _rows(text, newline.decode(), whole=len(head) < HEAD - len(UTF8_MARK))
    delimiter = "\t" if kind == "tsv" else _delimiter(rows)
    if delimiter is None:
        if kind is None and text.strip():
            raise DataError(
                f"{name}, line 1, column 1: the format cannot be told from the content", hint=CHOOSE
            )
        delimiter = ","
    literal = delimiter == "\t" and _literal(rows)
    return Delimited(source, encoding, name=name, delimiter=delimiter, newline=newline, literal=literal)


def _kind(text: str, named: str | None) -> str | None:
    start = text.lstrip()[:1]
    if named == "json" and start == "{" and _is_object(text.lstrip().partition("\n")[0]):
        return "jsonl"
    if named is not None:
        return named
    return {"[": "json", "{": "jsonl"}.get(start)


def _is_object(line: str) -> bool:
    try:
        return isinstance(DECODER.decode(line), dict)
    except (ValueError, RecursionError):
        return False


def _newline(head: bytes) -> bytes:
    """Return the first line end outside of quotes."""
    outside = b"".join(head.split(b'"')[::2])
    found = LINE_END.search(outside) or LINE_END.search(head)
    return found[0] if found else b"\n"


def _rows(text: str, newline: str, *, whole: bool) -> list[str]:
    """Return the first rows; lines with an open quote are put together. Not `whole`: the last is cut off."""
    rows: list[str] = []
    lines: list[str] = []
    inside = False
    for line in text.split(newline)[: None if whole else -1]:
        lines.append(line)
        inside ^= bool(line.count(QUOTE) & 1)
        if not inside:
            rows.append(newline.join(lines))
            lines = []
    if whole or len(lines) > ROWS:
        rows.append(newline.join(lines))
    return [row for row in rows if row][:ROWS]


def _delimiter(rows: Sequence[str]) -> str | None:
    """Return the delimiter that gives every row the width of the first, and most of it; None if none does."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(fields_of(row, delimiter)) for row in rows]
        if not widths or widths[0] == 1:
            return 0.0, 0
        return round(sum(w == widths[0] for w in widths) / len(widths), 1), widths[0]

    best = max(DELIMITERS, key=score)
    return best if score(best)[1] else None


def _literal(rows: Sequence[str]) -> bool:
    """Say whether quotes are mere letters: they stand where a quoted field would not have them."""
    fields = [field for row in rows for field in fields_of(row, "\t") if QUOTE in field]
    return bool(fields) and not all(map(is_quoted, fields))
