"""Behind a load balancer: the PROXY protocol from those whom we named, and from nobody else."""

import ssl
import struct
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from canary.sink.settings import TlsFiles

Opened = Callable[..., Awaitable[Any]]
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
SECOND = SIGNATURE + struct.pack(
    "!BBH4s4sHH", 0x21, 0x11, 12, bytes([203, 0, 113, 9]), bytes([192, 0, 2, 1]), 4711, 25
)


@pytest.fixture
async def behind(open_host: Opened) -> Any:
    return await open_host(
        proxy_peers=(ip_network("127.0.0.0/8"),), hostnames=(("192.0.2.1", "mx.other.example"),)
    )


@pytest.mark.parametrize("header", [b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\r\n", SECOND])
@pytest.mark.parametrize("at_once", [True, False])
async def test_the_client_is_whom_the_proxy_speaks_for(behind: Any, header: bytes, *, at_once: bool) -> None:
    client = await behind.client()
    if at_once:
        await client.send(header + b"EHLO x\r\n")
    else:
        await client.send(header[:9])
        await client.send(header[9:])
    assert (await client.reply()).startswith("220 mx.other.example ")
    if not at_once:
        await client.send(b"EHLO x\r\n")
    assert (await client.reply()).startswith("250-mx.other.example")
    assert (await behind.send(client, "anna.reed@example.net")).startswith("250")
    message = behind.door.messages[0]
    assert (message.peer.ip, message.peer.port) == ("203.0.113.9", 4711)
    assert message.peer.via.startswith("127.0.0.1:")
    assert message.trace.host == "mx.other.example"


async def test_what_the_proxy_verified_of_the_client_is_kept(behind: Any) -> None:
    shown = b"\x01\0\0\0\0\x21\0\x07TLSv1.3\x22\0\x11relay.isp.example"
    told = bytes([203, 0, 113, 9, 192, 0, 2, 1]) + struct.pack("!HHBH", 4711, 25, 0x20, len(shown)) + shown
    client = await behind.client()
    await client.send(SIGNATURE + struct.pack("!BBH", 0x21, 0x11, len(told)) + told)
    assert (await client.reply()).startswith("220 ")
    await client.say("EHLO x")
    assert (await behind.send(client, "anna.reed@example.net")).startswith("250")
    peer = behind.door.messages[0].peer
    assert (peer.certificate, peer.tls) == ("relay.isp.example", "TLSv1.3")


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO x\r\n",
        b"PROXY TCP4 1.2.3\r\n",
        b"PROXY " + b"x" * 200,
        SIGNATURE + b"\x31\x11\x00\x00",
        b"\x16\x03\x01\x02",
    ],
)
async def test_a_connection_of_a_proxy_without_its_header_is_dropped_without_a_word(
    behind: Any, header: bytes
) -> None:
    client = await behind.client()
    await client.send(header)
    assert await client.closed()
    await behind.emptied()


async def test_a_proxy_that_says_nothing_is_dropped_in_time(behind: Any) -> None:
    behind.hurry(timeout=0.2)
    client = await behind.client()
    assert await client.closed()


async def test_a_stranger_who_sends_a_header_is_what_it_is(host: Any) -> None:
    client = await host.client()
    await client.reply()
    assert (await client.say("PROXY TCP4 203.0.113.9 192.0.2.1 4711 25"))[0] == "5"
    await client.say("EHLO x")
    assert (await host.send(client, "anna.reed@example.net")).startswith("250")
    assert host.door.messages[0].peer.ip == "127.0.0.1"
    assert host.door.messages[0].peer.via == ""


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_handshake_may_come_in_one_packet_with_the_header(
    open_host: Opened, certificate: tuple[Path, Path], *, at_once: bool
) -> None:
    host = await open_host(
        listen=(),
        tls_listen=("127.0.0.1:0",),
        tls=TlsFiles(*certificate),
        proxy_peers=(ip_network("127.0.0.0/8"),),
    )
    context = ssl.create_default_context(cafile=str(certificate[0]))
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = context.wrap_bio(arrived, leaving, server_hostname="localhost")
    client = await host.client()
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    header = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\r\n"
    if at_once:
        await client.send(header + leaving.read())
    else:
        await client.send(header)
        await client.send(leaving.read())
    greeting = b""
    while not greeting:
        arrived.write(await client.reader.read(65536))
        try:
            secured.do_handshake()
            await client.send(leaving.read())
            greeting = secured.read(1000)
        except ssl.SSLWantReadError:
            continue
    assert greeting.startswith(b"220 mx.example.net ")
