"""Bytes become lines of text: UTF-8, UTF-16, and Windows-1252 where a line is not UTF-8."""

import codecs
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from canary.accesslog.row import MAX_RAW, ReadReport
from canary.errors import DataError

CHUNK = 128 * 1024
MAX_LINE = 1024 * 1024
KEPT_BLOCKS = 8
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
STRANGERS = {
    b"PK\x03\x04": ("a ZIP archive or spreadsheet", "save it as CSV"),
    b"\x1f\x8b": ("compressed with gzip", "pipe it in: gunzip -c FILE | canary mint --from -"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "pipe it in: zstdcat FILE | canary mint --from -"),
}

Block = tuple[int, list[bytes], list[str]]
"""The number of a block's first line, its lines as they came, and as text."""


class Lines:
    """The lines of a stream that is read once, forwards; the last few blocks can be read again.

    Line ends stay on the lines. Lines are numbered from 1.
    """

    def __init__(self, source: BinaryIO, name: str, report: ReadReport) -> None:
        self.name = "standard input" if name == "-" else name
        self.report = report
        self._kept: deque[Block] = deque(maxlen=KEPT_BLOCKS)
        self._next = 1
        self.head = source.read(CHUNK)
        self._refuse_strangers()
        self._raw = self._split(self._utf8(source))

    @property
    def start(self) -> str:
        """Return the beginning of the text, without space before it, to tell formats apart."""
        return "".join(next(iter(self._texts(1)), []))[:MAX_RAW].lstrip()

    def starting(self, number: int) -> Iterator[str]:
        """Give the lines from a number on, which must be near what was read last."""
        return chain.from_iterable(self._texts(number))

    def raw(self, first: int, last: int) -> bytes:
        """Return the beginning of the lines between two numbers, both included, as they came."""
        found = chain.from_iterable(
            raw[max(0, first - start) : max(0, last + 1 - start)] for start, raw, _ in self._kept
        )
        return b"".join(found)[:MAX_RAW].rstrip(b"\r\n")

    def text(self, first: int, last: int) -> str:
        """Return the lines between two numbers, both included."""
        found = chain.from_iterable(
            texts[max(0, first - start) : max(0, last + 1 - start)] for start, _, texts in self._kept
        )
        return "".join(found)

    def error(self, line: int, column: int, problem: str, hint: str = "") -> DataError:
        """Return the error that ends reading at a place."""
        return DataError(f"{self.name}, line {line}, column {column}: {problem}", hint=hint)

    def _texts(self, number: int) -> Iterator[list[str]]:
        for first, _, texts in list(self._kept):
            if number < first + len(texts):
                yield texts[max(0, number - first) :]
        for raw in self._raw:
            texts = self._decoded(raw)
            self._kept.append((self._next, raw, texts))
            self._next += len(raw)
            yield texts

    def _decoded(self, raw: list[bytes]) -> list[str]:
        try:
            return list(map(bytes.decode, raw))
        except UnicodeDecodeError:
            return [self._decoded_line(line) for line in raw]

    def _decoded_line(self, line: bytes) -> str:
        """Return a line's text; the five bytes that Windows-1252 leaves undefined stay controls."""
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.report.fallback_encoded += 1
        try:
            return line.decode("cp1252")
        except UnicodeDecodeError:
            return line.decode("latin-1")

    def _split(self, chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
        rest = b""
        for chunk in chunks:
            data = rest + chunk
            end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
            rest = data[end:]
            if len(rest) > MAX_LINE:
                line = self._next + len(data[:end].splitlines())
                raise self.error(
                    line, 1, "this line is longer than 1 MiB", "an access log has a line per access"
                )
            if end:
                yield data[:end].splitlines(keepends=True)
        if rest:
            yield rest.splitlines(keepends=True)

    def _utf8(self, source: BinaryIO) -> Iterator[bytes]:
        chunks = chain([self.head], iter(lambda: source.read(CHUNK), b""))
        if not self.head.startswith(UTF16):
            yield self.head.removeprefix(codecs.BOM_UTF8)
            yield from iter(lambda: source.read(CHUNK), b"")
            return
        decoder = codecs.getincrementaldecoder("utf-16")()
        try:
            for chunk in chunks:
                yield decoder.decode(chunk).encode()
            decoder.decode(b"", final=True)
        except UnicodeError:
            raise self.error(self._next, 1, "from here on this is not UTF-16 text") from None

    def _refuse_strangers(self) -> None:
        for magic, (what, hint) in STRANGERS.items():
            if self.head.startswith(magic):
                raise DataError(f"{self.name} is {what}", hint=hint)
        if b"\0" in self.head and not self.head.startswith(UTF16):
            raise DataError(f"{self.name} is no text: it contains zero bytes", hint="save it as UTF-8")
