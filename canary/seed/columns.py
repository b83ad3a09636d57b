"""A sample of records becomes columns: what each holds, how it is written, how the export is sorted."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import Any

from canary.seed.cells import Cell, Record
from canary.seed.dates import EPOCH, MICROSECOND, DateFormat, date_format
from canary.seed.roles import words_of
from canary.seed.shapes import Shape, shape_of

NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,9})?")
TRACKABLE = re.compile(r"[^\s@:/,.]{1,64}")
IDENTIFIER_WORDS = frozenset(
    {
        "id",
        "uuid",
        "guid",
        "key",
        "no",
        "nr",
        "number",
        "num",
        "code",
        "asin",
        "sku",
        "ref",
        "reference",
        "serial",
    }
    | {"order", "invoice", "ticket", "index", "rowid", "pk", "hash", "oid"}
)
COUNT_WORDS = frozenset(
    {"rating", "stars", "score", "votes", "count", "helpful", "age", "quantity", "qty", "price"}
)
RATING_WORDS = frozenset({"rating", "stars", "score"})
TIME_WORDS = frozenset({"at", "date", "time", "timestamp", "ts", "created", "updated", "epoch", "on"})
BODY_WORDS = frozenset(
    {"body", "text", "review", "comment", "content", "message", "description", "note", "feedback"}
)
TITLE_WORDS = frozenset({"title", "subject", "headline", "summary", "heading"})
PLAIN = frozenset({"true", "false", "yes", "no", "null", "none", "n/a", "\\n", "on", "off"})
SHORT = 2
RARE = 0.02
NEARLY_ALL = 0.98
SORTED = 0.97
DIGITS_OR = 0.6
WORDS = 2.0
LONG_WORDS = 5.0
CODE_LENGTH = 5
GROUPED = 1.25


class Kind(Enum):
    """What a column holds."""

    PERSON = "person"
    DATE = "date"
    IDENTIFIER = "identifier"
    NUMBER = "number"
    CHOICE = "choice"
    BODY = "body"
    TEXT = "text"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `order` is 1 where it ascends through the export, -1 where it descends, else 0.

    `grouped` says that equal values stand together, `within` that the order is one of each group by itself.
    `literal` says that its first value is a JSON literal; `mixed`, that there are both texts and literals.
    """

    name: str
    kind: Kind
    role: str = ""
    order: int = 0
    grouped: bool = False
    dates: DateFormat | None = None
    shape: Shape | None = None
    repeated: frozenset[Cell] = frozenset()
    blank: Cell | None = None
    literal: bool = False
    mixed: bool = False
    within: bool = False

    @property
    def wordy(self) -> bool:
        """Say whether people write here, a sentence or more."""
        return self.kind in {Kind.BODY, Kind.TEXT}

    def rank(self, cell: Cell | None) -> int | None:
        """Return a number that ascends with the sorted column, None where the cell has no place in it."""
        key = self.key(cell)
        if isinstance(key, datetime):
            key = (key - EPOCH) // MICROSECOND
        return None if key is None else int(key) * self.order

    def copyable(self, cell: Cell) -> bool:
        """Say whether a value may be taken over: it is empty, or repeats, or is too plain to be anybody's."""
        plain = len(cell.text) <= SHORT or cell.text.lower() in PLAIN
        return cell.empty or cell in self.repeated or plain

    def key(self, cell: Cell | None) -> Any:
        """Return by what the column is sorted: a date's moment, an identifier's number."""
        if cell is None or cell.empty:
            return None
        if self.dates is not None:
            moment = self.dates.read(cell.text)
            return moment.at if moment else None
        return self.shape.number(cell.text) if self.shape is not None else None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a sample tells: the columns, and warnings for those that will stay empty."""

    columns: Mapping[str, Column]
    warnings: tuple[str, ...] = ()
    by_kind: Mapping[Kind, tuple[Column, ...]] = field(default_factory=dict)

    @property
    def rating(self) -> str | None:
        """Return the column in which records rate, None if there is none."""
        rating = (c for c in self.columns if set(words_of(c)) & RATING_WORDS)
        return next((c for c in rating if self.columns[c].kind in {Kind.CHOICE, Kind.NUMBER}), None)

    def of(self, *kinds: Kind) -> tuple[Column, ...]:
        """Return the columns of some kinds."""
        return tuple(c for kind in kinds for c in self.by_kind.get(kind, ()))


def number_in(cell: Cell) -> float | None:
    """Return the number that a cell names, None if it names none."""
    return float(cell.text.replace(",", ".")) if NUMBER.fullmatch(cell.text) else None


def trackable(values: Sequence[str], column: str) -> bool:
    """Say whether the first records' values may be identifiers, to be remembered through the export."""
    filled = [v for v in values if v]
    if len(set(filled)) < NEARLY_ALL * len(filled) or not filled or set(words_of(column)) & COUNT_WORDS:
        return False
    return all(TRACKABLE.fullmatch(v) and not re.match(r"\d{4}-\d\d-\d\d", v) for v in filled)


