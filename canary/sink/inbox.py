"""Bytes from the wire become command lines and pieces of messages."""

from typing import Protocol

LINE_LIMIT = 2048
"""How many bytes of a command line are looked at; the rest of it is dropped, as Postfix does."""

CRLF = b"\r\n"
END_OF_DATA = b"\r\n.\r\n"
OVERLAP = len(END_OF_DATA) - 1


class Vessel(Protocol):
    """What the pieces of a message go into."""

    def pour(self, piece: bytes, sent: int) -> None:
        """Take in a piece; `sent` is how many bytes it was on the wire."""
        ...


class Inbox:
    """What has arrived and has not been looked at yet.

    Outside a body that is a command line at most and what was pipelined after it; inside a body
    the few bytes that might begin its end.
    """

    __slots__ = ("_begun", "_bytes", "_seen")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._seen = 0
        self._begun = False

    def __len__(self) -> int:
        """Return how many bytes wait."""
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        self._bytes += data

    def peek(self) -> bytes:
        """Return what waits, and leave it."""
        return bytes(self._bytes)

    def skip(self, count: int) -> None:
        """Forget so many of the bytes that wait."""
        del self._bytes[:count]
        self._seen = 0

    def clear(self) -> None:
        """Forget whatever waits."""
        self._bytes.clear()
        self._seen = 0

    def line(self) -> bytes | None:
        """Return the next command line, or None if it is not complete.

        A bare LF ends it too, as on most hosts; a message body is never ended that way.
        """
        end = self._bytes.find(b"\n", self._seen)
        if end < 0:
            del self._bytes[LINE_LIMIT:]
            self._seen = len(self._bytes)
            return None
        line = bytes(self._bytes[: min(end, LINE_LIMIT)])
        del self._bytes[: end + 1]
        self._seen = 0
        return line.rstrip(b" \t\r")

    def begin_body(self) -> None:
        """Expect a message: it begins as if after a CRLF, so that a lone dot ends it at once."""
        self._bytes[:0] = CRLF
        self._seen = 0
        self._begun = True

    def body(self, vessel: Vessel) -> bool:
        """Pour what has arrived of a message; say whether its end has.

        Only CRLF.CRLF ends it, and of a line that begins with a dot that dot is dropped (RFC
        5321 section 4.5.2); every other byte is kept.
        """
        data = self._bytes
        end = data.find(END_OF_DATA, max(0, self._seen - OVERLAP))
        if end >= 0:
            self._pour(end + len(CRLF), vessel)
            del data[: len(END_OF_DATA) - len(CRLF)]
            self._seen = 0
            return True
        cut = len(data) - OVERLAP
        # A stuffed dot must not be torn from the CRLF before it.
        if data[cut - 1 : cut] == b"\r":
            cut -= 1
        elif data[cut - 2 : cut] == CRLF:
            cut -= len(CRLF)
        if cut > len(CRLF):
            self._pour(cut, vessel)
        self._seen = len(data)
        return False

    def chunk(self, size: int, vessel: Vessel) -> int:
        """Pour up to `size` bytes as they are (RFC 3030 section 2); return how many are still to come."""
        piece = bytes(self._bytes[:size])
        if piece:
            del self._bytes[: len(piece)]
            vessel.pour(piece, len(piece))
        self._seen = 0
        return size - len(piece)

    def _pour(self, count: int, vessel: Vessel) -> None:
        """Pour the first `count` bytes, without the dots that were stuffed and the CRLF put before them."""
        piece = bytes(self._bytes[:count])
        del self._bytes[:count]
        plain = piece.replace(b"\r\n.", CRLF)
        if self._begun:
            self._begun = False
            vessel.pour(plain[len(CRLF) :], count - len(CRLF))
        else:
            vessel.pour(plain, count)
