"""An open file that came from elsewhere becomes the body of a message, for as long as somebody holds it."""

import os
import stat
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

PIECE = 1024 * 1024


@runtime_checkable
class HasFile(Protocol):
    """A body that is an open file."""

    def __len__(self) -> int:
        """Return how many bytes of it are the body."""
        ...

    def fileno(self) -> int:
        """Return its descriptor."""
        ...


class FileBody:
    """The first `size` bytes of an open file of our own; the file is closed when nobody holds this any more.

    Whoever passed it may close theirs, and cannot make us wait: it is a regular file.
    """

    __slots__ = ("_descriptor", "_size")

    def __init__(self, descriptor: int, size: int) -> None:
        """Take over an open file. Raises ValueError if it is none that has these bytes."""
        self._descriptor = descriptor
        self._size = size
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size < size:
            raise ValueError("no regular file of that size")

    def __del__(self) -> None:
        os.close(self._descriptor)

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return self._size

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes, up to a mebibyte at a time. Raises OSError."""
        at = 0
        while at < self._size:
            piece = os.pread(self._descriptor, min(PIECE, self._size - at), at)
            if not piece:
                raise OSError("a message has lost its end")
            at += len(piece)
            yield piece
