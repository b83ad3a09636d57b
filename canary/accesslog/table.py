"""A table (CSV and its relatives) becomes accesses, at hundreds of thousands of rows a second."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from operator import itemgetter
from typing import Any

from canary.accesslog.lines import Lines
from canary.accesslog.row import (
    CLASSES,
    MAX_FIELD,
    NAMES,
    NEEDED,
    TRUTHS,
    BadRow,
    FieldError,
    access_of,
    field_places,
)
from canary.accesslog.times import EARLIEST
from canary.model import Access, ActorClass

DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Header:
    """What a table's first row says; `line` is where it ends."""

    delimiter: str
    names: list[str]
    places: Mapping[str, int]
    line: int


def read_header(lines: Lines) -> Header:
    """Return the header, under the delimiter that makes most sense of it. Raises DataError."""
    found = [header for delimiter in DELIMITERS if (header := _header(lines, delimiter))]
    if not found:
        problem = (
            "the header row is malformed CSV" if lines.start else "there is nothing here, not even a header"
        )
        raise lines.error(1, 1, problem, f"the first row names columns for {_needed(NEEDED)}")
    header = max(found, key=lambda header: (len(header.places), len(header.names)))
    missing = [field for field in NEEDED if field not in header.places]
    if missing:
        raise lines.error(
            header.line, 1, f"the header has no column for {', '.join(missing)}", _hint(header, missing)
        )
    for name in (header.names[place] for place in header.places.values()):
        if header.names.count(name) > 1:
            second = header.names.index(name, header.names.index(name) + 1)
            column = 1 + sum(len(before) + 1 for before in header.names[:second])
            raise lines.error(header.line, column, f"the header names {name[:80]!r} twice", "rename one")
    used = set(header.places.values())
    lines.report.ignore(name for place, name in enumerate(header.names) if place not in used)
    return header


def read_table(lines: Lines, header: Header, until: datetime) -> Iterator[Access | BadRow]:
    """Give every row's access, or what is wrong with it.

    After a quote that is never closed, reading goes on with the line after the one that opened it.
    """
    quick = _quick_reader(header, until)
    start = header.line + 1
    while True:
        rows = csv.reader(lines.starting(start), delimiter=header.delimiter, strict=True)
        done = 0
        try:
            for row in rows:
                item = quick(row) or _careful(
                    row, lines, header, (start + done, start + rows.line_num - 1), until
                )
                done = rows.line_num
                if item:
                    lines.report.rows += 1
                    yield item
        except csv.Error as error:
            lines.report.rows += 1
            yield _malformed(error, lines, header, (start + done, start + rows.line_num - 1))
            start += done + 1
        else:
            return


def _quick_reader(header: Header, until: datetime) -> Callable[[list[str]], Access | None]:
    """Return the reader of ordinary rows, which gives None for those that deserve a closer look."""
    width = len(header.names)
    at_place, employee_place, record_place = (header.places[name] for name in NEEDED)
    optional = itemgetter(*(header.places.get(name, width) for name in NAMES if name not in NEEDED))
    read_time, classes, truths = datetime.fromisoformat, CLASSES.get, TRUTHS.get

    def quick(row: list[str]) -> Any:
        text = "".join(row)
        if len(row) != width or len(text) > MAX_FIELD or not text.isprintable():
            return None
        when, employee, record = row[at_place], row[employee_place].strip(), row[record_place].strip()
        if not employee or not record or "-" not in when:
            return None
        try:
            at = read_time(when)
            if at.tzinfo is not UTC:
                at = read_time(when + "Z") if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        if not EARLIEST <= at <= until:
            return None
        row.append("")
        beneficiary, tool, session, client_ip, actor, source_id, class_, bare_ = optional(row)
        actor_class, bare = classes(class_), truths(bare_)
        if actor_class is None or bare is None:
            row.pop()
            return None
        access: Any = _Unfrozen(
            employee,
            record,
            at,
            beneficiary.strip() or None,
            tool.strip() or None,
            session.strip() or None,
            client_ip.strip() or None,
            actor.strip() or None,
            source_id.strip() or None,
            actor_class,
            bare,
        )
        access.__class__ = Access
        return access

    return quick


