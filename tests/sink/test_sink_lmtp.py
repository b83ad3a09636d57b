"""LMTP (RFC 2033): what a mail server in front of the sink hears."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from canary.errors import StoreError
from canary.sink.settings import Limits

Opened = Callable[..., Awaitable[Any]]


@pytest.fixture
async def lmtp_host(open_host: Opened) -> Any:
    return await open_host(listen=(), lmtp=("127.0.0.1:0",))


async def greeted(host: Any) -> Any:
    client = await host.client()
    assert (await client.reply()).startswith("220 ")
    assert "250-PIPELINING" in await client.say("LHLO front.example")
    return client


async def test_each_recipient_that_was_accepted_is_answered_after_the_message(lmtp_host: Any) -> None:
    client = await greeted(lmtp_host)
    await client.say(
        "MAIL FROM:<seller@shop.example>",
        "RCPT TO:<anna.reed@example.net>",
        "RCPT TO:<nobody@example.net>",
        "RCPT TO:<ben.ward@example.net>",
    )
    assert (await client.say("DATA")).startswith("354")
    await client.send(b"Subject: hi\r\n\r\nhi\r\n.\r\n")
    assert [(await client.reply())[:9] for _ in range(2)] == ["250 2.0.0", "250 2.0.0"]
    assert await client.say("QUIT")
    (message,) = lmtp_host.door.messages
    assert message.recipients == ("anna.reed@example.net", "ben.ward@example.net")
    assert message.trace.protocol == "LMTP"


async def test_each_recipient_is_told_to_try_again_where_the_message_cannot_be_kept(lmtp_host: Any) -> None:
    client = await greeted(lmtp_host)
    lmtp_host.door.failure = StoreError("full")
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "RCPT TO:<ben.ward@example.net>")
    assert (await client.say("DATA")).startswith("354")
    await client.send(b".\r\n")
    assert [(await client.reply())[:5] for _ in range(2)] == ["451 4", "451 4"]
    assert (await client.say("NOOP")).startswith("250")


async def test_a_message_without_recipients_is_refused_before_its_data(lmtp_host: Any) -> None:
    client = await greeted(lmtp_host)
    await client.say("MAIL FROM:<>", "RCPT TO:<nobody@example.net>")
    assert (await client.say("DATA"))[0] == "5"


async def test_the_front_says_who_the_client_was_and_both_are_kept(lmtp_host: Any) -> None:
    client = await greeted(lmtp_host)
    assert "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE" in await client.say("LHLO front.example")
    said = "XFORWARD NAME=spike.example ADDR=203.0.113.9 PORT=4711 PROTO=ESMTP HELO=spike.example"
    assert (await client.say(said)).startswith("250")
    await client.say("MAIL FROM:<a@b.example>", "RCPT TO:<anna.reed@example.net>")
    assert (await client.say("DATA")).startswith("354")
    await client.send(b".\r\n")
    assert (await client.reply()).startswith("250")
    peer = lmtp_host.door.messages[0].peer
    assert (peer.ip, peer.port, peer.name, peer.helo) == (
        "203.0.113.9",
        4711,
        "spike.example",
        "spike.example",
    )
    assert peer.via.startswith("127.0.0.1:")


@pytest.mark.parametrize("told", [False, True])
async def test_a_front_is_neither_slowed_nor_cut_off_for_whom_its_clients_guess(
    open_host: Opened, *, told: bool
) -> None:
    limits = Limits(exempt=(), errors=4, unknown_slow=2, unknown=6)
    host = await open_host(listen=(), lmtp=("127.0.0.1:0",), limits=limits)
    client = await greeted(host)
    if told:
        await client.say("XFORWARD ADDR=203.0.113.9")
    began = time.monotonic()
    await client.say("MAIL FROM:<>")
    for number in range(30):
        assert (await client.say(f"RCPT TO:<nobody{number}@example.net>")).startswith("550")
    assert (await client.say("RCPT TO:<anna.reed@example.net>")).startswith("250")
    assert time.monotonic() - began < 10, "each that is answered late is a second or more"
    await greeted(host)
    assert len(host.door.strays) == 30


async def test_strangers_cannot_say_who_they_are(open_host: Opened) -> None:
    host = await open_host()
    client = await host.greeted()
    assert (await client.say("XFORWARD ADDR=203.0.113.9"))[0] == "5"
    assert (await client.say("LHLO front.example"))[0] == "5"


async def test_a_unix_socket_serves_as_well(open_host: Opened, tmp_path: Path) -> None:
    import asyncio  # noqa: PLC0415 - for this one socket

    path = tmp_path / "lmtp"
    host = await open_host(listen=(), lmtp=(f"unix:{path}",))
    reader, writer = await asyncio.open_unix_connection(path)
    assert (await reader.readline()).startswith(b"220 ")
    writer.write(b"LHLO front.example\r\nMAIL FROM:<>\r\nRCPT TO:<anna.reed@example.net>\r\nDATA\r\n")
    while not (line := await reader.readline()).startswith(b"354"):
        assert line
    writer.write(b"hi\r\n.\r\nQUIT\r\n")
    assert (await reader.readline()).startswith(b"250 2.0.0")
    await reader.read()
    writer.close()
    assert host.door.messages[0].peer.ip == ""
    assert path.stat().st_mode & 0o777 == 0o660
