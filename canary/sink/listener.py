"""Settings, sockets and a door become a listening host."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from canary.model import Attempts
from canary.ports import Clock, system_clock
from canary.sink.conversation import Conversation
from canary.sink.door import Door
from canary.sink.house import House
from canary.sink.settings import SinkSettings
from canary.sink.sockets import BACKLOG, Opened, open_sockets, remove_paths
from canary.sink.tls import Certificates
from canary.tallies import Tallies

AT_ONCE = 32
"""How many are let in before those who are in are heard again. Where descriptors run out asyncio tries, and
complains, as often before it waits for a second."""

FAREWELL = 1.0
"""How many seconds the last replies have to go out when the house is closed."""


class Listener:
    """A mail host that receives for decoys and for nobody else."""

    def __init__(
        self,
        settings: SinkSettings,
        door: Door,
        *,
        clock: Clock = system_clock,
        tallies: Tallies | None = None,
    ) -> None:
        self.tallies = tallies or Tallies()
        self._settings = settings
        self._door = door
        self._clock = clock
        self._servers: list[asyncio.Server] = []
        self._own: list[Opened] = []

    async def start(self, sockets: Sequence[Opened] | None = None) -> tuple[tuple[str, int], ...]:
        """Listen on sockets, or on those that the settings name; return host and port of each.

        Raises ConfigurationError, also where certificates cannot be read.
        """
        loop = asyncio.get_running_loop()
        self._house = House(self._settings, self._door, self._clock, self.tallies, loop)
        if sockets is None:
            (sockets,) = open_sockets(self._settings)
            self._own = [*sockets]
        for each in sockets:
            speak = partial(Conversation, self._house, loop, each.kind)
            serve = loop.create_unix_server if each.is_unix else loop.create_server
            self._servers.append(await serve(speak, sock=each.socket, backlog=AT_ONCE))
            each.socket.listen(BACKLOG)
        return tuple(each.address for each in sockets)

    def reload(self, settings: SinkSettings) -> None:
        """Treat those who come from now on by other settings; where it listens stays as it is.

        Raises ConfigurationError, everything staying as it was.
        """
        self._house.reload(settings)

    def expiries(self) -> Mapping[str, datetime]:
        """Return when the certificates end, by host name."""
        return self._house.certificates.expiries()

    def attempts(self) -> Sequence[Attempts]:
        """Return what client networks tried in vain since the last time."""
        return self._house.gate.drain(self._clock())

    async def close(self, grace: float) -> None:
        """Accept nobody any more, let running transactions end within `grace` seconds, then hang up."""
        remove_paths(self._own)
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


def check(settings: SinkSettings) -> None:
    """See whether a listener could begin under these settings. Raises ConfigurationError."""
    Certificates(settings.tls, frozenset({settings.hostname, *(name for _, name in settings.hostnames)}))