def profile_of(
    sample: Sequence[Record], roles: Mapping[str, str], tracked: Sequence[str], *, texts: bool
) -> Profile:
    """Return what a sample (in the order of the export) tells of its columns. `texts`: a pool is given."""
    cells = cells_by_column(sample)
    found = {
        name: _column(name, column, roles.get(name, ""), tracked=name in tracked)
        for name, column in cells.items()
    }
    found = _with_bodies(found, cells)
    groups = [name for name, column in found.items() if _grouped(column, cells[name])]
    keys = [tuple(cells[name][place].text for name in groups) for place in range(len(sample))]
    columns = {}
    for name, column in found.items():
        order, within = _order(column, cells[name], keys)
        columns[name] = replace(column, order=order, within=within, grouped=name in groups)
    by_kind = {kind: tuple(c for c in columns.values() if c.kind is kind) for kind in Kind}
    warnings = tuple(w for c in columns.values() if (w := _warning(c, cells[c.name], texts=texts)))
    return Profile(columns, warnings, by_kind)


def cells_by_column(sample: Sequence[Record]) -> dict[str, list[Cell]]:
    """Return column to its cells, record by record, empty where a record lacks the column."""
    names = dict.fromkeys(name for record in sample for name in record)
    return {name: [record.get(name, Cell("")) for record in sample] for name in names}


def _column(name: str, cells: Sequence[Cell], role: str, *, tracked: bool) -> Column:
    filled = [cell for cell in cells if not cell.empty]
    counts = Counter(filled)
    repeated = frozenset(cell for cell, count in counts.items() if count > 1)
    blanks = Counter(cell for cell in cells if cell.empty)
    blank = blanks.most_common(1)[0][0] if blanks else None
    literal = bool(filled) and filled[0].literal
    mixed = any(cell.literal != literal for cell in filled)

    def column(kind: Kind, dates: DateFormat | None = None, shape: Shape | None = None) -> Column:
        return Column(name, kind, role, 0, False, dates, shape, repeated, blank, literal, mixed)  # noqa: FBT003 - in their order

    if role or not filled:
        return column(Kind.PERSON if role else Kind.CHOICE)
    values = [cell.text for cell in filled]
    share = sum(counts[cell] for cell in repeated) / len(filled)
    words = set(words_of(name))
    if dates := date_format(values, epoch=bool(words & TIME_WORDS)):
        return column(Kind.DATE, dates)
    tracked = tracked and all(not cell.literal or NUMBER.fullmatch(cell.text) for cell in filled)
    if tracked and share < RARE and _called_identifier(values, words) and (shape := shape_of(values)):
        return column(Kind.IDENTIFIER, shape=shape)
    return column(_kind(values, share))


