"""The pieces of a message become one value: bytes, or a file without a name."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol

PIECE = 1024 * 1024


class Budget(Protocol):
    """How much memory and disk all messages together may take while they arrive."""

    def take(self, kind: str, count: int) -> bool:
        """Claim so many bytes of "memory" or "disk"; say whether they were there."""
        ...

    def give(self, kind: str, count: int) -> None:
        """Give so many bytes back."""
        ...


class Spilled:
    """A message in a file that has no name: it is gone when it is closed, and with the process."""

    __slots__ = ("_file", "_size")

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return self._size

    def fileno(self) -> int:
        """Return the open file, to be read with pread."""
        return self._file.fileno()

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes, up to a mebibyte at a time. Raises OSError."""
        at = 0
        while at < self._size:
            piece = os.pread(self._file.fileno(), min(PIECE, self._size - at), at)
            if not piece:
                raise OSError("a spilled message has lost its end")
            at += len(piece)
            yield piece


class Content:
    """A message while it arrives: in memory, and on disk from a size on.

    `sent` counts its bytes on the wire, also of what is not held any more: a message above `limit`, or
    one that neither memory nor disk had room for (`failed`).
    """

    __slots__ = (
        "_budget",
        "_file",
        "_first",
        "_folder",
        "_held",
        "_limit",
        "_rest",
        "_spill_above",
        "failed",
        "sent",
    )

    def __init__(self, limit: int, spill_above: int, folder: Path | None, budget: Budget) -> None:
        self._limit = limit
        self._spill_above = spill_above
        self._folder = folder
        self._budget = budget
        self._first = b""
        self._rest: bytearray | None = None
        self._held = 0
        self._file: IO[bytes] | None = None
        self.sent = 0
        self.failed = False

    @property
    def oversized(self) -> bool:
        """Say whether the message is above the limit."""
        return self.sent > self._limit

    @property
    def counted(self) -> int:
        """Return its size as mail hosts count that of chunks: the last line always ended."""
        ended = self._file is not None or self._joined()[-1:] in {b"", b"\n"}
        return self.sent + (0 if ended else 2)

    def pour(self, piece: bytes, sent: int) -> None:
        """Take in a piece; `sent` is how many bytes it was on the wire."""
        self.sent += sent
        if self.failed:
            return
        if self.sent > self._limit:
            self.discard()
        elif self._file is not None:
            self._write(self._file, piece)
        elif self._held + len(piece) > self._spill_above or not self._budget.take("memory", len(piece)):
            self._spill(piece)
        else:
            self._hold(piece)

    def whole(self) -> bytes | Spilled:
        """Return the message; it is the caller's to `discard` this when it is done with it."""
        if self._file is not None:
            return Spilled(self._file, self._held)
        return self._joined()

    def discard(self) -> None:
        """Let go of what is held."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._budget.give("disk", self._held)
        elif self._held:
            self._budget.give("memory", self._held)
        self._first, self._rest = b"", None
        self._held = 0

    def _hold(self, piece: bytes) -> None:
        """Keep a piece in memory; however small they come, they take no more than their bytes."""
        if not self._held:
            self._first = piece
        elif self._rest is None:
            self._rest = bytearray(piece)
        else:
            self._rest += piece
        self._held += len(piece)

    def _joined(self) -> bytes:
        """Return what is in memory as one piece, and hold it as that."""
        if self._rest is not None:
            self._first, self._rest = self._first + self._rest, None
        return self._first

    def _spill(self, piece: bytes) -> None:
        """Go on in a file, or fail where there is none to be had."""
        earlier, held = self._joined(), self._held
        self._first = b""
        self._budget.give("memory", held)
        self._held = 0
        try:
            self._file = TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115 - closed by discard
        except OSError:
            self.failed = True
            return
        self._write(self._file, earlier + piece)

    def _write(self, file: IO[bytes], piece: bytes) -> None:
        if not self._budget.take("disk", len(piece)):
            self._fail()
            return
        self._held += len(piece)
        view = memoryview(piece)
        try:
            while view:
                view = view[file.write(view) :]
        except OSError:
            self._fail()

    def _fail(self) -> None:
        self.discard()
        self.failed = True


class Drain:
    """Takes what nobody wants."""

    def pour(self, piece: bytes, sent: int) -> None:
        """Forget a piece."""
