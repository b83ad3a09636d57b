"""A file, plain or gzipped, in any encoding, becomes blocks of bytes in which ASCII means ASCII."""

import codecs
import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from canary.errors import DataError

BLOCK = 1 << 20
GZIP = b"\x1f\x8b\x08"
SAMPLE = 4096
MOST_NULS = 0.3
"""Text in UTF-16 has a NUL beside every ASCII character: half of its bytes."""

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def blocks_of(path: Path) -> Iterator[bytes]:
    """Yield the content of a file a block at a time; `-` is standard input.

    What is gzipped is unpacked, UTF-16 and UTF-32 are recoded to UTF-8, by their mark or by their NULs.
    Anything else is yielded as it is. Raises DataError.
    """
    try:
        with _opened(path) as source:
            yield from recoded(_read(source))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is broken gzip: {error}", hint="what came before the break was looked at"
        ) from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield _unpacked(sys.stdin.buffer)
        return
    with path.open("rb") as source:
        yield _unpacked(source)


def _unpacked(source: BinaryIO) -> BinaryIO:
    peek = getattr(source, "peek", None)
    if peek and peek(len(GZIP))[: len(GZIP)] == GZIP:
        return cast("BinaryIO", gzip.GzipFile(fileobj=source))
    return source


def _read(source: BinaryIO) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block


def recoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield blocks in UTF-8 where the first one shows that they are in UTF-16 or UTF-32, else as they are."""
    first = next(blocks, b"")
    codec = codec_of(first[:SAMPLE])
    if not codec:
        yield first
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(codec)("replace")
    yield decoder.decode(first).encode("utf-8", "replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def codec_of(sample: bytes) -> str:
    """Return the wide encoding that the beginning of a text is in; "" if it is in none."""
    for mark, codec in MARKS:
        if sample.startswith(mark):
            return codec
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    wide = max(even, odd) > MOST_NULS * len(sample) and min(even, odd) < max(even, odd) / 10
    return ("utf-16-be" if even > odd else "utf-16-le") if wide else ""
