"""Everything that a stranger might try to tell one kind of mail host from another."""

from tests.sink.talk import Dialogue, Handshake, Raw

LIVE = "anna.reed@example.net"
OTHER = "ben.ward@example.net"
OPENED = ("EHLO x", "MAIL FROM:<a@b.example>")
READY = (*OPENED, f"RCPT TO:<{LIVE}>")
LETTER = Raw(b"Subject: hi\r\nFrom: <a@b.example>\r\n\r\nhi\r\n.\r\n")
LINES = b"z" * 98 + b"\r\n"


def chunk(size: int, *last: str, data: bytes | None = None) -> Raw:
    """Return a BDAT command with its bytes."""
    head = " ".join(("BDAT", str(size), *last))
    return Raw(head.encode() + b"\r\n" + (data if data is not None else (LINES * (size // 100 + 1))[:size]))


def senders(*paths: str) -> Dialogue:
    """Return attempts at MAIL, each from the start."""
    return ("EHLO x", *(step for path in paths for step in (f"MAIL FROM:{path}", "RSET")))


DIALOGUES: dict[str, Dialogue] = {
    "nothing": (),
    "quit": ("QUIT",),
    "quit at once, then more": (Raw(b"QUIT\r\nNOOP\r\nNOOP\r\n"),),
    "ehlo": ("EHLO client.example", "QUIT"),
    "helo": ("HELO client.example", "HELO a b", "EHLO a b", "HELO", "EHLO", "NOOP x", "NOOP", "QUIT now"),
    "names": ("HELO [127.0.0.1]", "HELO x_y", "HELO x!y", "HELO ?", "HELO " + "a" * 300, "EHLO -x", "RSET"),
    "early talker": (Raw(b"EHLO x\r\nQUIT\r\n", 2),),
    "everything in one packet": (
        Raw(
            b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<anna.reed@example.net>\r\n"
            b"DATA\r\nhi\r\n.\r\nQUIT\r\n",
            6,
        ),
    ),
    "pipelined": (
        "EHLO x",
        ("MAIL FROM:<>", f"RCPT TO:<{LIVE}>", f"RCPT TO:<{OTHER}>", "DATA"),
        LETTER,
        "QUIT",
    ),
    "unknown": ("HELP", "HELP MAIL", "EXPN staff", "EXPN", "TURN", "FOO", "SEND FROM:<a@b>", "SOML FROM:<>"),
    "blank": ("", " ", "\t", "  NOOP", "NOOP\t", "noop", "nOoP"),
    "lmtp": ("LHLO x", "XFORWARD NAME=x", "XCLIENT NAME=x", "XFORWARD", "QUIT"),
    "authentication": ("AUTH PLAIN AGEAYQ==", "EHLO x", "AUTH", "AUTH LOGIN", "QUIT"),
    "queues": (
        "ETRN example.net",
        "ETRN",
        "ETRN a b",
        "ETRN [1.2.3.4]",
        "ETRN @x",
        "ETRN #q",
        "ETRN a!b",
        "QUIT",
    ),
    "queues in mail": (*OPENED, "ETRN example.net", "QUIT"),
    "get": ("GET / HTTP/1.1",),
    "post": ("POST / HTTP/1.1",),
    "connect": ("CONNECT x:25",),
    "options": ("OPTIONS / HTTP/1.1", "HEAD / HTTP/1.1", "PUT /", "QUIT"),
    "a header": ("Host: x",),
    "a header alone": ("Host:",),
    "a whole browser": (Raw(b"GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"),),
    "a digit": ("1ABC",),
    "a bracket": ("<x>",),
    "a colon": (":",),
    "not ascii": ("\xc3\xa9t\xc3\xa9",),
    "not utf-8": (
        "\xe9t\xe9",
        "NOOP \xff",
        "HELO \xe9",
        "EHLO \xc3\xa9",
        "MAIL FROM:<jos\xe9@b.example>",
        "QUIT",
    ),
    "nul": ("NO\x00OP", "\x00", "NOOP\x00", "HELO a\x00b", "MAIL FROM:<a\x00@b.example>", "\x00NOOP", "QUIT"),
    "tls at the wrong port": (Raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03xxxx\r\n"), "QUIT"),
    "controls": ("NOOP \x1b[2J", "FOO \x07", "MAIL FROM:<a\x07@b.example>", "RCPT TO:<a\x07b@example.net>"),
    "controls again": ("MAIL FROM:<a@b.example> \x1b=1", "VRFY a\x7fb@example.net", "VRFY \x00", "QUIT"),
    "controls beyond ascii": (
        "MAIL FROM:<a\xc2\x85@b.example>",
        "RCPT TO:<a\xe2\x80\xa8@example.net>",
        "QUIT",
    ),
    "long lines": (
        "NOOP " + "x" * 3000,
        "NOOP " + "x" * 2040,
        "NOOP " + "x" * 2043,
        "FOO" + "x" * 3000,
        "QUIT",
    ),
    "long option": ("EHLO x", "MAIL FROM:<a@b.example> " + "x" * 3000, "QUIT"),
    "longest line": ("EHLO x", "MAIL FROM:<a@b.example> " + "y" * 10000, "QUIT"),
    "rset": (*READY, "RSET now", "RSET", "DATA", "RSET", "QUIT"),
    "tls": ("STARTTLS foo", "EHLO x", "STARTTLS", Handshake(), "EHLO x", "STARTTLS", "NOOP"),
    "tls forgets": (*READY, "STARTTLS", Handshake(), f"RCPT TO:<{OTHER}>", "DATA"),
    "sequence": (
        "DATA",
        f"RCPT TO:<{LIVE}>",
        "MAIL FROM:<a@b.example>",
        "DATA",
        "MAIL FROM:<c@d.example>",
        "QUIT",
    ),
    "nobody": (
        *OPENED,
        "RCPT TO:<nobody@example.net>",
        "DATA",
        f"RCPT TO:<{LIVE}>",
        "DATA now",
        "DATA",
        LETTER,
    ),
    "after a letter": (*READY, "DATA", LETTER, "DATA", f"RCPT TO:<{LIVE}>", "MAIL FROM:<>", "QUIT"),
    "greeting again": (*READY, "EHLO again", "DATA", *READY, "HELO again", "DATA", "QUIT"),
    "two letters": (*READY, "DATA", LETTER, *READY[1:], "DATA", LETTER, "QUIT"),
    "empty letter": (*READY, "DATA", Raw(b".\r\n"), "QUIT"),
    "dots": (*READY, "DATA", Raw(b"..\r\n...\r\n.x\r\n.\r\n"), "QUIT"),
    "long line in a letter": (*READY, "DATA", Raw(b"x" * 20000 + b"\r\n.\r\n"), "QUIT"),
    "a letter too big": (*READY, "DATA", Raw(LINES * 1200 + b".\r\n"), "NOOP", "QUIT"),
    "lost in a letter": (*READY, "DATA", Raw(b"Subject: lost\r\n", 0)),
    "smuggling: bare newlines around the dot": (*READY, "DATA", Raw(b"hi\n.\nNOOP\r\n.\r\n"), "QUIT"),
    "smuggling: a bare newline before the dot": (*READY, "DATA", Raw(b"hi\n.\r\nNOOP\r\n.\r\n"), "QUIT"),
    "smuggling: a bare newline after the dot": (*READY, "DATA", Raw(b"hi\r\n.\nNOOP\r\n.\r\n"), "QUIT"),
    "smuggling: bare returns": (*READY, "DATA", Raw(b"hi\r.\rNOOP\r\n.\r\n"), "QUIT"),
    "smuggling: a bare return after the dot": (*READY, "DATA", Raw(b"hi\r\n.\rNOOP\r\n.\r\n"), "QUIT"),
    "smuggling: a return before the newline": (*READY, "DATA", Raw(b"hi\r\r\n.\r\r\nNOOP\r\n.\r\n"), "QUIT"),
    "smuggling: a nul": (*READY, "DATA", Raw(b"hi\r\n.\0\r\nNOOP\r\n.\r\n"), "QUIT"),
    "bare newlines in commands": (Raw(b"EHLO x\nNOOP\nQUIT\n", 3),),
    "rcpt syntax": (
        *(
            *OPENED,
            "RCPT",
            "RCPT TO",
            "RCPT TO:",
            "RCPT anna.reed@example.net",
            "RCPT FROM:<a@b>",
            "RCPT TO:<>",
        ),
        *("RCPT TO:<anna reed@example.net>", "QUIT"),
    ),
    "rcpt leniency": (
        *(*OPENED, f"RCPT TO: {LIVE}", f"rcpt to:{LIVE}", f"RCPT TO: <{LIVE}>", f"RCPT  TO:  <{LIVE}>  "),
        *(f"RCPT TO:<@a.example:{LIVE}>", "RCPT TO:<ANNA.REED@EXAMPLE.NET>", f"RCPT TO:<{LIVE}.>", "QUIT"),
    ),
    "rcpt people": (
        *(*OPENED, "RCPT TO:<nobody@example.net>", "RCPT TO:<nobody@elsewhere.example>", "RCPT TO:<nobody>"),
        *(
            "RCPT TO:<anna.reed+tag@example.net>",
            'RCPT TO:<"anna.reed"@example.net>',
            "RCPT TO:<.a@example.net>",
        ),
        *(
            "RCPT TO:<a/b@example.net>",
            f"RCPT TO:<{'a' * 65}@example.net>",
            f"RCPT TO:<{'a' * 300}@example.net>",
        ),
    ),
    "rcpt roles": (
        *(*OPENED, "RCPT TO:<postmaster>", "RCPT TO:<POSTMASTER>", "RCPT TO:<Postmaster@example.net>"),
        *("RCPT TO:<postmaster@example.org>", "RCPT TO:<abuse@example.net>", "RCPT TO:<ABUSE@example.org>"),
        *("RCPT TO:<postmaster+x@example.net>", "RCPT TO:<postmaster@elsewhere.example>", "RCPT TO:<abuse>"),
        *("RCPT TO:<postmaster@mx.example.net>", "RCPT TO:<nobody@mx.example.net>", "QUIT"),
    ),
    "rcpt routes": (
        *(*OPENED, "RCPT TO:<a%b@example.net>", "RCPT TO:<a!b@example.net>", "RCPT TO:<a@b@example.net>"),
        *(
            "RCPT TO:<a%b.example@elsewhere.example>",
            "RCPT TO:<anna.reed@[127.0.0.1]>",
            "RCPT TO:<x@[192.0.2.1]>",
        ),
        *(
            "RCPT TO:<a@-b.example>",
            "RCPT TO:<a@b..example>",
            "RCPT TO:<x@" + "a" * 260 + ".example>",
            "QUIT",
        ),
    ),
    "rcpt options": (
        *(*OPENED, f"RCPT TO:<{LIVE}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x@y", f"RCPT TO:<{LIVE}> X=Y"),
        *(
            f"RCPT TO:<{OTHER}> NOTIFY=FOO",
            f"RCPT TO:<{OTHER}> NOTIFY=NEVER,DELAY",
            f"RCPT TO:<{OTHER}> NOTIFY=",
        ),
        *(
            f"RCPT TO:<{OTHER}> ORCPT=foo",
            f"RCPT TO:<{OTHER}> NOTIFY=NEVER NOTIFY=NEVER",
            f"RCPT TO:<{OTHER}> FOO",
        ),
    ),
    "rcpt options again": (
        *(*OPENED, f"RCPT TO:<{LIVE}> ORCPT=rfc822;a+2Bb@c", f"RCPT TO:<{LIVE}> ORCPT=rfc822;a+b"),
        *(
            f"RCPT TO:<{LIVE}> NOTIFY=never",
            f"RCPT TO:<{LIVE}> NOTIFY=DELAY,DELAY",
            f"RCPT TO:<{LIVE}> SIZE=3",
        ),
    ),
    "rcpt in utf-8": ("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<jos\xc3\xa9@example.net>", "QUIT"),
    "mail syntax": (
        *("EHLO x", "MAIL", "MAIL FROM", "MAIL FROM:", "MAIL TO:<a@b.example>", "MAIL a@b.example"),
        *("MAIL FROM :<a@b.example>", "MAIL FROM:<seller shop>", "MAIL FROM:<a@b.example", "QUIT"),
    ),
    "mail leniency": senders(
        *(" <a@b.example>", "a@b.example", "<a>", "<a@b@c>", '<"a b"@c.example>', "<@x:a@b.example>"),
        *("<a@[1.2.3.4]>", "<a@b_c.example>", "<>", " <> ", "<a@b.example.>"),
    ),
    "mail oddities": senders(
        *(
            "<a@-b.example>",
            "<a@b..example>",
            "<a@b-.example>",
            f"<a@{'b' * 64}.example>",
            f"<{'a' * 65}@c.example>",
        ),
        *(f"<{'a' * 300}@c.example>", "<a@b.example>SIZE=3", "<a..b@c.example>", "<.a@c.example>"),
    ),
    "mail words": (
        "mail from:<a@b.example>",
        "RSET",
        "MAIL  FROM:<a@b.example>",
        "RSET",
        "MAIL\tFROM:<>",
        "QUIT",
    ),
    "mail size": senders(
        *(
            "<a@b.example> SIZE=many",
            "<a@b.example> SIZE=100001",
            "<a@b.example> SIZE=99999999999999999999999",
        ),
        *("<a@b.example> SIZE=", "<a@b.example> SIZE", "<a@b.example> SIZE=-1", "<a@b.example> SIZE=100000"),
        *("<a@b.example> SIZE=0", "<a@b.example> size=1 SIZE=2"),
    ),
    "mail body": senders(
        *("<a@b.example> BODY=7BIT", "<a@b.example> BODY=8bitmime", "<a@b.example> BODY=BINARYMIME"),
        *("<a@b.example> BODY=", "<a@b.example> BODY", "<a@b.example> BODY=7BIT BODY=8BITMIME"),
    ),
    "mail utf-8": senders(
        *("<jos\xc3\xa9@shop.example>", "<jos\xc3\xa9@shop.example> SMTPUTF8", "<a@b.example> SMTPUTF8=x"),
        *("<a@b.example> SMTPUTF8 SMTPUTF8", "<a@b\xc3\xbc.example> SMTPUTF8"),
    ),
    "mail delivery notes": senders(
        *("<a@b.example> RET=HDRS ENVID=QQ314159", "<a@b.example> RET=FOO", "<a@b.example> ENVID=a+b"),
        *("<a@b.example> ENVID=", "<a@b.example> RET=full RET=FULL", "<a@b.example> ENVID=a ENVID=b"),
        *("<a@b.example> RET=", "<a@b.example> ENVID=a+2Bb"),
    ),
    "mail other options": senders(
        *("<a@b.example> AUTH=<>", "<a@b.example> AUTH=a@b", "<a@b.example> FOO", "<a@b.example> FOO=bar"),
        *("<a@b.example> PRDR", "<a@b.example> REQUIRETLS", "<a@b.example> HOLDFOR=3", "<a@b.example> =3"),
    ),
    "verify": (
        *(f"VRFY {LIVE}", f"VRFY <{LIVE}>", "VRFY nobody@example.net", "VRFY nobody@elsewhere.example"),
        *("VRFY", "VRFY @", "VRFY a b", "VRFY postmaster", "VRFY nobody", "QUIT"),
    ),
    "verify more": (
        *("EHLO x", f"VRFY {LIVE} SMTPUTF8", f"VRFY Anna Reed <{LIVE}>", "VRFY jos\xc3\xa9@example.net"),
        *("MAIL FROM:<a@b.example>", f"VRFY {LIVE}", "VRFY abuse@example.org", "VRFY <>", "QUIT"),
    ),
    "chunks": (
        *READY,
        chunk(13, data=b"Subject: hi\r\n"),
        chunk(5, "LAST", data=b"\r\nh\r\n"),
        "NOOP",
        "QUIT",
    ),
    "chunks, the last empty": (*READY, chunk(13, data=b"Subject: hi\r\n"), chunk(0, "LAST"), "NOOP", "QUIT"),
    "chunks in one packet": (
        *OPENED,
        Raw(f"RCPT TO:<{LIVE}>\r\nBDAT 4\r\na\r\nbBDAT 3 last\r\nc\r\nQUIT\r\n".encode(), 4),
    ),
    "chunks after helo": ("HELO x", *READY[1:], chunk(13, "LAST", data=b"Subject: hi\r\n"), "QUIT"),
    "chunks and data": (
        *(*READY, chunk(13, data=b"Subject: hi\r\n"), "DATA", f"RCPT TO:<{OTHER}>", "NOOP", f"VRFY {LIVE}"),
        *("MAIL FROM:<x@b.example>", "RSET", "DATA", *READY[1:], "DATA", LETTER, "QUIT"),
    ),
    "chunk of nothing": (*READY, "BDAT", "QUIT"),
    "chunk of words": (*READY, "BDAT x", "QUIT"),
    "chunk below nothing": (*READY, "BDAT -1", "QUIT"),
    "chunk of too many": (*READY, "BDAT 99999999999999999999", "QUIT"),
    "chunk not last": (*READY, "BDAT 5 FOO", "QUIT"),
    "chunk and more": (*READY, "BDAT 5 LAST x", "QUIT"),
    "chunk with letters": (*READY, "BDAT 5x", "QUIT"),
    "empty chunks": (*READY, chunk(0), chunk(5), "RSET", "QUIT"),
    "chunk without mail": ("EHLO x", chunk(5), chunk(5, "LAST"), chunk(5, "LAST"), "MAIL FROM:<>", "QUIT"),
    "chunk without anybody": (*OPENED, chunk(5, "LAST"), "MAIL FROM:<>", "QUIT"),
    "chunk for nobody": (*OPENED, "RCPT TO:<nobody@example.net>", chunk(5, "LAST"), "MAIL FROM:<>", "QUIT"),
    "chunk too big": (*READY, chunk(100001, "LAST"), "NOOP", "MAIL FROM:<>", "QUIT"),
    "chunks too big": (
        *(*READY, chunk(60000), chunk(60000), chunk(60000), "DATA", chunk(5, "LAST"), "NOOP"),
        *("MAIL FROM:<>", "QUIT"),
    ),
    "chunks after a letter": (*READY, "DATA", LETTER, chunk(3), "MAIL FROM:<>", chunk(0, "LAST"), "QUIT"),
    "chunks dropped": (*READY, chunk(5), "RSET", *READY[1:], chunk(5, "LAST"), "QUIT"),
    "errors": ("FOO",) * 22,
    "errors that are recipients": (*OPENED, *("RCPT TO:<nobody@example.net>",) * 21),
    "errors in one packet": (("FOO",) * 19, "NOOP", "FOO", "NOOP"),
    "errors forgiven": (("FOO",) * 9, *READY, "DATA", LETTER, ("FOO",) * 9, "NOOP", "QUIT"),
    "idle words": (("NOOP",) * 99, "QUIT"),
    "too many idle words": (("NOOP",) * 121,),
    "too many recipients": (
        *OPENED,
        (f"RCPT TO:<{LIVE}>",) * 500,
        (f"RCPT TO:<{LIVE}>",) * 500,
        (f"RCPT TO:<{LIVE}>",) * 30,
        "DATA",
        LETTER,
        "QUIT",
    ),
}
