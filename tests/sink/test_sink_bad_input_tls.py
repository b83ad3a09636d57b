"""TLS begun badly: stalled, downgraded, renegotiated, talked into. The others do not notice."""

import asyncio
import shutil
import ssl
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from canary.sink.settings import TlsFiles
from tests.parts import need
from tests.sink.test_sink_certificates import unverified

Opened = Callable[..., Awaitable[Any]]
PATIENCE = 60.0
NAMES = b"MAIL FROM:<>\r\nRCPT TO:<anna.reed@example.net>\r\n"


def client_hello() -> bytes:
    """Return the first words of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = unverified().wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("begun", ["at once", "by STARTTLS"])
async def test_a_handshake_that_stalls_anywhere_is_given_up(
    open_host: Opened, certificate: tuple[Path, Path], share: float, begun: str
) -> None:
    listen: dict[str, Any] = {"tls_listen": ("127.0.0.1:0",), "listen": ()} if begun == "at once" else {}
    host = await open_host(tls=TlsFiles(*certificate), **listen)
    if listen:
        host.hurry(timeout=0.3)
    client = await host.client()
    if not listen:
        await client.reply()
        host.hurry(timeout=0.3)
        await client.say("STARTTLS")
    hello = client_hello()
    await client.send(hello[: int(len(hello) * share)])
    await _drained(client)
    await host.emptied()


async def _drained(client: Any) -> None:
    """Read until the host has closed."""
    try:
        async with asyncio.timeout(PATIENCE):
            while await client.reader.read(65536):
                pass
    except ConnectionError:
        pass


async def test_others_are_served_while_handshakes_stall(
    open_host: Opened, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    for _ in range(20):
        client = await host.client()
        await client.reply()
        await client.say("STARTTLS")
        await client.send(client_hello()[:50])
    other = await host.greeted()
    await other.say("STARTTLS")
    await other.begin_tls(unverified())
    assert (await host.send(other, "anna.reed@example.net")).startswith("250")


async def test_words_between_starttls_and_the_handshake_are_no_commands(
    open_host: Opened, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    for at_once in (True, False):
        client = await host.greeted()
        if at_once:
            await client.send(b"STARTTLS\r\n" + NAMES)
            assert (await client.reply())[:3] == "220"
            await client.begin_tls(unverified())
            assert (await client.say("RCPT TO:<ben.ward@example.net>"))[:3] == "503"
            client.drop()
        else:
            await client.say("STARTTLS")
            await client.send(NAMES + client_hello())
            await _drained(client)
    await host.emptied()
    assert host.door.heard() == []


async def s_client(port: int, *options: str) -> Process:
    need(shutil.which("openssl"), "openssl")
    return await asyncio.create_subprocess_exec(
        "openssl",
        *("s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", "-name", "client.example"),
        *options,
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
    )


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
async def test_a_client_of_an_old_version_is_refused_however_low_it_aims(
    open_host: Opened, certificate: tuple[Path, Path], version: str
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    process = await s_client(host.address[1], version, "-cipher", "ALL:@SECLEVEL=0")
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate(b"")
    assert process.returncode != 0
    assert b"Cipher is (NONE)" in said
    await host.emptied()


async def test_renegotiation_is_refused_and_the_session_is_a_probe(
    open_host: Opened, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    process = await s_client(host.address[1], "-tls1_2", "-crlf")
    assert process.stdin
    assert process.stdout
    async with asyncio.timeout(PATIENCE):
        process.stdin.write(b"MAIL FROM:<>\n")
        await process.stdout.readuntil(b"250 2.1.0 Ok\r\n")
        process.stdin.write(b"rcpt TO:<anna.reed@example.net>\n")  # a line that begins with R renegotiates
        await process.stdout.readuntil(b"250 2.1.5 Ok\r\n")
        process.stdin.write(b"R\n")
        said = await process.stdout.read()
        await process.wait()
    assert b"no renegotiation" in said
    await host.emptied()
    assert host.door.heard() == ["probe RCPT anna.reed@example.net others 0"]
    other = await host.greeted()
    assert (await host.send(other, "ben.ward@example.net")).startswith("250")


async def test_a_server_name_that_is_none_harms_nobody(
    open_host: Opened, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    names = ("xn--" + "a" * 50, "a" * 63 + ".example", "mx.example.net.", "127.0.0.1")
    for name in names:
        client = await host.greeted()
        await client.say("STARTTLS")
        await client.writer.start_tls(unverified(), server_hostname=name)
        assert (await client.say("EHLO client.example")).endswith("CHUNKING")
        client.drop()
    await host.emptied()
