"""A JSON object's text becomes leaves with their places, and other leaves take the same layout."""

import json
import re
from collections.abc import Iterator, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from canary.seed.cells import Batch, Cell, Record

SPACE = re.compile(r"[ \t\r\n]*")
DEEPEST = 16


def decoder(*, strict: bool = True) -> json.JSONDecoder:
    """Return what reads JSON and leaves numbers as they are written, with however many digits."""
    return json.JSONDecoder(strict=strict, parse_int=str, parse_float=str)


LENIENT = decoder(strict=False)


class Leaf(NamedTuple):
    """A value that is no filled object: its dotted path and where it stands."""

    path: str
    start: int
    end: int
    cell: Cell


def leaves_of(text: str) -> list[Leaf]:
    """Return the leaves of a valid JSON object in their order; arrays are leaves whole."""
    return list(_leaves(text, 0, "", 0))


def _leaves(text: str, at: int, path: str, depth: int) -> Iterator[Leaf]:
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, False)  # noqa: FBT003 - its argument has no name
        at = _after_space(text, _after_space(text, at) + 1)
        value, end = LENIENT.raw_decode(text, at)
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and depth < DEEPEST:
            yield from _leaves(text, at, here, depth + 1)
        else:
            cell = Cell(value) if text[at] == '"' else Cell(text[at:end], literal=True)
            yield Leaf(here, at, end, cell)
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def cells_in(text: str) -> Record:
    """Return the leaves of an object as cells."""
    return {leaf.path: leaf.cell for leaf in leaves_of(text)}


class Style(NamedTuple):
    """How strings are written: `ascii` escapes other letters, `slashes` escapes slashes."""

    ascii: bool = False
    slashes: bool = False


def style_of(text: str) -> Style:
    """Return how the strings in a text are written."""
    return Style(ascii=text.isascii() and bool(re.search(r"\\u(?!00[01])", text)), slashes="\\/" in text)


def set_into(template: str, cells: Record, style: Style) -> str:
    """Return the template with its leaves replaced by the cells of the same paths."""
    parts, at = [], 0
    for leaf in leaves_of(template):
        cell = cells.get(leaf.path)
        if cell is not None and cell != leaf.cell:
            parts += [template[at : leaf.start], _written(cell, style)]
            at = leaf.end
    return "".join([*parts, template[at:]])


def _written(cell: Cell, style: Style) -> str:
    if cell.literal:
        return cell.text
    text = json.dumps(cell.text, ensure_ascii=style.ascii)
    return text.replace("/", "\\/") if style.slashes else text


def values_at(batch: Batch, columns: Sequence[str]) -> list[list[bytes]]:
    """Return the values of some columns of parsed records."""
    paths = [column.split(".") for column in columns]
    return [[value_at(parsed, path) for parsed in batch.parsed] for path in paths]


def value_at(parsed: Any, path: list[str]) -> bytes:
    """Return a leaf of a parsed record as the bytes under which identifiers are remembered."""
    for key in path:
        if not isinstance(parsed, dict):
            return b""
        parsed = parsed.get(key)
    if parsed is None:
        return b""
    return (parsed if isinstance(parsed, str) else str(parsed)).encode("utf-8", "surrogatepass")
