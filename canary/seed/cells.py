"""What every format reads a record into, and what each format must do for the core."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

EMPTY_LITERALS = frozenset({"null", "[]", "{}"})


class Cell(NamedTuple):
    """One field of a record.

    A literal is a JSON number, truth value, null, array or empty object: written as it
    stands. Any other cell is a text, which the format quotes as its neighbours do.
    """

    text: str
    literal: bool = False

    @property
    def empty(self) -> bool:
        """Say whether the field holds nothing."""
        return self.text in EMPTY_LITERALS if self.literal else not self.text


Record = Mapping[str, Cell]
"""Column (a dotted path in nested JSON) to cell, in the order of the record."""

Span = tuple[int, int]
"""Where a record's bytes begin and end in the export."""


class Batch(NamedTuple):
    """Records that were read together.

    `starts` and `ends` are byte offsets (a line's end with it). `keys` tell records apart: their
    bytes, but for a line end and for what a format masks. `parsed` is there where the format parses.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    keys: Sequence[bytes]
    parsed: Sequence[Any] = ()


Extractor = Callable[[Batch], Sequence[Sequence[bytes]]]
"""A batch becomes the values of some columns, column by column."""


def raw_at(source: BinaryIO, span: Span) -> bytes:
    """Return the bytes of a record."""
    source.seek(span[0])
    return source.read(span[1] - span[0])


class Form(Protocol):
    """One format: bytes to records, and a decoy's cells to bytes among them."""

    fmt: str

    def batches(self, start: int | None = None) -> Iterator[Batch]:
        """Read the export from its beginning, or from a record on; raises DataError at its first fault."""
        ...

    def cells(self, raw: bytes) -> Record:
        """Return a record's cells."""
        ...

    def extractor(self, columns: Sequence[str]) -> Extractor:
        """Return what reads some columns' values out of many records, fast."""
        ...

    def learn(self, raws: Sequence[bytes]) -> None:
        """Take up the style (quoting, escapes) of a sample of records."""
        ...

    def accepts(self, text: str) -> bool:
        """Say whether a text can stand in this export without looking different."""
        ...

    def render(self, template: bytes, cells: Record) -> bytes:
        """Return a record laid out like the template, with these cells."""
        ...

    def joined(self, row: bytes, before: bytes | None) -> bytes:
        """Return what to insert behind the record `before`, or before the first record if None."""
        ...
