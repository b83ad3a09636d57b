"""A few messages, plain and mean, to begin with."""

from collections.abc import Mapping

PLAIN = (
    b"From: Care <care@seller.example>\r\nSubject: About your review\r\nMessage-ID: <1@a>\r\n\r\nPlease.\r\n"
)
CORPUS: Mapping[str, bytes] = {
    "plain": PLAIN,
    "empty": b"",
    "no-headers": b"hello\r\n",
    "encoded-words": b"Subject: =?utf-8?B?w6k=?= =?utf-8?Q?=C3=A9_x?= =?big5?B?/w==?=\r\n\r\n",
    "unknown-charset": b"Subject: =?x-nothing?B?/w==?= =?utf-8?X?a?=\r\nFrom: =?\r\n\r\n",
    "folded": b"Subject: a\r\n b\r\n\tc\r\nSubject: other\r\nTo: a\r\n\r\nx",
    "eight-bits": b"Subject: caf\xc3\xa9 \xe9\r\nDate: yesterday\r\n\r\n\xfe",
    "links": b"From: https://evil.example/x <a@evil.example>\r\n"
    b"Subject: <!channel> *b* `c` :x: http://a.b mailto:x\r\n\r\n",
    "directions": "Subject: \u202etxt.exe \u200b\u0301\u0301\u0301\r\n\r\n".encode(),
    "nul": b"Subject: a\0b\r\n\0: x\r\n: y\r\n\r\n",
    "mime": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n--a--\r\n",
    "received": b"Received: from x by y; Fri, 20 Nov 2026 08:00:00 +9999\r\n"
    b"Delivered-To: a@b\r\nReturn-Path: <c@d>\r\n\r\n",
    "bare-ends": b"Subject: a\rb\nFrom: c\n\nx\r",
    "mbox": b"From a@b Fri Nov 20 09:00:00 2026\nSubject: x\n\nFrom me\n",
}
FIELDS = b"care@seller.example\xffmail.seller.example\xffother@shop.example\xff0.1 C: MAIL FROM:<a>\xff"
MEAN = "<!here>\xff\u202e\x1b[2J\xffhttps://x.example/`a`\xff&lt;*_~".encode("latin-1", "replace") + b"\xff"
WORDS = (
    *(
        b"Subject: ",
        b"From: ",
        b"Date: ",
        b"Message-ID: ",
        b"Received: ",
        b"Return-Path: ",
        b"Delivered-To: ",
    ),
    *(
        b"\r\n\r\n",
        b"\r\n ",
        b"=?utf-8?B?",
        b"=?iso-8859-1?Q?",
        b"?=",
        b"=?",
        b"<!channel>",
        b"http://",
        b"&amp;",
    ),
    *(
        b"`",
        b"*",
        b"\xff",
        b"\0",
        "\u202e".encode(),
        "\u200b".encode(),
        "\U000e0041".encode(),
        b"\x1b[",
        b"From ",
    ),
    *("\u3164".encode(), "\u2028".encode(), "\ufdfa".encode(), "\u0301".encode() * 4, b"\xed\xa0\x80", b":"),
)


def seeds() -> Mapping[str, bytes]:
    """Return messages, probes, messages to several decoys, in pieces, and from a file."""
    found = {
        f"{name}-{choices}": bytes([choices]) + FIELDS + raw
        for name, raw in CORPUS.items()
        for choices in (1, 129, 39)
    }
    found |= {
        f"mean-{choices}": bytes([choices]) + MEAN + CORPUS["links"]
        for choices in (1, 135, 16, 24, 64, 71, 152)
    }
    return found
