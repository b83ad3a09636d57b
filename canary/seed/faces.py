"""A kept face becomes cells as this export writes them, and a decoy's cells become its face."""

import re
from collections.abc import Mapping
from dataclasses import replace

from canary.model import Face, Written
from canary.seed.cells import Cell, Record
from canary.seed.columns import Column, Kind, Profile
from canary.seed.dates import DateFormat, date_format

LITERAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?|true|false")
MOST_FIELDS = 512
MOST_VALUES = 4


def cells_of(face: Face, profile: Profile, like: Record, *, literals: bool, pooled: bool) -> dict[str, Cell]:
    """Return what was kept for the columns of an export, written its way, as the record `like` is.

    `literals` says that it is JSON, `pooled` that there are texts for decoys.
    """
    cells: dict[str, Cell] = {}
    for name, column in profile.columns.items():
        kept = (_fitting(column, Cell(*each), like, literals=literals) for each in face.fields.get(name, ()))
        cell = next((each for each in kept if each is not None), None)
        # an empty text among records that all have one is a tell, which a pool ends
        if cell is not None and not (pooled and cell.empty and column.blank is None and column.wordy):
            cells[name] = cell
    return cells


def _fitting(column: Column, cell: Cell, like: Record, *, literals: bool) -> Cell | None:
    """Return a kept value as a column writes its own, None where it cannot."""
    if cell.empty:
        return _nothing(column, cell, literals=literals)
    text: str | None = cell.text
    if column.kind is Kind.IDENTIFIER and column.shape and column.shape.number(cell.text) is None:
        text = None
    if column.dates is not None:
        text = _dated(column.dates, cell.text, like.get(column.name, cell).text)
    if text is None or not literals:
        return None if text is None else Cell(text)
    if text == cell.text and (column.mixed or cell.literal == column.literal or column.kind is Kind.PERSON):
        return cell
    return Cell(text, literal=column.literal and bool(LITERAL.fullmatch(text)))


def _nothing(column: Column, cell: Cell, *, literals: bool) -> Cell:
    """Return a kept field that holds nothing as a column writes that."""
    if not literals:
        return Cell("")
    return cell if cell.literal or not column.literal else column.blank or Cell("null", literal=True)


def _dated(dates: DateFormat, text: str, like: str) -> str | None:
    """Return a kept date in a column's own writing, with the digits and the zone of a date there."""
    if dates.read(text) is not None:
        return text
    other = date_format([text], epoch=True)
    moment = other.read(text) if other else None
    if moment is None:
        return None
    model = dates.read(like) or moment
    return dates.write(dates.floored(replace(model, at=moment.at)))


def dressed(cells: Mapping[str, Cell], kept: Mapping[str, Cell], profile: Profile) -> dict[str, Cell]:
    """Return a decoy's cells with its name in the writing that was kept."""
    named = {c.name: kept[c.name] for c in profile.of(Kind.PERSON) if c.role != "email" and c.name in kept}
    return {**cells, **named}


def face_of(face: Face, cells: Record, found: Record, beside: tuple[bytes, bytes] | None) -> Face:
    """Return a face with what is written now.

    `found` was taken from it; `beside` is whom it stands beside now, None where that is kept as it was.
    """
    fields = dict(face.fields)
    for name, cell in cells.items():
        if found.get(name) != cell and (name in fields or len(fields) < MOST_FIELDS):
            fields[name] = _added(fields.get(name, ()), cell, found.get(name))
    behind, ahead = beside or (face.behind, face.ahead)
    return Face(fields, behind, ahead)


def _added(values: tuple[Written, ...], cell: Cell, gone: Cell | None) -> tuple[Written, ...]:
    """Return a column's values with a new one; `gone` is another's now."""
    new = (cell.text, cell.literal)
    left = (each for each in values if each != new and not (gone and each[0] == gone.text))
    return (new, *left)[:MOST_VALUES]
