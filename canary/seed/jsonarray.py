"""JSON: an array of objects is read element by element, whatever its size."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from canary.errors import DataError
from canary.seed.cells import Batch, Extractor, Record
from canary.seed.elements import Style, cells_in, decoder, set_into, style_of, values_at
from canary.seed.encoding import UTF8_MARK, Encoding
from canary.seed.position import fault

DECODER = decoder()
SPACE = re.compile(r"[ \t\r\n]*")
BLOCK = 1 << 18
LONGEST = 16 << 20
TOGETHER = 512


class _Window:
    """The part of the export in hand, one character for one byte (Latin-1), so that places are offsets."""

    def __init__(self, source: BinaryIO, base: int) -> None:
        self._source = source
        self.base = base
        self.at = 0
        self.text = ""
        self.ended = False

    def more(self) -> bool:
        """Read on, dropping what is done with; say whether there was anything."""
        self._source.seek(self.base + len(self.text))
        block = self._source.read(max(BLOCK, len(self.text) - self.at))
        self.text = self.text[self.at :] + block.decode("latin-1")
        self.base += self.at
        self.at = 0
        self.ended = not block
        return bool(block)

    def char(self) -> str:
        """Return the next character behind any space, "" at the end."""
        while True:
            found = SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended or not self.more():
                return ""


class Array:
    """Records of a JSON array."""

    fmt = "json"

    def __init__(self, source: BinaryIO, encoding: Encoding, *, name: str) -> None:
        self._source = source
        self._encoding = encoding
        self._name = name
        self._style = Style()
        self._separator = b""

    def batches(self, start: int | None = None) -> Iterator[Batch]:
        """Read the elements. Raises DataError where the export is no array of objects."""
        elements = self._elements(start)
        while batch := list(islice(elements, TOGETHER)):
            starts, keys, parsed = zip(*batch, strict=True)
            yield Batch(
                starts, [start + len(key) for start, key in zip(starts, keys, strict=True)], keys, parsed
            )

    def _elements(self, start: int | None) -> Iterator[tuple[int, bytes, Any]]:
        """Read the elements. Raises DataError where the export is no array of objects."""
        window = _Window(self._source, start or 0)
        window.more()
        if start is None:
            window.at = len(UTF8_MARK) if window.text.startswith(UTF8_MARK.decode("latin-1")) else 0
            if window.char() != "[":
                raise self._fault(window.base + window.at, "an array of objects is expected here")
            window.at += 1
        end, first = window.base + window.at, True
        while (char := window.char()) != "]" or not first:
            if not first:
                self._expect(window, char)
                if char == "]":
                    break
                window.at += 1
                window.char()
            at, raw, value = self._element(window)
            self._note(end, at)
            yield at, raw, value
            end, first = at + len(raw), False
        window.at += 1
        if window.char():
            raise self._fault(window.base + window.at, "nothing may follow the end of the array")

    def _expect(self, window: _Window, char: str) -> None:
        if char not in {",", "]"} or not char:
            raise self._fault(window.base + window.at, "',' or ']' is expected here")

    def _note(self, end: int, start: int) -> None:
        if b"," in self._separator:
            return
        self._source.seek(end)
        self._separator = self._source.read(min(start - end, BLOCK))

    def _element(self, window: _Window) -> tuple[int, bytes, Any]:
        if (char := window.char()) != "{":
            message = "an object is expected here" if char else "the array ends too early"
            raise self._fault(window.base + window.at, message)
        while True:
            try:
                value, end = DECODER.raw_decode(window.text, window.at)
            except json.JSONDecodeError as error:
                if len(window.text) - window.at > LONGEST or not window.more():
                    raise self._not_json(window, error) from None
            except RecursionError:
                raise self._fault(
                    window.base + window.at, "this object is nested too deeply to read"
                ) from None
            else:
                start, raw = window.base + window.at, window.text[window.at : end].encode("latin-1")
                window.at = end
                return start, raw, value

    def _not_json(self, window: _Window, error: json.JSONDecodeError) -> DataError:
        try:
            DECODER.raw_decode(window.text, window.at)
        except json.JSONDecodeError as last:
            error = last
        return self._fault(window.base + error.pos, f"not JSON: {error.msg}")

    def _fault(self, offset: int, message: str) -> DataError:
        hint = "repair it, or export an array of objects: [{…}, {…}]"
        return fault(self._source, offset, message, name=self._name, codec=self._encoding.inner, hint=hint)

    def _text(self, raw: bytes) -> str:
        return raw.decode(self._encoding.inner)

    def cells(self, raw: bytes) -> Record:
        """Return an element's leaves."""
        return cells_in(self._text(raw))

    def extractor(self, columns: Sequence[str]) -> Extractor:
        """Return what looks columns up in a parsed element."""
        return lambda batch: [list(map(self._inner, column)) for column in values_at(batch, columns)]

    def _inner(self, value: bytes) -> bytes:
        if value.isascii():
            return value
        try:
            return value.decode("utf-8").encode("latin-1")
        except UnicodeError:
            return value

    def learn(self, raws: Sequence[bytes]) -> None:
        """Take up how strings are escaped."""
        self._style = style_of("\n".join(map(self._text, raws)))

    def accepts(self, text: str) -> bool:
        """Say whether a text fits the encoding."""
        return self._encoding.can(text)

    def render(self, template: bytes, cells: Record) -> bytes:
        """Return an object laid out like the template."""
        return set_into(self._text(template), cells, self._style).encode(self._encoding.inner)

    def joined(self, row: bytes, before: bytes | None) -> bytes:
        """Return an element with the comma and the space that stand between elements here."""
        between = self._separator if b"," in self._separator else b"," + self._separator
        return row + between if before is None else between + row
