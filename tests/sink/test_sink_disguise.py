"""Nothing that the host says, or logs, gives away what it is or whom it waits for."""

import logging
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.errors import StoreError
from canary.sink.commands import answer
from tests.sink.visits import new_visit

TELLS = re.compile(
    r"python|aiosmtpd|canary|decoy|asyncio|sqlite|traceback|exception|error\)|class|store|sink|secret"
    r"|500 Error|HELP|Supported commands|Could not|Cannot VRFY|250 OK|strict ASCII",
    re.IGNORECASE,
)
OF_EXIM = re.compile(r"HELP|250 OK")
PROFILES = ("postfix", "exim", "generic")
SHAPE = re.compile(r"(?:\d{3}-[ -~]+\r\n)*\d{3} [^\r\n]+\Z")
WORDS = [
    *(
        "EHLO x",
        "HELO x",
        "NOOP",
        "RSET",
        "VRFY",
        "HELP",
        "EXPN x",
        "AUTH LOGIN",
        "ETRN x",
        "TURN",
        "STARTTLS",
    ),
    *(
        "BDAT 10 LAST",
        "BDAT 0 LAST",
        "BDAT 9999999",
        "LHLO x",
        "XCLIENT NAME=x",
        "XFORWARD ADDR=192.0.2.9 NAME=y",
        "DATA",
        "QUIT",
        "GET / HTTP/1.0",
        "CONNECT x:25",
        "Host: x",
        "",
        " ",
    ),
    *("MAIL FROM:<a@b.example>", "MAIL FROM:<>", "MAIL FROM:<> SIZE=99999999999999", "MAIL FROM:<> X=\xff"),
    *(
        "RCPT TO:<live@example.net>",
        "RCPT TO:<locked@example.net>",
        "RCPT TO:<broken@example.net>",
        "RCPT TO:<odd@example.net>",
    ),
    *(
        "RCPT TO:<x@example.net>",
        "RCPT TO:<x@y.example>",
        "VRFY live@example.net",
        "VRFY \x00",
        "RCPT TO:\xe9",
    ),
]


line = st.one_of(
    st.sampled_from(WORDS).map(lambda word: word.encode("latin-1")),
    st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")),
    st.tuples(st.sampled_from(WORDS), st.binary(max_size=20)).map(
        lambda pair: (pair[0].encode("latin-1") + pair[1]).replace(b"\n", b"")
    ),
)


def tells(profile: str, said: str) -> bool:
    """Say whether words give us away; Exim itself has two that aiosmtpd has too."""
    said = re.sub(r"<[^\r\n]*>", "<>", said)
    said = re.sub(r"(Unsupported option:|252 2\.0\.0|Hello|50\d \S*:) [^\r\n]*", r"\1", said)
    return bool(TELLS.search(OF_EXIM.sub("", said) if profile == "exim" else said))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(PROFILES), st.booleans(), st.lists(line, max_size=30))
def test_whatever_is_said_the_reply_is_one_well_formed_reply_without_a_tell(
    profile: str, lmtp: bool, lines: list[bytes]
) -> None:
    there = new_visit(profile=profile, lmtp=lmtp)
    for one in lines:
        reply = answer(there, one).text
        if reply:  # a chunk that is wanted has none yet
            assert not tells(profile, reply), reply
            assert SHAPE.fullmatch(reply), reply
            assert not set(reply) & {"\x00", "\x1b"}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("word", WORDS)
def test_every_word_alone_is_answered_without_a_tell(word: str, profile: str) -> None:
    there = new_visit(profile=profile)
    answer(there, b"EHLO x")
    answer(there, b"MAIL FROM:<a@b.example>")
    assert not tells(profile, answer(there, word.encode("latin-1")).text)


async def test_garbage_on_the_wire_is_answered_in_one_voice_and_breaks_nothing(
    host: Any, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(20261122)  # noqa: S311 - the same garbage every time
    for _ in range(40):
        client = await host.client()
        pieces = [
            chance.choice([chance.choice(WORDS).encode("latin-1"), chance.randbytes(chance.randrange(200))])
            + chance.choice([b"\r\n", b"\n", b"\r", b"", b"\r\n.\r\n", b"\x00\r\n"])
            for _ in range(chance.randrange(1, 60))
        ]
        await client.send(b"".join(pieces))
        client.writer.write_eof()
        said = await client.rest()
        assert not TELLS.search(re.sub(r"<[^\r\n]*>|(?:252 2\.0\.0|option:) [^\r\n]*", "", said)), said
        assert all(re.match(r"\d{3}[ -]", line) for line in said.split("\r\n")[:-1])
    await host.emptied()
    assert not [record for record in caplog.records if record.name == "asyncio"]
    assert not [record for record in caplog.records if record.getMessage().endswith(": failed")]


async def test_queue_ids_look_like_postfix_and_are_never_the_same(host: Any) -> None:
    client = await host.greeted()
    replies = {await host.send(client, "anna.reed@example.net") for _ in range(20)}
    assert len(replies) == 20
    assert all(re.fullmatch(r"250 2\.0\.0 Ok: queued as [0-9A-F]{10,11}", reply) for reply in replies)


async def test_no_log_at_info_or_above_names_an_address_or_quotes_a_client(
    host: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = await host.greeted()
    await host.send(client, "anna.reed@example.net", raw=b"Subject: marker\r\n\r\nmarker\r\n")
    await client.say("VRFY nobody@example.net", "VRFY locked@example.net", "BOGUS marker")
    host.door.failure = StoreError("anna.reed@example.net marker")
    host.door.probe_failure = StoreError("anna.reed@example.net marker")
    await host.send(client, "anna.reed@example.net")
    await client.say("VRFY anna.reed@example.net", "QUIT")
    await host.emptied()
    assert caplog.records
    assert not re.search(r"@|anna|nobody|marker|127\.0\.0\.1|seller", caplog.text)
    assert {record.name for record in caplog.records} == {"canary.sink"}
    assert "message not kept: StoreError" in caplog.text
    assert re.search(r"session [0-9a-f]{12}: ended after .* 1 messages, replies .*250=", caplog.text)
