"""What all conversations of one listener share, and who of them is there."""

import asyncio
import logging
from collections.abc import Awaitable
from enum import Enum
from typing import Protocol

from canary.ports import Clock
from canary.sink.budget import Budget
from canary.sink.door import Door
from canary.sink.greylist import Greylist
from canary.sink.idlers import Idlers
from canary.sink.limits import Gate
from canary.sink.profiles import Words, spoken_by
from canary.sink.reverse import ReverseNames
from canary.sink.settings import SinkSettings
from canary.sink.tls import Certificates, hostnames_of
from canary.tallies import CONNECTIONS_OPEN, FAILURES, Tallies

log = logging.getLogger("canary.sink")


class Kind(Enum):
    """What is spoken at a socket."""

    SMTP = "smtp"
    LMTP = "lmtp"
    TLS = "tls"


class Guest(Protocol):
    """A conversation, as the house sees it."""

    def retire(self) -> None:
        """Hang up at the end of the running transaction, at once if there is none."""
        ...

    def dismiss(self) -> None:
        """Hang up now, giving up what is being awaited."""
        ...

    def abort(self) -> None:
        """Drop the connection without a word."""
        ...


class House:
    """Settings, door, clock, certificates, limits and counts; settings may be replaced at any time."""

    __slots__ = (
        "_domains", "_empty", "_handed", "_words", "budget", "certificates", "clock", "closing", "door",
        "gate", "greylist", "idlers", "loop", "present", "reverse", "settings", "tallies",
    )  # fmt: skip

    def __init__(
        self,
        settings: SinkSettings,
        door: Door,
        clock: Clock,
        tallies: Tallies,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Read the certificates. Raises ConfigurationError."""
        self.door = door
        self.clock = clock
        self.tallies = tallies
        self.loop = loop
        self.closing = False
        self.present: set[Guest] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._handed: set[asyncio.Future[object]] = set()
        self.settings = settings
        self.certificates = Certificates(settings.tls, hostnames_of(settings))
        self.gate = Gate(settings, tallies)
        self.budget = Budget(settings.memory, settings.disk, tallies)
        self.idlers: Idlers[Guest] = Idlers(tallies)
        self.greylist = Greylist(settings.greylist) if settings.greylist else None
        self.reverse = ReverseNames(loop) if settings.reverse_names else None
        self._words: dict[str, Words] = {}
        self._domains: dict[str, frozenset[str]] = {}

    def reload(self, settings: SinkSettings) -> None:
        """Take new settings for those who come from now on. Raises ConfigurationError, changing nothing."""
        certificates = Certificates(settings.tls, hostnames_of(settings))
        self.certificates, self.settings = certificates, settings
        self.gate.reload(settings)
        self.budget.reload(settings.memory, settings.disk)
        if not settings.greylist:
            self.greylist = None
        elif self.greylist is None:
            self.greylist = Greylist(settings.greylist)
        if not settings.reverse_names:
            self.reverse = None
        elif self.reverse is None:
            self.reverse = ReverseNames(self.loop)
        self._words.clear()
        self._domains.clear()

    def words(self, our_ip: str) -> Words:
        """Return what is said to clients that came to this address of ours."""
        words = self._words.get(our_ip)
        if words is None:
            hostname = dict(self.settings.hostnames).get(our_ip, self.settings.hostname)
            words = spoken_by(self.settings.profile, hostname)
            if len(self._words) < len(self.settings.hostnames) + 16:
                self._words[our_ip] = words
        return words

    def domains(self, hostname: str) -> frozenset[str]:
        """Return the domains that we receive for where we go by this name of ours."""
        found = self._domains.get(hostname)
        if found is None:
            found = self._domains[hostname] = self.settings.domains_of(hostname)
        return found

    def admit(self, guest: Guest) -> None:
        """Note that a guest is there."""
        self.present.add(guest)
        self.tallies.put(CONNECTIONS_OPEN, len(self.present))
        self._empty.clear()

    def part(self, guest: Guest) -> None:
        """Note that a guest is gone and nothing is done for it any more."""
        self.present.discard(guest)
        self.tallies.put(CONNECTIONS_OPEN, len(self.present))
        self._look_around()

    def hand_over(self, keeping: Awaitable[object]) -> None:
        """Let the door keep something that no client waits for; the house is not empty until it has.

        Nothing that a client can time depends on it: how long it takes would tell a decoy from others.
        """
        handed = asyncio.ensure_future(keeping, loop=self.loop)
        self._handed.add(handed)
        self._empty.clear()
        handed.add_done_callback(self._handed_over)

    def _handed_over(self, handed: asyncio.Future[object]) -> None:
        self._handed.discard(handed)
        self._look_around()
        error = None if handed.cancelled() else handed.exception()
        if handed.cancelled() or error is not None:
            self.tallies.add(f"{FAILURES}|probe")
            log.error("a probe was not kept: %s", type(error).__name__ if error else "given up")

    def _look_around(self) -> None:
        if not (self.present or self._handed):
            self._empty.set()

    async def emptied(self, seconds: float) -> bool:
        """Wait until nobody is there and all is handed over; say whether that came within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True