class _Unfrozen:
    """An access while its fields are set.

    A frozen dataclass takes 2 µs to fill through its constructor, half of what a row takes. An
    object of the same layout takes 0.3 µs, and may then become an `Access` (Python language
    reference, section 3.3.2.4: `__class__` may be assigned among classes with equal `__slots__`).
    """

    __slots__ = Access.__slots__

    def __init__(
        self,
        employee: str,
        record: str,
        at: datetime,
        beneficiary: str | None,
        tool: str | None,
        session: str | None,
        client_ip: str | None,
        actor: str | None,
        source_id: str | None,
        actor_class: ActorClass,
        bare: bool,
    ) -> None:
        self.employee = employee
        self.record = record
        self.at = at
        self.beneficiary = beneficiary
        self.tool = tool
        self.session = session
        self.client_ip = client_ip
        self.actor = actor
        self.source_id = source_id
        self.id = ""
        self.actor_class = actor_class
        self.bare = bare


def _careful(
    row: list[str], lines: Lines, header: Header, span: tuple[int, int], until: datetime
) -> Access | BadRow | None:
    """Return a row's access or fault; None for an empty row. `span` is its first and last line."""
    if not "".join(row).strip():
        return None
    try:
        return _access(row, header, until)
    except FieldError as fault:
        starts = _field_starts(lines.text(*span), header.delimiter)
        place = header.places.get(fault.field, len(header.names))
        line, column = starts[min(place, len(starts) - 1)]
        return BadRow(span[0] + line, column, fault.field, fault.problem, lines.raw(*span))


def _access(row: list[str], header: Header, until: datetime) -> Access:
    width = len(header.names)
    if any(row[width:]):
        raise FieldError("", f"the row has {len(row)} fields, the header {width}")
    present = {name: row[place] for name, place in header.places.items() if place < len(row)}
    return access_of(present, until)


def _malformed(error: csv.Error, lines: Lines, header: Header, span: tuple[int, int]) -> BadRow:
    line, column = _field_starts(lines.text(*span), header.delimiter)[-1]
    return BadRow(span[0] + line, column, "", f"malformed CSV: {error}", lines.raw(span[0], span[0]))


def _field_starts(text: str, delimiter: str) -> list[tuple[int, int]]:
    """Return the line (from 0) and column (from 1) at which each field of a record begins.

    Of a malformed record the last one is the field at fault.
    """
    mark = re.escape(delimiter)
    field = re.compile(rf'(?:"[^"]*(?:""[^"]*)*"|[^"{mark}\n][^{mark}\n]*|){mark}')
    offsets = [0]
    while found := field.match(text, offsets[-1]):
        offsets.append(found.end())
    return [(text.count("\n", 0, at), at - text.rfind("\n", 0, at)) for at in offsets]


def _header(lines: Lines, delimiter: str) -> Header | None:
    rows = csv.reader(lines.starting(1), delimiter=delimiter, strict=True)
    try:
        names = next((row for row in rows if row), None)
    except csv.Error:
        return None
    return Header(delimiter, names, field_places(tuple(names)), rows.line_num) if names else None


def _hint(header: Header, missing: Sequence[str]) -> str:
    found = ", ".join(repr(name[:40]) for name in header.names[:20])
    guesses = [
        f"is {near[0]!r} the {field}?"
        for field in missing
        for known in NAMES[field][:2]
        if (near := get_close_matches(known, [name[:40].strip().lower() for name in header.names], n=1))
    ]
    return " ".join([f"it has {found}; it needs {_needed(missing)}", *guesses[:1]])


def _needed(fields: Sequence[str]) -> str:
    return ", and ".join(f"{field} (or {', '.join(NAMES[field][1:])})" for field in fields)
