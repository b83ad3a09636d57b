"""BDAT (RFC 3030): messages in chunks, and chunks that lie."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Opened = Callable[..., Awaitable[Any]]
OPENING = ("MAIL FROM:<seller@shop.example>", "RCPT TO:<anna.reed@example.net>")


async def test_chunks_become_one_message_byte_for_byte(host: Any) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 10\r\nSubject: a")
    assert (await client.reply()).startswith("250 2.0.0")
    await client.send(b"BDAT 11 LAST\r\n\r\n\r\n.\r\n..\n\x00")
    assert (await client.reply()).startswith("250 2.0.0")
    assert host.door.messages[0].raw == b"Subject: a\r\n\r\n.\r\n..\n\x00"
    assert host.door.messages[0].recipients == ("anna.reed@example.net",)


async def test_a_message_of_one_chunk_and_the_next_may_come_in_one_packet(host: Any) -> None:
    client = await host.greeted()
    one = "".join(f"{line}\r\n" for line in OPENING).encode() + b"BDAT 4 LAST\r\nabc\n"
    await client.send(one + one)
    replies = [await client.reply() for _ in range(6)]
    assert [reply[:3] for reply in replies] == ["250"] * 6
    assert [message.raw for message in host.door.messages] == [b"abc\n", b"abc\n"]


async def test_an_empty_last_chunk_ends_a_message(host: Any) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 3\r\nabcBDAT 0 LAST\r\n")
    assert [(await client.reply())[:3] for _ in range(2)] == ["250", "250"]
    assert host.door.messages[0].raw == b"abc"


@pytest.mark.parametrize("said", ["BDAT", "BDAT -1", "BDAT 1x", "BDAT 5 FIRST", "BDAT 99999999999999999999"])
async def test_a_chunk_of_no_size_is_refused_and_nothing_is_kept(host: Any, said: str) -> None:
    client = await host.client()
    await client.reply()
    await client.say("EHLO client.example", *OPENING)
    assert (await client.say(said))[0] in "45"
    client.drop()
    await host.emptied()
    assert host.door.messages == []
    assert [probe.recipient for probe in host.door.probes] == ["anna.reed@example.net"]


async def test_a_chunk_nobody_wants_is_read_and_forgotten(host: Any) -> None:
    client = await host.greeted()
    await client.send(b"BDAT 24 LAST\r\nRCPT TO:<x@example.net>\r\nNOOP\r\n")
    assert (await client.reply())[:3] == "503"
    assert (await client.reply())[:3] in {"250", "500", "502"}
    assert host.door.strays == []


async def test_a_chunk_that_says_more_than_it_holds_is_a_probe_and_no_message(host: Any) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 1000 LAST\r\nshort")
    client.drop()
    await host.emptied()
    assert host.door.heard() == ["probe DATA anna.reed@example.net others 0"]


async def test_chunks_above_the_limit_together_are_refused(open_host: Opened) -> None:
    host = await open_host(max_message=10_000)
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 6000\r\n" + b"x" * 6000)
    assert (await client.reply()).startswith("250")
    await client.send(b"BDAT 6000\r\n" + b"x" * 6000)
    assert (await client.reply()).startswith("552 5.3.4")
    await client.send(b"BDAT 5 LAST\r\nxxxxxNOOP\r\n")
    assert (await client.reply())[0] == "5"
    assert (await client.reply()).startswith("250")
    assert host.door.messages == []


async def test_reset_in_the_middle_forgets_the_chunks(host: Any) -> None:
    client = await host.greeted()
    await client.say(*OPENING)
    await client.send(b"BDAT 5\r\nxxxxxRSET\r\n")
    assert [(await client.reply())[:3] for _ in range(2)] == ["250", "250"]
    assert (await host.send(client, "ben.ward@example.net")).startswith("250")
    assert host.door.messages[0].raw == b"Subject: hi\r\n\r\nhi\r\n"
    assert host.door.messages[0].recipients == ("ben.ward@example.net",)