def _kind(values: Sequence[str], share: float) -> Kind:
    numeric = sum(1 for v in values if NUMBER.fullmatch(v)) >= NEARLY_ALL * len(values)
    if numeric and max(map(len, values)) < 2 * CODE_LENGTH:
        return Kind.CHOICE if share >= DIGITS_OR else Kind.NUMBER
    words = sum(len(v.split()) for v in values) / len(values)
    digits = sum(1 for v in values if any(c.isdigit() for c in v)) / len(values)
    if share < DIGITS_OR and words >= WORDS and (digits < DIGITS_OR or words >= LONG_WORDS):
        return Kind.TEXT
    return Kind.CHOICE if share >= RARE else Kind.CODE


def _called_identifier(values: Sequence[str], words: set[str]) -> bool:
    if words & COUNT_WORDS:
        return False
    if words & IDENTIFIER_WORDS or any(w.endswith(("id", "uuid")) for w in words):
        return True
    return all(any(c.isdigit() for c in v) and len(v) >= CODE_LENGTH for v in values) and not all(
        NUMBER.fullmatch(v) for v in values
    )


def _with_bodies(columns: Mapping[str, Column], cells: Mapping[str, Sequence[Cell]]) -> dict[str, Column]:
    """Return the columns with those of running text marked: they take texts from a pool."""

    def is_body(column: Column) -> bool:
        called = set(words_of(column.name))
        lengths = [len(c.text.split()) for c in cells[column.name] if not c.empty]
        runs_on = sum(lengths) >= LONG_WORDS * len(lengths) or bool(called & BODY_WORDS)
        return column.kind is Kind.TEXT and runs_on and not called & TITLE_WORDS

    return {n: replace(c, kind=Kind.BODY) if is_body(c) else c for n, c in columns.items()}


def _grouped(column: Column, cells: Sequence[Cell]) -> bool:
    """Say whether equal values stand together in the export though there are several."""
    if column.kind is not Kind.CHOICE or len(set(cells)) < SHORT or len(cells) <= CODE_LENGTH:
        return False
    runs = 1 + sum(1 for a, b in pairwise(cells) if a != b)
    return runs <= GROUPED * len(set(cells)) and GROUPED * runs < len(cells)


def _order(column: Column, cells: Sequence[Cell], groups: Sequence[object]) -> tuple[int, bool]:
    """Return how a column is sorted, and whether it is so only within the groups."""
    if column.kind not in {Kind.DATE, Kind.IDENTIFIER}:
        return 0, False
    keys = [(column.key(cell), group) for cell, group in zip(cells, groups, strict=True)]
    known = [(key, group) for key, group in keys if key is not None]
    whole = _direction([(a, b) for (a, _), (b, _) in pairwise(known)], 1.0)
    if whole:
        return whole, False
    within = [(a, b) for (a, g), (b, h) in pairwise(known) if g == h]
    return _direction(within, SORTED), len(within) < len(known) - 1


def _direction(pairs: Sequence[tuple[Any, Any]], share: float) -> int:
    """Return 1 where this share of pairs ascends, -1 where it descends, else 0."""
    if not any(a != b for a, b in pairs):
        return 0
    if sum(1 for a, b in pairs if a <= b) >= share * len(pairs):
        return 1
    return -1 if sum(1 for a, b in pairs if a >= b) >= share * len(pairs) else 0


def _warning(column: Column, cells: Sequence[Cell], *, texts: bool) -> str:
    """Return what to say of a column that would have to stay empty, "" of any other."""
    if column.kind not in {Kind.BODY, Kind.TEXT, Kind.CODE, Kind.CHOICE} or column.blank is not None:
        return ""
    wants_pool = column.kind is Kind.BODY or set(words_of(column.name)) & TITLE_WORDS
    if (texts and wants_pool) or column.repeated or any(map(column.copyable, cells)):
        return ""
    if column.kind is Kind.CODE and all(any(c.isdigit() for c in cell.text) for cell in cells):
        return ""
    remedy = "give texts for it with --texts FILE" if wants_pool else "fill it by hand if that gives it away"
    trouble = f"column {column.name!r} is never empty and its values are all different"
    return f"{trouble}: it stays empty in decoys; {remedy}"
