"""Raw mail becomes the few header words we show, whatever the attacker wrote."""

from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.parser import BytesHeaderParser
from email.policy import compat32

HEAD_BYTES = 16 * 1024
VALUE_CHARS = 998


@dataclass(frozen=True, slots=True)
class Headers:
    """The sender's own words: claims, not facts. Decoded (RFC 2047), one line each, capped."""

    sender: str = ""
    subject: str = ""
    date: str = ""
    message_id: str = ""


def head_of(raw: bytes) -> bytes:
    """Return the header section of a message (RFC 5322 section 2.1), at most `HEAD_BYTES`."""
    head = raw[:HEAD_BYTES]
    end = head.find(b"\r\n\r\n")
    if end >= 0:
        head = head[:end]
    end = head.find(b"\n\n")  # no further than that: it is not looked for in every body
    return head[:end] if end >= 0 else head


def headers_of(raw: bytes) -> Headers:
    """Return the headers worth showing; what cannot be read is "", never an error.

    Parsed with the compat32 policy over a capped head: the modern policy parses structured
    headers in quadratic time and raises on hostile ones.
    """
    try:
        parsed = BytesHeaderParser(policy=compat32).parsebytes(head_of(raw) + b"\r\n\r\n")
    except (MessageError, ValueError, LookupError, IndexError, RecursionError):
        return Headers()
    first: dict[str, str] = {}
    for name, value in parsed.raw_items():
        first.setdefault(name.lower(), value)
    return Headers(
        sender=one_line(first.get("from", "")),
        subject=one_line(first.get("subject", "")),
        date=one_line(first.get("date", "")),
        message_id=one_line(first.get("message-id", "")),
    )


def one_line(value: str) -> str:
    """Return a header value decoded (RFC 2047), its control characters and folds as spaces."""
    text = value[: 4 * VALUE_CHARS]
    try:
        parts = [
            part.decode(charset or "utf-8", "replace") if isinstance(part, bytes) else part
            for part, charset in decode_header(text)
        ]
        text = "".join(parts)
    except (MessageError, ValueError, LookupError, IndexError):
        pass
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:VALUE_CHARS]
