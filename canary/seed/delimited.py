"""CSV and TSV: lines become records by the parity of their quotes, and cells become rows."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import BinaryIO

from canary.errors import DataError
from canary.seed.cells import Batch, Cell, Extractor, Record
from canary.seed.encoding import UTF8_MARK, Encoding
from canary.seed.position import fault
from canary.seed.roles import ADDRESS
from canary.seed.rows import QUOTE, Quoting, field_of, fields_of, quoting_of, value_of

LONGEST = 16 << 20
BLOCK = 1 << 18
HEAD = 1 << 14
ENDS = b"\r\n"
MARKS = b'"\r'


class Delimited:
    """Records of a delimited export. A `literal` one gives quotes no meaning, as IANA's TSV does."""

    def __init__(
        self,
        source: BinaryIO,
        encoding: Encoding,
        *,
        name: str,
        delimiter: str,
        newline: bytes,
        literal: bool,
    ) -> None:
        self.fmt = "tsv" if delimiter == "\t" else "csv"
        self.literal = literal
        self._source = source
        self._encoding = encoding
        self._name = name
        self._delimiter = delimiter
        self._delim = delimiter.encode()
        self._newline = newline
        self._end = b"\r" if newline == b"\r" else b"\n"
        self._mask = bytes.maketrans(self._delim + self._end, b"\x01\x00")
        self._flesh = bytes(set(range(256)) - set(self._delim + self._end))
        self._quoting: list[Quoting] = []
        self._mute = False
        self._start, self._columns = self._header()
        self._bones = self._delim * (len(self._columns) - 1) + self._end

    def _header(self) -> tuple[int, list[str]]:
        self._source.seek(0)
        start = len(UTF8_MARK) if self._source.read(len(UTF8_MARK)) == UTF8_MARK else 0
        for batch in self._chunks(start, HEAD):
            for at, line in self._lines(*batch):
                names = self._values(line)
                if any(map(ADDRESS.fullmatch, names)):
                    return start, [str(place + 1) for place in range(len(names))]
                return at + len(line), _distinct(names)
        return start, []

    def batches(self, start: int | None = None) -> Iterator[Batch]:
        """Read the rows below the header, skipping blank lines. Raises DataError for one of another width."""
        for at, chunk in self._chunks(self._start if start is None else start, BLOCK):
            lines, outside = self._masked(chunk)
            ends = [at + end + place for place, end in enumerate(accumulate(map(len, lines), initial=0))]
            starts, ends = ends[:-1], [*ends[1:-1], at + len(chunk)]
            if (
                outside.translate(None, self._flesh) == self._bones * len(lines)
                and self._delim in self._bones
            ):
                yield Batch(starts, ends, lines)
                continue
            whole = [place for place, line in enumerate(lines) if line.strip(ENDS)]
            for place in whole:
                if lines[place].count(self._delim) != len(self._columns) - 1:
                    raise self._wrong_width(starts[place], chunk[starts[place] - at : ends[place] - at])
            yield Batch([starts[p] for p in whole], [ends[p] for p in whole], [lines[p] for p in whole])

    def _chunks(self, start: int, size: int) -> Iterator[tuple[int, bytes]]:
        """Yield whole records, many at a time, with the byte offset of the first."""
        at, rest = start, b""
        while True:
            self._source.seek(at + len(rest))
            block = self._source.read(size)
            data = rest + block
            cut = self._cut(data) if block else len(data)
            if (not block and self._open(data)) or len(data) - cut > LONGEST:
                raise self._unclosed(at, data)
            if cut:
                yield at, data[:cut]
            if not block:
                return
            at, rest = at + cut, data[cut:]

    def _open(self, data: bytes) -> bool:
        return not self.literal and bool(data.count(b'"') & 1)

    def _cut(self, data: bytes) -> int:
        """Return how many bytes hold whole records: up to the last line end outside of quotes."""
        cut = data.rfind(self._end) + 1
        inside = self._open(data[:cut])
        while inside and cut:
            line = data.rfind(self._end, 0, cut - 1) + 1
            inside ^= bool(data.count(b'"', line, cut) & 1)
            cut = line
        return cut

    def _masked(self, chunk: bytes) -> tuple[list[bytes], bytes]:
        """Return records whose quoted delimiters and line ends are masked, and all outside of quotes."""
        whole = chunk if chunk.endswith(self._end) else chunk + self._newline
        outside = whole
        if not self.literal and b'"' in whole:
            parts = whole.split(b'"')
            outside = b"".join(parts[::2])
            mask = self._mask
            parts[1::2] = [part.translate(mask) for part in parts[1::2]]
            whole = b'"'.join(parts)
        lines = whole.split(self._end)
        lines.pop()
        return lines, outside

    def _lines(self, at: int, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield a chunk's records with their byte offsets, skipping blank lines."""
        for line in self._masked(chunk)[0]:
            size = len(line) + 1
            if line.strip(ENDS):
                yield at, chunk[:size]
            at, chunk = at + size, chunk[size:]

    def _unclosed(self, at: int, data: bytes) -> DataError:
        """Return the error for the quote that leaves all further line ends inside quotes."""
        opened, inside = at, False
        for line in data.split(self._end):
            if self._open(line):
                inside = not inside
                opened = at + line.rfind(b'"') if inside else opened
            at += len(line) + 1
        return self._fault(
            opened,
            "a quote is opened here and never closed",
            'close it, or double a quote that belongs to the text ("")',
        )

    def _wrong_width(self, at: int, line: bytes) -> DataError:
        fields = fields_of(self._text(line), self._delimiter, literal=self.literal)
        want, found = len(self._columns), len(fields)
        stretch = self._delimiter.join(fields[:want]) + self._delimiter * (found > want)
        return self._fault(
            at + len(stretch.encode(self._encoding.inner)),
            f"this record has {found} fields, the header has {want}",
            "quote fields that hold the delimiter or a line break, or repair the record",
        )

    def _fault(self, offset: int, message: str, hint: str) -> DataError:
        newline = self._end
        codec = self._encoding.inner
        return fault(self._source, offset, message, name=self._name, codec=codec, newline=newline, hint=hint)

    def _text(self, line: bytes) -> str:
        return line.rstrip(ENDS).decode(self._encoding.inner)

    def _values(self, line: bytes) -> list[str]:
        fields = fields_of(self._text(line), self._delimiter, literal=self.literal)
        return [value_of(field, literal=self.literal) for field in fields]

    def cells(self, raw: bytes) -> Record:
        """Return a row's cells."""
        return dict(zip(self._columns, map(Cell, self._values(raw)), strict=True))

    def extractor(self, columns: Sequence[str]) -> Extractor:
        """Return what splits masked rows as far as the last column wanted."""
        places = [self._columns.index(column) for column in columns]
        far, delimiter = max(places, default=0) + 1, self._delim

        def extract(batch: Batch) -> list[list[bytes]]:
            if len(places) == 1:
                only = places[0]
                return [[key.split(delimiter, far)[only].strip(MARKS) for key in batch.keys]]
            rows = [key.split(delimiter, far) for key in batch.keys] if places else []
            return [[row[place].strip(MARKS) for row in rows] for place in places]

        return extract

    def learn(self, raws: Sequence[bytes]) -> None:
        """Take up how each column quotes."""
        rows = [fields_of(self._text(raw), self._delimiter, literal=self.literal) for raw in raws]
        ever = any(QUOTE in field for row in rows for field in row)
        self._quoting = [quoting_of(column, ever=ever) for column in zip(*rows, strict=True)]
        self._mute = self.literal or not ever

    def accepts(self, text: str) -> bool:
        """Say whether a text fits the encoding and needs no quotes where none are used."""
        needs = any(c in text for c in (self._delimiter, QUOTE, "\n", "\r"))
        return self._encoding.can(text) and not (needs and self._mute)

    def render(self, template: bytes, cells: Record) -> bytes:
        """Return a row, without its line end; the template adds nothing to what the columns tell."""
        del template
        fields = (
            field_of(cells[column].text, quoting, self._delimiter, literal=self.literal)
            for column, quoting in zip(self._columns, self._quoting, strict=True)
        )
        return self._delimiter.join(fields).encode(self._encoding.inner)

    def joined(self, row: bytes, before: bytes | None) -> bytes:
        """Return a row with its line end; where the last line has none, the end comes first."""
        if before is None or before.endswith((b"\n", b"\r")):
            return row + self._newline
        return self._newline + row


def _distinct(names: Sequence[str]) -> list[str]:
    taken: list[str] = []
    for place, name in enumerate(names):
        plain = name.strip() or f"column {place + 1}"
        taken.append(plain if plain not in taken else f"{plain} ({place + 1})")
    return taken
