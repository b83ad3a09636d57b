"""Time, numbers, and the end of a listener."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canary.errors import ConfigurationError
from canary.sink import Listener, SinkSettings, settings
from canary.sink.profiles import PROFILES, postfix
from canary.sink.settings import TlsFiles
from canary.sink.sockets import _unbound
from canary.tallies import LIMIT_IDLE, LIMIT_SESSION_TIME
from tests.parts import given_ipv6
from tests.sink.conftest import until

TIMEOUT = "421 4.4.2 mx.example.net Error: timeout exceeded\r\n"
CLOSING = "421 4.3.2 mx.example.net Service shutting down\r\n"
Opener = Callable[..., Awaitable[Any]]


async def test_a_silent_client_is_told_and_left(open_host: Opener) -> None:
    host = await open_host(timeout=0.1)
    client = await host.client()
    assert (await client.rest()).endswith(TIMEOUT)
    await host.emptied()


async def test_a_client_that_is_silent_after_rcpt_leaves_a_probe(open_host: Opener) -> None:
    host = await open_host()
    client = await host.greeted()
    host.hurry(timeout=0.1)
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>")
    assert await client.rest() == TIMEOUT
    await host.emptied()
    assert host.door.heard() == ["probe RCPT anna.reed@example.net others 0"]


async def test_a_message_that_keeps_coming_is_not_timed_out(open_host: Opener) -> None:
    host = await open_host(timeout=2.0)
    client = await host.greeted()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    for _ in range(5):
        await client.send(b"line\r\n")
        await asyncio.sleep(0.5)
    await client.send(b".\r\n")
    assert (await client.reply()).startswith("250")


@pytest.mark.parametrize("opening", [(), ("DATA",)])
async def test_a_transaction_has_an_end_however_the_client_drips(
    open_host: Opener, opening: tuple[str, ...]
) -> None:
    host = await open_host()
    client = await host.greeted()
    host.hurry(transaction_timeout=0.3)
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", *opening)
    dripping = asyncio.create_task(_drip(client, b"x\r\n" if opening else b"NOOP\r\n"))
    assert (await client.last_words()).endswith(TIMEOUT)
    dripping.cancel()
    await asyncio.wait([dripping])
    await host.emptied()
    assert len(host.door.probes) == 1


async def test_a_session_has_an_end_however_busy_the_client_is(open_host: Opener) -> None:
    host = await open_host(session_timeout=1.0)
    client = await host.greeted()
    said = 0
    while (reply := await client.say("NOOP")).startswith("250"):
        said += 1
        await asyncio.sleep(0.02)
    assert f"{reply}\r\n" == TIMEOUT
    assert said
    assert host.tallies.values[LIMIT_SESSION_TIME] == 1
    assert LIMIT_IDLE not in host.tallies.values


async def test_a_command_that_drips_in_has_the_time_of_one_command(open_host: Opener) -> None:
    host = await open_host()
    client = await host.greeted()
    host.hurry(timeout=0.2)
    await client.say("NOOP")
    dripping = asyncio.create_task(_drip(client, b"N"))
    assert await client.last_words() == TIMEOUT
    dripping.cancel()
    await asyncio.wait([dripping])


async def _drip(client: Any, drop: bytes) -> None:
    try:
        while True:
            await client.send(drop)
            await asyncio.sleep(0.03)
    except ConnectionError:
        return


async def test_a_client_that_reads_nothing_is_left(
    open_host: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.sink.wire.LINGER", 0.1)
    patient = postfix.PHRASES, replace(postfix.HABITS, junk_limit=0), postfix.queue_id
    monkeypatch.setitem(PROFILES, "postfix", patient)
    host = await open_host()
    for each in host.listener._own:  # what it accepts takes after it: few replies fill a small buffer
        each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client = await host.greeted()
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.writer.transport.pause_reading()
    host.hurry(timeout=0.2)
    with pytest.raises(ConnectionError):
        await client.flood(b"VRFY anna.reed@example.net\r\n" * 2000)
    await host.emptied()


async def test_one_client_too_many_is_turned_away_until_another_leaves(open_host: Opener) -> None:
    host = await open_host(max_connections=2)
    first, _ = await host.greeted(), await host.greeted()
    third = await host.client()
    assert (
        await third.rest()
        == "421 4.7.0 mx.example.net Error: too many connections from unknown[127.0.0.1]\r\n"
    )
    await first.say("QUIT")
    await until(lambda: len(host.listener._house.present) < 2)
    await host.greeted()


@pytest.mark.usefixtures("prompt")
async def test_idle_commands_without_end_are_mistakes(host: Any) -> None:
    client = await host.greeted()
    await client.send(b"NOOP\r\n" * 200)
    rest = await client.rest()
    assert rest.endswith("421 4.7.0 mx.example.net Error: too many errors\r\n")


@pytest.mark.usefixtures("prompt")
async def test_a_kept_message_forgives_mistakes(host: Any) -> None:
    client = await host.greeted()
    for _ in range(3):
        await client.say(*["BOGUS"] * 15)
        assert (await host.send(client, "anna.reed@example.net")).startswith("250")


async def test_overlong_commands_neither_fill_the_memory_nor_end_the_session(host: Any) -> None:
    client = await host.greeted()
    await client.send(b"x" * 3_000_000 + b"\r\n")
    assert await client.reply() == "500 5.5.2 Error: command not recognized"
    long = f"RCPT TO:<{'a' * 100_000}@example.net>"
    assert await client.say("MAIL FROM:<>", long) == "501 5.1.3 Bad recipient address syntax"
    assert host.door.strays == []


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_lost_connections_leave_no_task_and_no_descriptor(host: Any) -> None:
    before = open_descriptors()
    openings: list[list[str]] = [[], ["MAIL FROM:<>"], ["MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>"]]
    openings.append([*openings[-1], "DATA"])
    for _ in range(10):
        for opening in openings:
            client = await host.greeted()
            if opening:
                await client.say(*opening)
            client.drop()
    await host.emptied()
    for client in host._clients:
        client.writer.close()
    await until(lambda: open_descriptors() <= before)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(host.door.probes) == 20


async def test_closing_tells_the_idle_at_once_and_lets_a_transaction_end(host: Any) -> None:
    idle, busy = await host.greeted(), await host.greeted()
    await busy.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    closing = asyncio.create_task(host.listener.close(5))
    assert await idle.rest() == CLOSING
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection(*host.address)
    await busy.send(b"hi\r\n.\r\n")
    assert (await busy.reply()).startswith("250")
    assert await busy.rest() == CLOSING
    await closing
    assert len(host.door.messages) == 1


async def test_closing_does_not_wait_for_ever(host: Any) -> None:
    slow, keeping = await host.greeted(), await host.greeted()
    await slow.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>")
    await keeping.say("MAIL FROM:<>", "RCPT TO:<ben.ward@example.net>", "DATA")
    closing = asyncio.create_task(host.listener.close(0.2))
    assert await slow.rest() == CLOSING
    host.door.gate.clear()
    with contextlib.suppress(ConnectionError):
        await keeping.send(b"hi\r\n.\r\n")
    assert await keeping.last_words() in {CLOSING, ""}
    host.door.gate.set()
    await closing
    assert "probe RCPT anna.reed@example.net others 0" in host.door.heard()


async def test_closing_while_a_message_is_being_kept_says_421_and_makes_no_probe(host: Any) -> None:
    client = await host.greeted()
    host.door.gate.clear()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "DATA")
    await client.send(b"hi\r\n.\r\n")
    await host.door.knocked.wait()
    await host.listener.close(0.05)
    assert await client.rest() == CLOSING
    assert host.door.heard() == []


async def test_ipv6_is_a_peer_like_any_other(host: Any) -> None:
    given_ipv6()
    wanted = SinkSettings(("[::1]:0", "127.0.0.1:0"), "mx.example.net", frozenset())
    listener = Listener(wanted, host.door)
    bound = await listener.start()
    assert [where[0] for where in bound] == ["::1", "127.0.0.1"]
    reader, writer = await asyncio.open_connection(*bound[0])
    writer.write(b"VRFY anna.reed@example.net\r\nQUIT\r\n")
    assert b"252 2.0.0" in await reader.read()
    writer.close()
    await listener.close(0)
    assert host.door.probes[0].peer.ip == "::1"


async def test_an_address_in_use_is_said_with_what_to_do(host: Any) -> None:
    taken = f"{host.address[0]}:{host.address[1]}"
    listener = Listener(SinkSettings(("127.0.0.1:0", taken), "mx.example.net", frozenset()), host.door)
    with pytest.raises(ConfigurationError, match="Address already in use") as caught:
        await listener.start()
    assert taken in caught.value.message
    assert "ss -ltnp" in caught.value.hint
    assert not listener._servers


def test_a_port_that_needs_a_privilege_is_said_with_what_to_do() -> None:
    assert "CAP_NET_BIND_SERVICE" in _unbound("0.0.0.0:25", OSError(errno.EACCES, "no")).hint


async def test_a_host_that_does_not_exist_is_said(host: Any) -> None:
    listener = Listener(SinkSettings(("no-such-host.invalid:0",), "mx.example.net", frozenset()), host.door)
    with pytest.raises(ConfigurationError, match="cannot listen on no-such-host"):
        await listener.start()


@pytest.mark.parametrize(
    ("listen", "endpoint"),
    [
        ("127.0.0.1:25", ("127.0.0.1", 25)),
        ("[::1]:2525", ("::1", 2525)),
        (":25", (None, 25)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_to_listen_on_is_read(listen: str, endpoint: tuple[str | None, int]) -> None:
    assert settings.endpoint_of(listen) == endpoint


@pytest.mark.parametrize(
    "listen", ["", "25", "host", "host:", "::1:25", "host:port", "host:65536", "host:-1", "h:²"]
)
def test_what_is_no_address_to_listen_on_is_said(listen: str) -> None:
    with pytest.raises(ConfigurationError, match="no address to listen on"):
        settings.endpoint_of(listen)


async def test_half_a_certificate_is_a_configuration_error(host: Any, tmp_path: Path) -> None:
    listener = Listener(
        SinkSettings(("127.0.0.1:0",), "mx.example.net", frozenset(), tls=TlsFiles(tmp_path / "x")), host.door
    )
    with pytest.raises(ConfigurationError, match="a certificate and its key"):
        await listener.start()
