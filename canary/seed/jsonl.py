"""JSONL: one object on each line."""

import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from canary.errors import DataError
from canary.seed.cells import Batch, Extractor, Record
from canary.seed.elements import Style, cells_in, decoder, set_into, style_of, values_at
from canary.seed.encoding import UTF8_MARK, Encoding
from canary.seed.position import fault

DECODER = decoder()
LONGEST = 16 << 20
BLOCK = 1 << 18


class Lines:
    """Records of a JSONL export."""

    fmt = "jsonl"

    def __init__(self, source: BinaryIO, encoding: Encoding, *, name: str, newline: bytes) -> None:
        self._source = source
        self._encoding = encoding
        self._name = name
        self._newline = newline
        self._style = Style()

    def batches(self, start: int | None = None) -> Iterator[Batch]:
        """Read the objects, skipping blank lines. Raises DataError for a line that is no object."""
        self._source.seek(0)
        at = len(UTF8_MARK) if self._source.read(len(UTF8_MARK)) == UTF8_MARK else 0
        at = at if start is None else start
        while True:
            self._source.seek(at)
            starts: list[int] = []
            ends, keys, parsed = [], [], []
            while at - (starts[0] if starts else at) < BLOCK and (line := self._source.readline(LONGEST)):
                if key := line.strip():
                    parsed.append(self._parsed(at, line))
                    starts.append(at)
                    ends.append(at + len(line))
                    keys.append(key)
                at += len(line)
            if not starts:
                return
            yield Batch(starts, ends, keys, parsed)

    def _parsed(self, at: int, line: bytes) -> dict[str, object]:
        codec = self._encoding.inner
        text = line.decode(codec)
        try:
            value = DECODER.decode(text)
        except json.JSONDecodeError as error:
            place = at + len(text[: error.pos].encode(codec))
            raise self._fault(place, f"not JSON: {error.msg}") from None
        except RecursionError:
            raise self._fault(at, "this object is nested too deeply to read") from None
        if not isinstance(value, dict):
            raise self._fault(at, "a JSON object is expected on each line")
        return value

    def _fault(self, offset: int, message: str) -> DataError:
        hint = "repair the line, or export it again as JSONL: one object on each line"
        return fault(self._source, offset, message, name=self._name, codec=self._encoding.inner, hint=hint)

    def _text(self, raw: bytes) -> str:
        return raw.strip().decode(self._encoding.inner)

    def cells(self, raw: bytes) -> Record:
        """Return a line's leaves."""
        return cells_in(self._text(raw))

    def extractor(self, columns: Sequence[str]) -> Extractor:
        """Return what looks columns up in a parsed object."""
        return lambda batch: values_at(batch, columns)

    def learn(self, raws: Sequence[bytes]) -> None:
        """Take up how strings are escaped."""
        self._style = style_of("\n".join(map(self._text, raws)))

    def accepts(self, text: str) -> bool:
        """Say whether a text fits the encoding."""
        return self._encoding.can(text)

    def render(self, template: bytes, cells: Record) -> bytes:
        """Return an object laid out like the template, without its line end."""
        return set_into(self._text(template), cells, self._style).encode(self._encoding.inner)

    def joined(self, row: bytes, before: bytes | None) -> bytes:
        """Return a line with its end; where the last line has none, the end comes first."""
        if before is None or before.endswith(b"\n"):
            return row + self._newline
        return self._newline + row
