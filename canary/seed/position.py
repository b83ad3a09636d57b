"""A byte offset becomes the line and column at which a person finds the fault."""

from typing import BinaryIO

from canary.errors import DataError

BLOCK = 1 << 20


def fault(
    source: BinaryIO,
    offset: int,
    message: str,
    *,
    name: str,
    codec: str,
    newline: bytes = b"\n",
    hint: str = "",
) -> DataError:
    """Return the error for a fault at a byte offset; line and column count from 1, columns in characters."""
    line, column = line_and_column(source, offset, codec=codec, newline=newline)
    return DataError(f"{name}, line {line}, column {column}: {message}", hint=hint)


def line_and_column(source: BinaryIO, offset: int, *, codec: str, newline: bytes = b"\n") -> tuple[int, int]:
    """Return line and column of a byte offset, both from 1; a byte order mark takes no column."""
    source.seek(0)
    line, tail, left = 1, b"", offset
    while left > 0 and (block := source.read(min(BLOCK, left))):
        left -= len(block)
        line += block.count(newline)
        cut = block.rfind(newline)
        tail = (tail + block)[-BLOCK:] if cut < 0 else block[cut + len(newline) :]
    text = tail.decode(codec, "replace")
    return line, len(text.removeprefix("\ufeff") if line == 1 else text) + 1
