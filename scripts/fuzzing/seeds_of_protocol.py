"""The dialogues that the tests hold become sessions to begin with."""

from collections.abc import Mapping
from pathlib import Path

DIALOGUES = Path(__file__).parents[2] / "tests" / "sink" / "dialogues"
SPLIT = b"\xff."
MAIL = b"MAIL FROM:<seller@shop.example>\r\nRCPT TO:<anna.reed@example.net>\r\n"
LETTER = b"Subject: hi\r\n\r\n..dots\r\n. \r\nhi\r\n.\r\n"
HEAD = b"\0\0\0"
"""Postfix, SMTP, wide limits, a stranger, nothing chopped."""

EXTRA: Mapping[str, bytes] = {
    "stalled": b"\0\0\0EHLO a\r\n"
    + MAIL
    + b"DATA\r\n\xffs"
    + LETTER
    + b"NOOP\r\n\xffT\xffT\xffT\xffgQUIT\r\n",
    "failing": b"\0\0\0HELO a\r\n" + MAIL + b"DATA\r\n\xfff" + LETTER + b"\xffkRSET\r\n",
    "narrow": b"\x02\x01\0EHLO a\r\n" + MAIL + b"DATA\r\n" + b"x" * 90 + b"\r\n\xff." + LETTER + b"QUIT\r\n",
    "too-big": b"\0\x01\0EHLO a\r\n" + MAIL + b"DATA\r\n" + b"x" * 300 + b"\r\n" + LETTER + b"QUIT\r\n",
    "chunks": b"\0\0\0EHLO a\r\n" + MAIL + b"BDAT 7\r\nab\r\n.\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n",
    "chunk-refused": b"\x01\0\0EHLO a\r\nBDAT 4\r\nabcdBDAT 0\r\nMAIL FROM:<a@b>\r\nBDAT 1 LAST\r\nx",
    "lmtp": b"\x03\0\0LHLO a\r\nXFORWARD ADDR=192.0.2.9 NAME=a.example HELO=b PORT=9\r\n"
    + MAIL
    + b"RCPT TO:<ben.ward@example.net>\r\nDATA\r\n"
    + LETTER
    + b"QUIT\r\n",
    "lmtp-chunks": b"\x03\0\0LHLO a\r\n" + MAIL + b"RCPT TO:<d@example.org>\r\nBDAT 2 LAST\r\nxyQUIT\r\n",
    "tls": b"\0\0\0EHLO a\r\nSTARTTLS\r\nRCPT TO:<x@y>\r\n\xff.EHLO a\r\n" + MAIL + b"QUIT\r\n",
    "tls-from-the-first": b"\x06\0\0EHLO a\r\n" + MAIL + b"DATA\r\n" + LETTER,
    "handshake-fails": b"\0\x20\0EHLO a\r\n" + MAIL + b"STARTTLS\r\n\xff.NOOP\r\n",
    "proxied": b"\x09\0\0PROXY TCP4 192.0.2.7 198.51.100.2 56324 25\r\nEHLO a\r\n" + MAIL + b"QUIT\r\n",
    "greylisted": b"\0\x02\0HELO a\r\n"
    + MAIL
    + b"\xffH"
    + MAIL
    + b"DATA\r\n.\r\nVRFY ben.ward@example.net\r\n",
    "choked": b"\0\x40\0NOOP\r\n\xffwNOOP\r\nHELP\r\n\xff.ETRN a\r\n\xffWEXPN b\r\nAUTH LOGIN\r\n",
    "half-closed": b"\0\0\0EHLO a\r\n" + MAIL + b"\xffe",
    "dismissed": b"\0\0\0EHLO a\r\n" + MAIL + b"DATA\r\n\xffs" + LETTER + b"\xffd",
    "closing": b"\0\0\0EHLO a\r\n" + MAIL + b"\xffrDATA\r\n" + LETTER,
    "reloaded": b"\0\0\0EHLO a\r\n\xffR" + MAIL + b"DATA\r\n" + LETTER,
    "blind": b"\0\x08\0EHLO a\r\n\xffl" + MAIL + b"\xffkRCPT TO:<tom@example.net>\r\n",
    "guessing": b"\0\x01\0HELO a\r\nMAIL FROM:<>\r\n"
    + b"".join(b"RCPT TO:<u%d@example.net>\r\n" % n for n in range(7)),
    "parameters": b"\0\0\0EHLO a\r\nMAIL FROM:<a@b> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x\r\n"
    b"RCPT TO:<anna.reed@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+40b\r\n",
    "in-any-pieces": b"\0\x40\x81EHLO a\r\n"
    + MAIL
    + b"DATA\r\n"
    + LETTER
    + b"VRFY <d@example.org>\r\nQUIT\r\n",
    "ill-at-probes": b"\0\0\0EHLO a\r\n\xffp" + MAIL + b"RSET\r\n\xffv\xfft\xffm",
}

VERBS = (
    *(
        "HELO a",
        "EHLO a",
        "LHLO a",
        "MAIL FROM:<>",
        "MAIL FROM:<a@b.example>",
        "DATA",
        "BDAT 3",
        "BDAT 4 LAST",
    ),
    *("RCPT TO:<anna.reed@example.net>", "RCPT TO:<ben.ward@example.net>", "RCPT TO:<x@example.net>"),
    *("RCPT TO:<postmaster>", "RCPT TO:<x@elsewhere.example>", "VRFY d@example.org", "RSET", "NOOP", "QUIT"),
    *(
        "HELP",
        "EXPN x",
        "ETRN x",
        "AUTH PLAIN",
        "STARTTLS",
        "XCLIENT a=b",
        "XFORWARD NAME=x",
        "GET / HTTP/1.1",
    ),
)
WORDS = (
    *(f"{verb}\r\n".encode() for verb in VERBS),
    *(
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\r\n",
        b".\r\n",
        b"..",
        b"\0",
        b"\xc3\xa9",
        b"\xc5\xbf",
        b"\t",
    ),
    *(
        b" SIZE=",
        b" BODY=8BITMIME",
        b" SMTPUTF8",
        b" LAST",
        b'"a b"@',
        b"@a.example:",
        b"[192.0.2.1]",
        b"%",
        b"!",
    ),
    *(b"\xff" + bytes([letter]) for letter in b"tmTHexsgfkplwWdarvR."),
)


def seeds() -> Mapping[str, bytes]:
    """Return sessions to begin with: the dialogues, in pieces that end where they wait, and rarer things."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted(DIALOGUES.glob("**/*.txt"))}
    return {**{name: HEAD + _session(text) for name, text in texts.items()}, **EXTRA}


def _session(text: str) -> bytes:
    """Return what the clients of a dialogue say, one after another."""
    said, waits = bytearray(), False
    for line in text.splitlines():
        _, _, rest = line.partition(" ")
        action, _, words = rest.partition(" ")
        if action in {"~>", "=>"}:
            said += SPLIT if waits else b""
            waits = False
            said += words.encode().decode("unicode_escape").encode("latin-1").replace(b"\xff", b"\xff\xff")
            said += b"\r\n" if action == "~>" else b""
        elif action == "-/":
            said += b"\xffe"
        else:
            waits = True
    return bytes(said)
