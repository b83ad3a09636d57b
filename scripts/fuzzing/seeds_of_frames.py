"""A worker's words to begin with."""

from collections.abc import Mapping
from datetime import UTC, datetime

from canary.model import Attempts, Peer, Probe, Trace, Verb
from canary.watch import frames

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SEPARATOR = b"\xff\xfe\xfd"
PEER = Peer("192.0.2.7", 41234, "mail.seller.example", session="0123456789ab")
TRACE = Trace("mx.example.net", "ESMTP", "4F2A", ("0.1 C: EHLO a",))


def _arrived(number: int, raw: bytes, size: int = 0, recipients: tuple[str, ...] = ("a@b.example",)) -> bytes:
    return frames.encoded(
        frames.Arrived(number, raw, size, "c@d.example", recipients, PEER, NOW, ("SIZE=9",), TRACE)
    )


WORDS = (
    *(b"\xa7Arrived", b"\xa5Named", b"\xa7Counted", b"\xa9Forgotten", b"\xa9Listening", b"\xa6Unable"),
    *(
        b"\xc0",
        b"\xc3",
        b"\xcf" + b"\xff" * 8,
        b"\xd3\x80" + bytes(7),
        b"\xcb\x7f\xf0" + bytes(6),
        b"\x90",
        b"\x80",
    ),
    *(
        b"\xc4\x01a",
        b"\xb42026-11-20T09:00:00Z",
        b"\xb40001-01-01T00:00:00Z",
        b"\xa4RCPT",
        b"\xa4DATA",
        SEPARATOR,
    ),
)


def seeds() -> Mapping[str, bytes]:
    """Return every word alone, and some of them together."""
    named = frames.encoded(
        frames.Named(7, Probe("a@b.example", Verb.RCPT, "", PEER, NOW, 3, ("x@y",), TRACE))
    )
    counted = frames.encoded(
        frames.Counted(
            {"connections|smtp": 3.0, "message_seconds#0.01": 2.0, "message_seconds#sum": 0.1, "x|y": 1e308},
            4,
            (Attempts(NOW, "192.0.2.7/32", 3, ("a@b",)),),
        )
    )
    forgotten = frames.encoded(frames.Forgotten((1, 2, 7)))
    listening = frames.encoded(frames.Listening({"mx.example.net": NOW}))
    unable = frames.encoded(frames.Unable("no certificate", "make one"))
    whole = _arrived(1, b"Subject: x\r\n\r\n")
    found = {
        "arrived": whole,
        "with-a-file": _arrived(2, b"", 400),
        "file-too-short": _arrived(2, b"", 501),
        "too-many": _arrived(3, b"x", 0, ("a@b",) * 4),
        "named": named,
        "counted": counted,
        "forgotten": SEPARATOR.join([whole, named, forgotten]),
        "listening": listening,
        "unable": unable,
        "twice": SEPARATOR.join([whole, whole]),
        "much": SEPARATOR.join(_arrived(n, b"x" * 900) for n in range(4)),
    }
    framed = {
        f"{name}-{choices}": bytes([choices, size]) + data
        for name, data in found.items()
        for choices, size in ((1, 0), (3, 50), (5, 7), (11, 0))
    }
    return framed | {"raw": b"\0\0" + len(whole).to_bytes(4) + whole, "long": b"\0\x03\0\0\xff\xff" + whole}
