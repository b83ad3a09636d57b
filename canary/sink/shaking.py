"""A connection in clear text becomes one over TLS, whatever the client was quick enough to say before."""

import asyncio
import ssl
from typing import Any

from canary.sink.handshake import telling_why

HANDSHAKE = 15.0
"""How many seconds a TLS handshake may take."""


async def shaken(
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    context: ssl.SSLContext,
    patience: float,
    early: bytes = b"",
) -> asyncio.Transport | None:
    """Return the transport on which a protocol goes on as a server, None if the client is gone.

    `early` are bytes of the handshake that were read already. It may take `patience` seconds, and no more
    than HANDSHAKE. Raises OSError (with ssl.SSLError and ConnectionError) where it fails.
    """
    loop = asyncio.get_running_loop()
    shaking = loop.create_task(
        loop.start_tls(
            transport,
            protocol,
            context,
            server_side=True,
            ssl_handshake_timeout=min(HANDSHAKE, patience),
        )
    )
    with telling_why(transport):
        if early:
            await _give_back(early, transport, protocol, shaking)
        return await shaking


async def _give_back(
    early: bytes, transport: asyncio.Transport, protocol: asyncio.Protocol, shaking: "asyncio.Task[Any]"
) -> None:
    """Hand bytes that were read too soon to the protocol that took this one's place."""
    while transport.get_protocol() is protocol and not shaking.done():  # noqa: ASYNC110 - a turn or two
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # it learns of its connection in the next turn of the loop
    below = transport.get_protocol()
    while early and isinstance(below, asyncio.BufferedProtocol) and not shaking.done():
        buffer = memoryview(below.get_buffer(len(early)))
        count = min(len(buffer), len(early))
        buffer[:count] = early[:count]
        below.buffer_updated(count)
        early = early[count:]
