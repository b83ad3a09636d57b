"""Side by side with a real Postfix: a TLS handshake that fails ends with the same alert."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from canary import wiring
from canary.sink import Listener, SinkSettings
from canary.sink.settings import TlsFiles
from tests.parts import need
from tests.sink.conftest import PATIENCE, RememberingDoor
from tests.sink.postfix_parts import receiving_postfix
from tests.sink.test_sink_certificates import unverified

ALERT = b"\x15\x03\x03\x00\x02\x02"
"""A TLS 1.2 record with a fatal alert; its description is the next byte."""

UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE, PROTOCOL_VERSION = b"\x0a", b"\x28", b"\x46"
NO_HANDSHAKE = b"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff"


def hello(*ciphers: str, **wanted: ssl.TLSVersion) -> bytes:
    """Return the first words of a client that takes these ciphers only."""
    context = unverified()
    context.set_ciphers(":".join((*ciphers, "@SECLEVEL=0")))
    for name, value in wanted.items():
        setattr(context, name, value)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = context.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    return outgoing.read()


def no_cipher_in_common() -> bytes:
    return hello("NULL-SHA256", maximum_version=ssl.TLSVersion.TLSv1_2)


def an_old_version() -> bytes:
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        return hello("ALL", minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)


async def heard_after(port: int, words: bytes) -> bytes:
    """Return what a host says to the beginning of a handshake, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(PATIENCE):
        await reader.readline()
        writer.write(b"EHLO client.example\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass
        writer.write(b"STARTTLS\r\n")
        assert (await reader.readline()).startswith(b"220 ")
        writer.write(words)
        said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said


@pytest.fixture(scope="module")
def postfix(certificate: tuple[Path, Path]) -> Iterator[int]:
    with receiving_postfix("mx.example.net", ["anna.reed@example.net"], *certificate) as port:
        yield port


@pytest.mark.parametrize(
    ("words", "description"),
    [(NO_HANDSHAKE, UNEXPECTED_MESSAGE), (no_cipher_in_common(), HANDSHAKE_FAILURE)],
    ids=["no handshake", "no cipher in common"],
)
async def test_the_client_hears_from_us_the_alert_that_it_hears_from_postfix(
    postfix: int,
    open_host: Callable[..., Awaitable[Any]],
    certificate: tuple[Path, Path],
    words: bytes,
    description: bytes,
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    theirs, ours = [await heard_after(port, words) for port in (postfix, host.address[1])]
    assert theirs == ours == ALERT + description
    await host.emptied()


def test_the_alert_is_told_on_the_faster_loop_too(certificate: tuple[Path, Path]) -> None:
    factory = wiring.loop_factory()
    need(factory, "uvloop")

    async def heard() -> bytes:
        settings = SinkSettings(("127.0.0.1:0",), "mx.example.net", frozenset(), tls=TlsFiles(*certificate))
        listener = Listener(settings, RememberingDoor())
        ((_, port),) = await listener.start()
        try:
            return await heard_after(port, an_old_version())
        finally:
            await listener.close(0)

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(heard())[5:] == b"\x02" + PROTOCOL_VERSION
