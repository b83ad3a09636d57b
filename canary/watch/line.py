"""Frames go back and forth between two processes, with open files where they need any.

A frame is its length in four bytes and its words. What is said in one turn of the loop goes out at once;
what has come in by then is read at once. Open files travel beside the bytes (unix(7), SCM_RIGHTS).
"""

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence

from canary.errors import TemporaryError

LENGTH_BYTES = 4
READ_AT_ONCE = 256 * 1024
SEND_AT_ONCE = 256 * 1024
MOST_BUFFERS = 256
FRAME_PIECES = 2
"""A frame goes out as its length and its words."""

MOST_FILES = 250
"""Less than SCM_MAX_FD, what one message of a Unix socket may carry."""

ROOM_FOR_FILES = socket.CMSG_SPACE(MOST_FILES * array.array("i").itemsize)
SOCKET_BUFFER = 1024 * 1024

Files = deque[int]
Heard = Callable[[memoryview, Files], None]
"""Called with each frame and the open files that have come by then; those it takes are its own to close."""


class LineError(TemporaryError):
    """The other side does not keep to what was agreed, or is gone."""


class Line:
    """One end of a connected pair of Unix sockets, which it closes. `lost` is called once, when it ends.

    A frame of more than `most` bytes, and what `heard` raises as LineError, ends the line. None of more than
    `most_said` is sent.
    """

    def __init__(
        self,
        connection: socket.socket,
        heard: Heard,
        lost: Callable[[LineError | None], None],
        *,
        most: int,
        most_said: int,
    ) -> None:
        connection.setblocking(False)  # noqa: FBT003 - positional only
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        self._socket = connection
        self._heard = heard
        self._lost = lost
        self.most = most
        self.most_said = most_said
        self._loop = asyncio.get_running_loop()
        self._in = bytearray(READ_AT_ONCE)
        self._filled = 0
        self._files: Files = deque()
        self._out: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._flushing = self._writing = self._held = self._closed = False
        self._loop.add_reader(connection, self._read)

    @property
    def closed(self) -> bool:
        """Say whether nothing can be said any more."""
        return self._closed

    @property
    def held(self) -> bool:
        """Say whether nothing is read for now."""
        return self._held

    @property
    def drained(self) -> bool:
        """Say whether all that was said has gone out."""
        return not self._out

    def say(self, frame: bytes, files: Sequence[int] = ()) -> None:
        """Have a frame sent, and copies of open files with it. Raises LineError if it is too long."""
        if self._closed:
            return
        if len(frame) > self.most_said or len(files) > MOST_FILES:
            raise LineError(f"a frame of {len(frame)} bytes and {len(files)} files")
        self._out.append((len(frame).to_bytes(LENGTH_BYTES), ()))
        self._out.append((frame, tuple(map(os.dup, files))))
        if not (self._flushing or self._writing):
            self._flushing = True
            self._loop.call_soon(self._flush)

    def flush(self) -> None:
        """Send what was said now, not only at the end of this turn of the loop."""
        if not (self._writing or self._closed):
            self._flush()

    def hold(self) -> None:
        """Read nothing more for now, so that the other side has to wait."""
        if not (self._held or self._closed):
            self._held = True
            self._loop.remove_reader(self._socket)

    def go_on(self) -> None:
        """Read again."""
        if self._held and not self._closed:
            self._held = False
            self._loop.add_reader(self._socket, self._read)

    def close(self, cause: LineError | None = None) -> None:
        """End the line; what has not gone out is lost."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        for descriptor in (*self._files, *(file for _, files in self._out for file in files)):
            os.close(descriptor)
        self._files.clear()
        self._out.clear()
        self._lost(cause)

    def _flush(self) -> None:
        self._flushing = False
        try:
            while self._out and not self._closed:
                self._send()
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                self._loop.add_writer(self._socket, self._flush)
            return
        except OSError as error:
            self.close(LineError(f"the other side is gone: {error.strerror}"))
            return
        if self._writing and not self._closed:
            self._writing = False
            self._loop.remove_writer(self._socket)

    def _send(self) -> None:
        """Send what goes together: up to the next frame that files come with, or that frame's bytes."""
        if len(self._out) == FRAME_PIECES and not self._out[1][1]:
            self._forget(self._socket.send(self._out[0][0] + self._out[1][0]))
            return
        pieces: list[bytes] = []
        size = 0
        files: tuple[int, ...] = ()
        for piece, beside in self._out:
            if beside:
                if not pieces:
                    pieces, size, files = [piece], len(piece), beside
                break
            if len(pieces) == MOST_BUFFERS or size >= SEND_AT_ONCE:
                break
            pieces.append(piece)
            size += len(piece)
        beside_bytes = (
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files).tobytes())] if files else []
        )
        sent = self._socket.sendmsg(pieces, beside_bytes)
        for descriptor in files:
            os.close(descriptor)
        self._forget(sent)

    def _forget(self, sent: int) -> None:
        """Drop what has gone out; files go with the first byte that they stand beside."""
        while sent:
            piece, _ = self._out.popleft()
            if len(piece) > sent:
                self._out.appendleft((piece[sent:], ()))
                return
            sent -= len(piece)

    def _read(self) -> None:
        try:
            count, beside, flags, _ = self._socket.recvmsg_into(
                [memoryview(self._in)[self._filled :]], ROOM_FOR_FILES, socket.MSG_CMSG_CLOEXEC
            )
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.close(LineError(f"the other side is gone: {error.strerror}"))
            return
        for level, kind, data in beside:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._files.extend(array.array("i", data[: len(data) - len(data) % 4]))
        if not count:
            self.close()
            return
        self._filled += count
        if flags & socket.MSG_CTRUNC or len(self._files) > 2 * MOST_FILES:
            self.close(LineError("more open files than there may be"))
            return
        try:
            self._take()
        except LineError as error:
            self.close(error)

    def _take(self) -> None:
        """Hand over the frames that are complete, and move what remains to the front."""
        at, filled = 0, self._filled
        with memoryview(self._in) as view:
            while filled - at >= LENGTH_BYTES and not self._closed:
                length = int.from_bytes(view[at : at + LENGTH_BYTES])
                if length > self.most:
                    raise LineError(f"a frame of {length} bytes")
                end = at + LENGTH_BYTES + length
                if end > filled:
                    break
                with view[at + LENGTH_BYTES : end] as frame:
                    self._heard(frame, self._files)
                at = end
            missing = LENGTH_BYTES + length - (filled - at) if filled - at >= LENGTH_BYTES else 0
        if at:
            self._in[: filled - at] = self._in[at:filled]
            self._filled = filled - at
        if missing > len(self._in) - self._filled:
            self._in.extend(bytes(missing))
        elif not self._filled and len(self._in) > READ_AT_ONCE:
            self._in = bytearray(READ_AT_ONCE)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a new line."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
