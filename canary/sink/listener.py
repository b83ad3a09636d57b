"""Settings and a door become a listening host."""

import asyncio
import errno
import os
import socket

from canary.errors import ConfigurationError
from canary.ports import Clock, system_clock
from canary.sink.conversation import Conversation
from canary.sink.door import Door
from canary.sink.house import House
from canary.sink.settings import SinkSettings, endpoint_of
from canary.sink.tls import tls_context

BACKLOG = 1024
FAREWELL = 1.0
"""How many seconds the last replies have to go out when the house is closed."""

HINTS = {
    errno.EACCES: "a port below 1024 needs CAP_NET_BIND_SERVICE, or take a higher one and redirect",
    errno.EADDRINUSE: "another program listens there; `ss -ltnp` names it",
    errno.EADDRNOTAVAIL: "this machine has no such address; `ip address` lists those it has",
}


class Listener:
    """A mail host that receives for decoys and for nobody else."""

    def __init__(self, settings: SinkSettings, door: Door, *, clock: Clock = system_clock) -> None:
        self._house = House(settings, door, clock, tls=None)
        self._servers: list[asyncio.Server] = []

    async def start(self) -> tuple[tuple[str, int], ...]:
        """Open every address and return those that were bound. Raises ConfigurationError."""
        settings = self._house.settings
        endpoints = [endpoint_of(listen) for listen in settings.listen]
        self._house.tls = tls_context(settings.tls_cert, settings.tls_key)
        loop = asyncio.get_running_loop()
        for (host, port), listen in zip(endpoints, settings.listen, strict=True):
            try:
                server = await loop.create_server(
                    lambda: Conversation(self._house, loop), host, port, backlog=BACKLOG
                )
            except OSError as error:
                await self.close(0)
                raise _unbound(listen, error) from None
            self._servers.append(server)
        return tuple(s.getsockname()[:2] for server in self._servers for s in server.sockets)

    async def close(self, grace: float) -> None:
        """Accept nobody any more, let running transactions end within `grace` seconds, then hang up."""
        for server in self._servers:
            server.close()
        house = self._house
        house.closing = True
        for guest in list(house.present):
            guest.retire()
        if not await house.emptied(grace):
            for guest in list(house.present):
                guest.dismiss()
        if not await house.emptied(FAREWELL):
            for guest in list(house.present):
                guest.abort()
        await house.emptied(FAREWELL)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()


def _unbound(listen: str, error: OSError) -> ConfigurationError:
    if isinstance(error, socket.gaierror):
        return ConfigurationError(
            f"cannot listen on {listen}: no such host", hint="name an address of this machine"
        )
    reason = os.strerror(error.errno) if error.errno else "no usable address"
    return ConfigurationError(f"cannot listen on {listen}: {reason}", hint=HINTS.get(error.errno or 0, ""))
