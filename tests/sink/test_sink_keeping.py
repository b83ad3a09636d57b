"""What is acknowledged is kept, as it was sent, and what cannot be kept is not."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from canary.errors import StoreError

NOT_KEPT = "451 4.3.0 Error: queue file write error"
Opener = Callable[..., Awaitable[Any]]


async def test_the_envelope_and_every_byte_are_kept(host: Any) -> None:
    client = await host.greeted()
    raw = bytes(range(256)) * 8 + b"\r\n..\r\n.\n.\r\n" + b"y" * 50_000 + b"\r\n"
    await client.say(
        "MAIL FROM:<seller@shop.example> SIZE=60000 BODY=8BITMIME", "RCPT TO:<anna.reed@example.net>", "DATA"
    )
    await client.send((b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
    assert (await client.reply()).startswith("250 2.0.0 Ok: queued as ")
    (message,) = host.door.messages
    assert message.raw == raw
    assert message.mail_from == "seller@shop.example"
    assert message.options == ("SIZE=60000", "BODY=8BITMIME")
    assert message.ours
    assert message.received_at.utcoffset() is not None
    assert (message.peer.ip, message.peer.helo, message.peer.tls) == ("127.0.0.1", "client.example", "")
    assert message.peer.port == client.writer.get_extra_info("sockname")[1]
    assert len(message.peer.session) == 12


async def test_a_line_of_a_megabyte_is_kept(open_host: Opener) -> None:
    host = await open_host(max_message=3_000_000)
    client = await host.greeted()
    raw = b"x" * 2_000_000 + b"\r\n"
    assert (await host.send(client, "anna.reed@example.net", raw=raw)).startswith("250")
    assert host.door.messages[0].raw == raw


async def test_a_message_above_the_limit_is_drained_refused_and_a_probe(host: Any) -> None:
    client = await host.greeted()
    reply = await host.send(client, "anna.reed@example.net", raw=b"x" * 150_000 + b"\r\n")
    assert reply == "552 5.3.4 Error: message file too big"
    assert host.door.heard() == ["probe DATA anna.reed@example.net others 0"]
    assert (await host.send(client, "anna.reed@example.net", raw=b"small\r\n")).startswith("250")


async def test_a_message_as_large_as_announced_is_kept(host: Any) -> None:
    client = await host.greeted()
    raw = b"x" * 99_998 + b"\r\n"
    assert (await host.send(client, "anna.reed@example.net", raw=raw)).startswith("250")
    assert host.door.messages[0].raw == raw


async def test_a_client_that_never_stops_is_cut_off(host: Any) -> None:
    client = await host.greeted()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    with pytest.raises(ConnectionError):
        await client.flood(b"x" * 60_000)
    await host.emptied()
    assert host.door.heard() == ["probe DATA anna.reed@example.net others 0"]


@pytest.mark.parametrize(
    "failure",
    [StoreError("no space"), sqlite3.OperationalError("disk I/O"), RuntimeError("secret"), TimeoutError()],
)
async def test_a_message_that_cannot_be_kept_is_to_be_sent_again(host: Any, failure: Exception) -> None:
    client = await host.greeted()
    host.door.failure = failure
    assert await host.send(client, "anna.reed@example.net") == NOT_KEPT
    host.door.failure = None
    assert (await host.send(client, "anna.reed@example.net")).startswith("250")
    assert await client.say("QUIT") == "221 2.0.0 Bye"
    assert host.door.heard() == ["message <seller@shop.example> anna.reed@example.net"]


async def test_nothing_is_acknowledged_before_it_is_kept(host: Any) -> None:
    client = await host.greeted()
    host.door.gate.clear()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    await client.send(b"hi\r\n.\r\nNOOP\r\n")
    await host.door.knocked.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.reader.read(1)
    host.door.gate.set()
    assert (await client.reply()).startswith("250 2.0.0 Ok: queued")
    assert await client.reply() == "250 2.0.0 Ok"


async def test_keeping_that_takes_longer_than_the_idle_timeout_is_acknowledged(open_host: Opener) -> None:
    host = await open_host()
    client = await host.greeted()
    host.door.gate.clear()
    host.hurry(timeout=0.1)
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    await client.send(b"hi\r\n.\r\n")
    await asyncio.sleep(0.3)
    host.door.gate.set()
    assert (await client.reply()).startswith("250 2.0.0 Ok: queued")
    assert await client.say("NOOP") == "250 2.0.0 Ok"


async def test_keeping_that_never_ends_is_given_up_with_451(open_host: Opener) -> None:
    host = await open_host()
    client = await host.greeted()
    host.door.gate.clear()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    host.hurry(transaction_timeout=0.2)
    await client.send(b"hi\r\n.\r\n")
    assert await client.reply() == NOT_KEPT


async def test_who_waits_for_a_disk_that_hangs_hears_so_before_it_gives_up_itself(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.sink.conversation.KEPT_WITHIN", 0.05)
    client = await host.greeted()
    host.door.gate.clear()
    assert await host.send(client, "anna.reed@example.net") == NOT_KEPT
    host.door.gate.set()
    assert (await host.send(client, "anna.reed@example.net")).startswith("250")


@pytest.mark.parametrize("how", ["abort", "eof"])
async def test_a_message_whose_sender_is_gone_is_kept_all_the_same(host: Any, how: str) -> None:
    client = await host.greeted()
    host.door.gate.clear()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    await client.send(b"hi\r\n.\r\n")
    await host.door.knocked.wait()
    if how == "abort":
        client.drop()
    else:
        client.writer.write_eof()
    await asyncio.sleep(0.02)
    host.door.gate.set()
    await host.emptied()
    assert host.door.heard() == ["message <> anna.reed@example.net"]


async def test_probes_that_cannot_be_kept_are_no_business_of_the_client(host: Any) -> None:
    client = await host.greeted()
    host.door.probe_failure = StoreError("full")
    assert await client.say("VRFY anna.reed@example.net", "RSET") == "250 2.0.0 Ok"
    assert await client.say("NOOP") == "250 2.0.0 Ok"


async def test_probes_are_kept_before_the_reply_to_quit(host: Any) -> None:
    client = await host.greeted()
    assert await client.say("VRFY anna.reed@example.net", "QUIT") == "221 2.0.0 Bye"
    assert host.door.heard() == ["probe VRFY anna.reed@example.net others 0"]


async def test_a_probe_knows_its_sender_and_peer(host: Any) -> None:
    client = await host.greeted()
    await client.say("MAIL FROM:<seller@shop.example>", "RCPT TO:<anna.reed@example.net>", "RSET")
    (probe,) = host.door.probes
    assert (probe.mail_from, probe.peer.helo, probe.peer.ip) == (
        "seller@shop.example",
        "client.example",
        "127.0.0.1",
    )


async def test_a_lookup_that_breaks_in_any_way_is_never_an_unknown_user(host: Any) -> None:
    client = await host.greeted()
    host.door.lookup_failure = RuntimeError("bug")
    assert (
        await client.say("VRFY anna.reed@example.net")
        == "451 4.3.0 <anna.reed@example.net>: Temporary lookup failure"
    )


async def test_a_hundred_recipients_in_one_packet(host: Any) -> None:
    client = await host.greeted()
    recipients = [f"reader{n}@example.net" for n in range(100)]
    assert (await host.send(client, *recipients)).startswith("250")
    assert host.door.messages[0].recipients == tuple(recipients)
    assert host.door.probes == []


async def test_there_is_a_limit_to_recipients(open_host: Opener) -> None:
    host = await open_host(max_recipients=3)
    client = await host.greeted()
    recipients = [f"RCPT TO:<reader{n}@example.net>" for n in range(4)]
    assert await client.say("MAIL FROM:<>", *recipients) == "452 4.5.3 Error: too many recipients"
    await client.say("DATA")
    await client.send(b".\r\n")
    assert (await client.reply()).startswith("250")
    assert len(host.door.messages[0].recipients) == 3
