"""Bytes from the wire become command lines and message bodies."""

LINE_LIMIT = 2048
"""How many bytes of a command line are looked at; the rest of it is dropped, as Postfix does."""

CRLF = b"\r\n"
END_OF_DATA = b"\r\n.\r\n"


class Inbox:
    """What has arrived and has not been looked at yet.

    Outside a body at most one command line and what was pipelined after it is held; inside a
    body at most its limit and what came in with the last bytes.
    """

    __slots__ = ("_bytes", "_dropped", "_seen")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._seen = 0
        self._dropped = 0

    def __len__(self) -> int:
        """Return how many bytes wait."""
        return len(self._bytes)

    @property
    def dropped(self) -> int:
        """Return how many bytes of an oversized body have been read and forgotten."""
        return self._dropped

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        self._bytes += data

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
        """Expect a message body: it begins as if after a CRLF, so that a lone dot ends it at once."""
        self._bytes[:0] = CRLF
        self._seen = 0
        self._dropped = 0

    def body(self, limit: int) -> tuple[bytes, int] | None:
        """Return a message and its size in bytes as sent, or None if its end has not arrived.

        Only CRLF.CRLF ends it, and of a line that begins with a dot that dot is dropped (RFC
        5321 section 4.5.2); every other byte is kept. Of a message above the limit only the size
        is known.
        """
        end = self._bytes.find(END_OF_DATA, max(0, self._seen - len(END_OF_DATA) + 1))
        if end < 0:
            if self._dropped or len(self._bytes) > limit + len(CRLF + END_OF_DATA):
                surplus = len(self._bytes) - len(END_OF_DATA) + 1
                del self._bytes[: max(0, surplus)]
                self._dropped += max(0, surplus)
            self._seen = len(self._bytes)
            return None
        size = self._dropped + end
        raw = b""
        if size <= limit:
            raw = bytes(self._bytes[: end + len(CRLF)]).replace(b"\r\n.", CRLF)[len(CRLF) :]
        del self._bytes[: end + len(END_OF_DATA)]
        self._seen = 0
        return raw, size
