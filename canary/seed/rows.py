"""One row's text becomes fields with their quotes, and values become fields quoted like their neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

QUOTE = '"'


def fields_of(row: str, delimiter: str, *, literal: bool = False) -> list[str]:
    """Return the fields of a row as they stand, quotes included (RFC 4180 section 2)."""
    if literal or QUOTE not in row:
        return row.split(delimiter)
    fields: list[str] = []
    parts: list[str] = []
    inside = False
    for part in row.split(delimiter):
        parts.append(part)
        inside ^= bool(part.count(QUOTE) & 1)
        if not inside:
            fields.append(delimiter.join(parts))
            parts = []
    return [*fields, delimiter.join(parts)] if parts else fields


def is_quoted(field: str) -> bool:
    """Say whether a field stands in quotes from end to end, with every quote in it doubled."""
    return (
        len(field) > 1
        and field[0] == field[-1] == QUOTE
        and QUOTE not in field[1:-1].replace(QUOTE + QUOTE, "")
    )


def value_of(field: str, *, literal: bool = False) -> str:
    """Return what a field says."""
    if not literal and is_quoted(field):
        return field[1:-1].replace(QUOTE + QUOTE, QUOTE)
    return field


@dataclass(frozen=True, slots=True)
class Quoting:
    """How a column writes its fields: `full` quotes whatever is not empty, `empty` quotes nothing at all.

    `ever` says that quotes are seen anywhere in the export.
    """

    full: bool = False
    empty: bool = False
    ever: bool = False


def quoting_of(fields: Sequence[str], *, ever: bool) -> Quoting:
    """Return how the fields of one column are quoted."""
    full = [f for f in fields if f not in {"", QUOTE * 2}]
    empty = [f for f in fields if f in {"", QUOTE * 2}]
    whole = bool(full) and all(map(is_quoted, full))
    return Quoting(
        whole, (bool(empty) and empty.count(QUOTE * 2) * 2 > len(empty)) or (whole and not empty), ever
    )


def field_of(value: str, quoting: Quoting, delimiter: str, *, literal: bool = False) -> str:
    """Return a value as a field, quoted where its column is or where it must be."""
    if literal:
        return " ".join(value.replace(delimiter, " ").splitlines())
    must = any(c in value for c in (delimiter, QUOTE, "\n", "\r"))
    if must or (quoting.full if value else quoting.empty):
        return QUOTE + value.replace(QUOTE, QUOTE + QUOTE) + QUOTE
    return value
