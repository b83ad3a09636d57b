"""Large messages: on disk while they arrive, within bounds of memory and disk, and in nobody's way."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from canary.sink.settings import Limits

Opened = Callable[..., Awaitable[Any]]
BODY = (b"x" * 78 + b"\r\n") * 4000


async def test_a_large_message_arrives_byte_for_byte_through_a_file_without_a_name(
    open_host: Opened, tmp_path: Path
) -> None:
    host = await open_host(max_message=1_000_000, spill_above=20_000, spill_folder=tmp_path)
    client = await host.greeted()
    assert (await host.send(client, "anna.reed@example.net", raw=BODY)).startswith("250")
    assert host.door.spilled == 1
    assert host.door.messages[0].raw == BODY
    assert not os.listdir(tmp_path)  # noqa: PTH208 - the folder is looked at for a moment, nothing waits
    assert (await host.send(client, "anna.reed@example.net")).startswith("250")
    assert host.door.spilled == 1
    assert host.tallies.values["in_flight_bytes|disk"] == 0
    assert host.tallies.values["in_flight_bytes|memory"] == 0


@pytest.mark.parametrize(
    "bounds", [{"disk": 100_000}, {"spill_folder": Path("/nowhere/at/all")}, {"disk": 0, "memory": 0}]
)
async def test_without_room_the_sender_is_told_to_try_again_and_others_go_on(
    open_host: Opened, bounds: dict[str, Any]
) -> None:
    host = await open_host(**({"max_message": 1_000_000, "spill_above": 20_000, "memory": 10_000} | bounds))
    client = await host.greeted()
    assert (await host.send(client, "anna.reed@example.net", raw=BODY)).startswith("452 4.3.1")
    assert host.door.messages == []
    assert host.door.probes == []
    if bounds.get("memory") != 0:
        assert (await host.send(client, "anna.reed@example.net")).startswith("250")


async def test_what_is_broken_off_gives_back_what_it_took(open_host: Opened, tmp_path: Path) -> None:
    host = await open_host(max_message=1_000_000, spill_above=20_000, spill_folder=tmp_path)
    for size in (10_000, 200_000):
        client = await host.greeted()
        await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
        await client.send(b"x" * size)
        client.drop()
    await host.emptied()
    assert host.tallies.values["in_flight_bytes|disk"] == 0
    assert host.tallies.values["in_flight_bytes|memory"] == 0
    assert [probe.verb for probe in host.door.probes] == ["DATA", "DATA"]


async def test_a_client_that_sends_ahead_without_end_is_counted_and_hung_up(open_host: Opened) -> None:
    host = await open_host(memory=100_000)
    client = await host.greeted()
    host.door.gate.clear()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    await client.send(b".\r\n")
    await host.door.knocked.wait()
    with pytest.raises(ConnectionError):
        await client.flood(b"NOOP\r\n" * 10_000)
    host.door.gate.set()
    await host.emptied()
    assert len(host.door.messages) == 1
    assert host.tallies.values["in_flight_bytes|memory"] == 0


async def test_small_messages_go_on_while_a_large_one_is_being_kept(open_host: Opened) -> None:
    host = await open_host(max_message=1_000_000, spill_above=20_000)
    large, small = await host.greeted(), await host.greeted()
    host.door.gate.clear()
    waiting = asyncio.create_task(host.send(large, "anna.reed@example.net", raw=BODY))
    await host.door.knocked.wait()
    assert (await small.say("NOOP")).startswith("250")
    host.door.gate.set()
    assert (await waiting).startswith("250")


async def test_recipients_by_the_thousand_are_counted_as_memory(open_host: Opened) -> None:
    host = await open_host(memory=100_000, spill_above=16_384, limits=Limits())
    client = await host.greeted()
    await client.say("MAIL FROM:<>")
    replies = [await client.say(f"RCPT TO:<postmaster+{n}@example.net>") for n in range(200)]
    assert replies[50].startswith("250")
    assert replies[199].startswith("452 4.3.1")
    assert (await client.say("RSET")).startswith("250")
    assert host.tallies.values["in_flight_bytes|memory"] == 0
