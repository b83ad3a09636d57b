"""STARTTLS: offered when it can be kept, and nothing crosses it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from canary.errors import ConfigurationError
from canary.sink import Listener, SinkSettings
from canary.sink.settings import TlsFiles
from canary.sink.shaking import shaken

Opener = Callable[..., Awaitable[Any]]


@pytest.fixture
async def tls_host(open_host: Opener, certificate: tuple[Path, Path]) -> Any:
    return await open_host(tls=TlsFiles(*certificate))


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


async def test_mail_over_tls_says_how_it_came(tls_host: Any, trusting: ssl.SSLContext) -> None:
    client = await tls_host.greeted()
    assert "250-STARTTLS" in await client.say("EHLO before")
    assert await client.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
    await client.begin_tls(trusting)
    assert "STARTTLS" not in await client.say("EHLO after")
    assert (await tls_host.send(client, "anna.reed@example.net")).startswith("250")
    peer = tls_host.door.messages[0].peer
    assert peer.tls.startswith("TLSv1.3 TLS_")
    assert peer.helo == "after"
    assert await client.say("STARTTLS") == "554 5.5.1 Error: TLS already active"
    assert await client.say("QUIT") == "221 2.0.0 Bye"


async def test_starttls_forgets_helo_and_transaction_and_tells_their_probes(
    tls_host: Any, trusting: ssl.SSLContext
) -> None:
    client = await tls_host.greeted()
    await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>", "STARTTLS")
    assert tls_host.door.heard() == ["probe RCPT anna.reed@example.net others 0"]
    await client.begin_tls(trusting)
    assert await client.say("RCPT TO:<ben.ward@example.net>") == "503 5.5.1 Error: need MAIL command"
    await client.say("VRFY ben.ward@example.net", "RSET")
    assert tls_host.door.probes[-1].peer.helo == ""


async def test_commands_pipelined_across_starttls_are_forgotten(
    tls_host: Any, trusting: ssl.SSLContext
) -> None:
    client = await tls_host.greeted()
    await client.send(b"STARTTLS\r\nVRFY anna.reed@example.net\r\nMAIL FROM:<injected@shop.example>\r\n")
    assert await client.reply() == "220 2.0.0 Ready to start TLS"
    await client.begin_tls(trusting)
    assert await client.say("MAIL FROM:<honest@shop.example>") == "250 2.1.0 Ok"
    assert await client.say("QUIT") == "221 2.0.0 Bye"
    assert tls_host.door.heard() == []


@pytest.mark.parametrize("garbage", [b"NOOP\r\n" * 100, b"\x16\x03\x01\xff\xff" + b"\x00" * 100])
async def test_a_handshake_that_is_none_ends_the_connection(tls_host: Any, garbage: bytes) -> None:
    client = await tls_host.greeted()
    await client.say("STARTTLS")
    await client.send(garbage)
    try:
        async with asyncio.timeout(60):
            await client.reader.read()
    except ConnectionError:
        pass
    await tls_host.emptied()


async def test_a_client_that_leaves_during_the_handshake_leaves_nothing(tls_host: Any) -> None:
    for drop in (True, False):
        client = await tls_host.greeted()
        await client.say("STARTTLS")
        client.drop() if drop else client.writer.close()
    await tls_host.emptied()


async def test_a_handshake_that_stalls_is_given_up(open_host: Opener, certificate: tuple[Path, Path]) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    client = await host.greeted()
    host.hurry(timeout=0.2)
    await client.say("STARTTLS")
    assert await client.closed()
    await host.emptied()


async def test_closing_during_a_handshake_leaves_nothing(tls_host: Any) -> None:
    client = await tls_host.greeted()
    await client.say("STARTTLS")
    await tls_host.listener.close(0.05)
    assert not tls_host.listener._house.present


async def test_connections_lost_over_tls_leave_their_probes(tls_host: Any, trusting: ssl.SSLContext) -> None:
    for drop in (True, False):
        client = await tls_host.greeted()
        await client.say("STARTTLS")
        await client.begin_tls(trusting)
        await client.say("MAIL FROM:<>", "RCPT TO:<anna.reed@example.net>")
        client.drop() if drop else client.writer.close()
    await tls_host.emptied()
    assert len(tls_host.door.probes) == 2


async def test_old_versions_of_tls_are_refused(tls_host: Any, trusting: ssl.SSLContext) -> None:
    with pytest.warns(DeprecationWarning, match=r"TLSv1_1"):
        trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match=r"TLSv1_1"):
        trusting.minimum_version = ssl.TLSVersion.TLSv1_1
    client = await tls_host.greeted()
    await client.say("STARTTLS")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await client.begin_tls(trusting)
    await tls_host.emptied()


async def test_tls_1_2_is_good_enough(tls_host: Any, trusting: ssl.SSLContext) -> None:
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    client = await tls_host.greeted()
    await client.say("STARTTLS")
    await client.begin_tls(trusting)
    assert (await tls_host.send(client, "anna.reed@example.net")).startswith("250")
    assert tls_host.door.messages[0].peer.tls.startswith("TLSv1.2 ")


@pytest.mark.parametrize("which", ["missing", "garbage", "swapped"])
async def test_a_certificate_that_cannot_be_used_is_said_at_start(
    host: Any, certificate: tuple[Path, Path], tmp_path: Path, which: str
) -> None:
    cert, key = certificate
    if which == "missing":
        cert = tmp_path / "missing.pem"
    elif which == "garbage":
        cert = tmp_path / "garbage.pem"
        cert.write_text("no certificate")
    else:
        cert, key = key, cert
    wanted = SinkSettings(("127.0.0.1:0",), "mx.example.net", frozenset(), tls=TlsFiles(cert, key))
    with pytest.raises(ConfigurationError, match="certificate"):
        await Listener(wanted, host.door).start()


async def test_a_quick_client_is_not_heard_between_the_answer_and_the_handshake(
    tls_host: Any, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said then would be lost: uvloop reads before the handshake has taken over."""
    reading: list[bool] = []

    async def noted(transport: asyncio.Transport, *rest: Any) -> asyncio.Transport | None:
        reading.append(transport.is_reading())
        return await shaken(transport, *rest)

    monkeypatch.setattr("canary.sink.reception.shaken", noted)
    client = await tls_host.greeted()
    await client.say("STARTTLS")
    await client.begin_tls(trusting)
    assert await client.say("NOOP") == "250 2.0.0 Ok"
    assert reading == [False]
