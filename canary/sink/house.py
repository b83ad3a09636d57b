"""What all conversations of one listener share, and who of them is there."""

import asyncio
from ssl import SSLContext
from typing import Protocol

from canary.ports import Clock
from canary.sink.door import Door
from canary.sink.settings import SinkSettings


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
    """Settings, door, clock and certificate; `tls` may be replaced at any time."""

    __slots__ = ("_empty", "clock", "closing", "door", "present", "settings", "tls")

    def __init__(self, settings: SinkSettings, door: Door, clock: Clock, tls: SSLContext | None) -> None:
        self.settings = settings
        self.door = door
        self.clock = clock
        self.tls = tls
        self.closing = False
        self.present: set[Guest] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def full(self) -> bool:
        """Say whether one guest more would be too many."""
        return len(self.present) >= self.settings.max_connections

    def admit(self, guest: Guest) -> None:
        """Note that a guest is there."""
        self.present.add(guest)
        self._empty.clear()

    def part(self, guest: Guest) -> None:
        """Note that a guest is gone and nothing is done for it any more."""
        self.present.discard(guest)
        if not self.present:
            self._empty.set()

    async def emptied(self, seconds: float) -> bool:
        """Wait until nobody is there; say whether that came within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True
