"""Clients that vanish or say no more, at every moment of a session: each decoy named is one probe."""

import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from canary.sink.settings import TlsFiles
from tests.sink.test_sink_certificates import unverified

Opened = Callable[..., Awaitable[Any]]
MAIL, RCPT = "MAIL FROM:<seller@shop.example>", "RCPT TO:<anna.reed@example.net>"
NAMED = (MAIL, RCPT, "RCPT TO:<ben.ward@example.net>", "RCPT TO:<nobody@example.net>")
BOTH = ["anna.reed@example.net", "ben.ward@example.net"]
AT_ONCE = struct.pack("ii", 1, 0)

STAGES: dict[str, tuple[tuple[str, ...], bytes, str]] = {
    "nothing": ((), b"", ""),
    "half a command": ((), b"EHLO clie", ""),
    "after EHLO": (("EHLO client.example",), b"", ""),
    "after MAIL": (("EHLO client.example", MAIL), b"", ""),
    "after RCPT": (NAMED, b"", "RCPT"),
    "half a RCPT": (NAMED, b"RCPT TO:<cora_lund@exam", "RCPT"),
    "after a RCPT again": ((*NAMED, RCPT), b"", "RCPT"),
    "after VRFY": (("VRFY anna.reed@example.net", "VRFY ben.ward@example.net"), b"", "VRFY"),
    "after DATA": ((*NAMED, "DATA"), b"", "DATA"),
    "in a line": ((*NAMED, "DATA"), b"Subject: a\r\n\r\nhal", "DATA"),
    "before the last LF": ((*NAMED, "DATA"), b"Subject: a\r\n\r\nhello\r\n.\r", "DATA"),
    "in a large message": ((*NAMED, "DATA"), b"x" * 70 * 1024, "DATA"),
    "in a chunk": (NAMED, b"BDAT 1000 LAST\r\nhello", "DATA"),
    "after a chunk": (NAMED, b"BDAT 5\r\nhello", "RCPT"),
}


def stage(value: str) -> Any:
    commands, more, verb = STAGES[value]
    return pytest.param(commands, more, verb, id=value)


async def reached(host: Any, commands: tuple[str, ...], more: bytes) -> Any:
    """Bring a client to where it vanishes."""
    client = await host.client()
    await client.reply()
    for command in commands:
        await client.say(command)
    await client.send(more)
    return client


def vanish(client: Any) -> None:
    """Reset the connection, so that what was not yet read is lost."""
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    client.writer.transport.abort()


@pytest.mark.parametrize(("commands", "more", "verb"), [stage(each) for each in STAGES])
async def test_a_connection_reset_at_any_moment_leaves_one_probe_for_each_decoy(
    host: Any, commands: tuple[str, ...], more: bytes, verb: str
) -> None:
    vanish(await reached(host, commands, more))
    await host.emptied()
    assert host.door.messages == []
    assert sorted(probe.recipient for probe in host.door.probes) == (BOTH if verb else [])
    if not more.startswith(b"BDAT"):  # whether it was read before it was lost nobody can say
        assert {str(probe.verb) for probe in host.door.probes} <= {verb}


@pytest.mark.parametrize(("commands", "more", "verb"), [stage(each) for each in STAGES])
async def test_a_client_that_says_no_more_is_left_at_once_with_its_probes(
    host: Any, commands: tuple[str, ...], more: bytes, verb: str
) -> None:
    client = await reached(host, commands, more)
    client.writer.write_eof()
    await client.rest()
    await host.emptied()
    assert host.door.messages == []
    assert sorted(probe.recipient for probe in host.door.probes) == (BOTH if verb else [])
    assert {str(probe.verb) for probe in host.door.probes} <= {verb}


async def test_a_client_that_says_no_more_after_its_message_hears_that_it_is_kept(host: Any) -> None:
    host.door.gate.clear()
    client = await reached(host, (*NAMED, "DATA"), b"hello\r\n.\r\n")
    client.writer.write_eof()
    await host.door.knocked.wait()
    host.door.gate.set()
    assert (await client.rest()).startswith("250 2.0.0 Ok: queued as ")
    await host.emptied()
    assert [message.recipients for message in host.door.messages] == [tuple(BOTH)]
    assert host.door.probes == []


async def test_a_reset_while_a_message_is_being_kept_makes_one_message_and_no_probe(host: Any) -> None:
    host.door.gate.clear()
    client = await reached(host, (*NAMED, "DATA"), b"hello\r\n.\r\n")
    await host.door.knocked.wait()
    vanish(client)
    host.door.gate.set()
    await host.emptied()
    assert [message.recipients for message in host.door.messages] == [tuple(BOTH)]
    assert host.door.probes == []


async def test_a_reset_in_the_second_mail_of_a_session_leaves_the_first_alone(host: Any) -> None:
    client = await host.greeted()
    assert (await host.send(client, "anna.reed@example.net")).startswith("250")
    await client.say(MAIL, "RCPT TO:<ben.ward@example.net>", "DATA")
    vanish(client)
    await host.emptied()
    assert host.door.heard() == [
        "message <seller@shop.example> anna.reed@example.net",
        "probe DATA ben.ward@example.net others 1",
    ]


@pytest.mark.parametrize("how", ["reset", "closed"])
async def test_a_connection_lost_over_tls_leaves_one_probe_for_each_decoy(
    open_host: Opened, certificate: tuple[Path, Path], how: str
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    for commands in (NAMED, (*NAMED, "DATA")):
        client = await host.greeted()
        await client.say("STARTTLS")
        await client.begin_tls(unverified())
        for command in commands:
            await client.say(command)
        if how == "reset":
            vanish(client)
        else:
            client.writer.close()
        await host.emptied()
    assert sorted(probe.recipient for probe in host.door.probes) == sorted(BOTH * 2)
    assert {str(probe.verb) for probe in host.door.probes} == {"RCPT", "DATA"}
