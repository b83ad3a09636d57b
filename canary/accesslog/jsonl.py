"""JSON, one object per line, becomes accesses."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from canary.accesslog.lines import Lines
from canary.accesslog.row import BadRow, FieldError, access_of, field_places
from canary.model import Access


def read_jsonl(lines: Lines, until: datetime) -> Iterator[Access | BadRow]:
    """Give every line's access, or what is wrong with it; empty lines are passed over."""
    for number, line in enumerate(lines.starting(1), start=1):
        if line.isspace():
            continue
        lines.report.rows += 1
        yield _read(line, number, lines, until)


def _read(line: str, number: int, lines: Lines, until: datetime) -> Access | BadRow:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return _bad(lines, number, error.colno, "", f"malformed JSON: {error.msg}")
    except (ValueError, RecursionError):
        return _bad(lines, number, 1, "", "malformed JSON: too large a number, or nested too deeply")
    if not isinstance(row, dict):
        return _bad(lines, number, 1, "", "this is not a JSON object")
    keys = tuple(row)
    places = field_places(keys)
    if len(places) < len(keys):
        used = set(places.values())
        lines.report.ignore(key for place, key in enumerate(keys) if place not in used)
    try:
        return access_of(_texts(row, {name: keys[place] for name, place in places.items()}), until)
    except FieldError as fault:
        key = keys[places[fault.field]] if fault.field in places else ""
        column = line.find(json.dumps(key, ensure_ascii=False)) + 1 if key else 1
        return _bad(lines, number, max(1, column), fault.field, fault.problem)


def _texts(row: Mapping[str, object], keys: Mapping[str, str]) -> dict[str, str]:
    texts = {}
    for name, key in keys.items():
        match row[key]:
            case str() as text:
                texts[name] = text
            case None:
                texts[name] = ""
            case bool() as truth if name == "bare":
                texts[name] = str(truth)
            case bool() | list() | dict():
                raise FieldError(name, "is neither text nor a number")
            case number:
                texts[name] = str(number)
    return texts


def _bad(lines: Lines, number: int, column: int, field: str, problem: str) -> BadRow:
    return BadRow(number, column, field, problem, lines.raw(number, number))
