"""Bytes that nobody should send become one reply each, and never a message that nobody meant."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from canary.sink.content import Content
from canary.sink.inbox import Inbox
from canary.tallies import FAILURES

Opened = Callable[..., Awaitable[Any]]
LINE_ENDS = (b"\n", b"\r", b"\r\n")
NUL_ENDS = (b"\r\x00\n", b"\x00\r\n", b"\r\n\x00")
OPENING = ("MAIL FROM:<seller@shop.example>", "RCPT TO:<anna.reed@example.net>")
SMUGGLED = b"MAIL FROM:<x@evil.example>\r\nRCPT TO:<ben.ward@example.net>\r\nDATA\r\nsmuggled\r\n"
VECTORS = [
    before + b"." + after
    for before, after in itertools.product(LINE_ENDS + NUL_ENDS, repeat=2)
    if before + b"." + after not in {b"\r\n.\r\n", b"\r\n.\r\n\x00", b"\x00\r\n.\r\n", b"\x00\r\n.\r\n\x00"}
]


def named(vector: bytes) -> str:
    return repr(vector)[2:-1]


def meant(sent: bytes) -> bytes:
    """Return the message that was sent, up to its final dot (RFC 5321 section 4.5.2)."""
    return (b"\r\n" + sent).replace(b"\r\n.", b"\r\n")[2:]


class Plenty:
    def take(self, kind: str, count: int) -> bool:
        return bool(kind) and count >= 0

    def give(self, kind: str, count: int) -> None: ...


def failures(host: Any) -> dict[str, float]:
    """Return what went wrong inside the host."""
    return {key: value for key, value in host.tallies.values.items() if key.startswith(FAILURES)}


def test_there_are_as_many_ways_to_smuggle_as_are_known() -> None:
    known = {b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n"}
    assert known < set(VECTORS)
    assert len(VECTORS) == 32


@pytest.mark.parametrize("vector", VECTORS, ids=named)
async def test_no_other_ending_than_crlf_dot_crlf_ends_a_message(host: Any, vector: bytes) -> None:
    sent = b"Subject: a\r\n\r\nhello" + vector + SMUGGLED
    client = await host.greeted()
    await client.say(*OPENING, "DATA")
    await client.send(sent + b".\r\nNOOP\r\n")
    assert (await client.reply()).startswith("250 2.0.0 Ok: queued as ")
    assert await client.reply() == "250 2.0.0 Ok"
    (message,) = host.door.messages
    assert message.raw == meant(sent)
    assert message.recipients == ("anna.reed@example.net",)


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_an_ending_torn_between_packets_ends_no_message_either(vector: bytes) -> None:
    sent = b"a" + vector + SMUGGLED + b".\r\n"
    pieces = [[sent[at : at + 1] for at in range(len(sent))]]
    pieces += [[sent[:at], sent[at:]] for at in range(len(vector) + 2)]
    for each in pieces:
        inbox, vessel = Inbox(), Content(10**6, 10**6, None, Plenty())
        inbox.begin_body()
        for piece in each[:-1]:
            inbox.feed(piece)
            assert not inbox.body(vessel)
        inbox.feed(each[-1])
        assert inbox.body(vessel)
        assert vessel.whole() == meant(sent[:-3])


@pytest.mark.parametrize("vector", [*VECTORS, b"\r\n.\r\n"], ids=named)
async def test_nothing_ends_a_chunk_but_its_size(host: Any, vector: bytes) -> None:
    sent = b"Subject: a\r\n\r\nhello" + vector + SMUGGLED
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT %d LAST\r\n%bNOOP\r\n" % (len(sent), sent))
    assert (await client.reply())[:3] == "250"
    assert await client.reply() == "250 2.0.0 Ok"
    assert [message.raw for message in host.door.messages] == [sent]


@pytest.mark.parametrize("profile", ["postfix", "exim", "generic"])
async def test_nuls_eight_bits_and_endless_lines_have_one_reply_each(open_host: Opened, profile: str) -> None:
    lines = [
        b"EHLO a\x00b",
        b"\x00" * 20,
        b"EHLO \xff\xfe\x80",
        b"NOOP \xe2\x82",
        b"RCPT TO:<anna.reed@example.net\x00@shop.example>",
        b"MAIL FROM:<" + b"a" * 3000 + b"@shop.example>",
        b"X" * 100_000,
        b"MAIL FROM:<\xed\xa0\x80@shop.example>",
        b"RCPT TO:<" + b"\xf0\x9f\x98\x80" * 600 + b">",
    ]
    host = await open_host(profile=profile)
    for line in lines:
        client = await host.client()
        assert (await client.reply())[:3] == "220"
        await client.send(b"EHLO client.example\r\n" + line + b"\r\nQUIT\r\n")
        replies = [await client.reply() for _ in range(3)]
        assert replies[0][:3] == "250"
        assert replies[1][0] in "245", line[:40]
        assert replies[2].startswith("221"), (line[:40], replies)
    assert host.door.heard() == []
    assert failures(host) == {}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ("SIZE=-1", "501"),
        ("SIZE=1e9", "501"),
        ("SIZE=\u0663", "501"),
        ("SIZE=" + "9" * 1500, "552"),
        ("SIZE=0" + "0" * 1500, "250"),
        ("SIZE=100001", "552"),
        ("SIZE=1 SIZE=99999999", "552"),
        ("BODY=BINARYMIME", "555"),
        ("BODY=", "555"),
        ("SMTPUTF8=yes", "555"),
        ("AUTH", "555"),
        ("RET=FULL RET=FULL", "501"),
        ("ENVID=+GG", "501"),
        ("=", "555"),
        ("= = =", "555"),
        ("X" * 1900, "555"),
        ("A=1 " * 400, "555"),
        ("SIZE=5 " * 250, "250"),
        ("%s%n{address}{0}", "555"),
    ],
    ids=lambda value: value[:24],
)
async def test_abused_parameters_of_mail_cost_no_more_than_a_reply(
    host: Any, parameters: str, code: str
) -> None:
    client = await host.greeted()
    reply = await client.say(f"MAIL FROM:<seller@shop.example> {parameters}")
    assert reply[:3] == code
    assert "\n" not in reply
    await client.say("RSET")
    assert (await host.send(client, "anna.reed@example.net")).startswith("250")
    assert failures(host) == {}


@pytest.mark.parametrize(
    "argument",
    [
        "<anna.reed@example.net> NOTIFY=NEVER,SUCCESS",
        "<anna.reed@example.net> NOTIFY=" + "SUCCESS," * 200,
        "<anna.reed@example.net> ORCPT=rfc822;+zz",
        "<anna.reed@example.net> ORCPT=",
        "<anna.reed@example.net> SIZE=1",
        "<anna.reed@example.net> =",
        "<anna.reed@example.net> " + "X=1 " * 400,
        "<anna.reed@example.net>, <ben.ward@example.net>",
        "<anna.reed@example.net><ben.ward@example.net>",
        "<<anna.reed@example.net>>",
        "<" * 1000 + "anna.reed@example.net",
        "<" + "@a," * 500 + "@b:anna.reed@example.net",
        '<"' + '\\"' * 900,
        "<" + '"a".' * 450 + "@example.net>",
        "<" + "a@" * 900 + ">",
    ],
    ids=lambda value: value[:48],
)
async def test_abused_paths_of_rcpt_add_nobody(host: Any, argument: str) -> None:
    client = await host.greeted()
    await client.say("MAIL FROM:<seller@shop.example>")
    assert (await client.say(f"RCPT TO:{argument}"))[0] == "5"
    assert (await client.say("DATA"))[:3] == "554"
    client.drop()
    await host.emptied()
    assert host.door.messages == host.door.probes == []
    assert failures(host) == {}


async def test_a_thousand_decoys_in_one_mail_are_one_message_and_the_next_a_probe(host: Any) -> None:
    readers = [f"reader{number}@example.net" for number in range(1000)]
    client = await host.greeted()
    await client.say("MAIL FROM:<seller@shop.example>")
    await client.send(
        "".join(f"RCPT TO:<{reader}>\r\n" for reader in [*readers, "dan@formerly-ours.example"]).encode()
    )
    replies = [await client.reply() for _ in range(1001)]
    assert {reply[:3] for reply in replies[:1000]} == {"250"}
    assert replies[1000].startswith("452 4.5.3")
    await client.say("DATA")
    await client.send(b"to all of you\r\n.\r\nQUIT\r\n")
    assert (await client.reply())[:3] == "250"
    assert (await client.reply())[:3] == "221"
    (message,) = host.door.messages
    assert message.recipients == tuple(readers)
    await host.emptied()
    assert [probe.recipient for probe in host.door.probes] == ["dan@formerly-ours.example"]


@pytest.mark.parametrize("said", ["BDAT 999999999999999999", "BDAT 400001", "BDAT 18446744073709551617 LAST"])
async def test_a_chunk_too_large_to_be_true_is_not_waited_for(host: Any, said: str) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    assert (await client.say(said))[0] == "5"
    assert await client.closed()
    await host.emptied()
    assert [probe.recipient for probe in host.door.probes] == ["anna.reed@example.net"]


async def test_a_chunk_that_says_less_than_it_holds_leaves_the_rest_to_be_commands(host: Any) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 5 LAST\r\nhelloNOOP\r\nBDAT 0 LAST\r\n")
    assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "503"]
    assert [message.raw for message in host.door.messages] == [b"hello"]


async def test_chunks_and_data_do_not_mix(host: Any) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 5\r\nhello")
    assert (await client.reply())[:3] == "250"
    for said in ("DATA", "MAIL FROM:<x@evil.example>", "RCPT TO:<ben.ward@example.net>"):
        assert (await client.say(said))[:3] == "503"
    await client.send(b"BDAT 0 LAST\r\n")
    assert (await client.reply())[:3] == "250"
    assert [(message.raw, message.recipients) for message in host.door.messages] == [
        (b"hello", ("anna.reed@example.net",))
    ]
