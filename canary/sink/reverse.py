"""Addresses become names, without anybody waiting for it."""

import asyncio
import socket
from collections import OrderedDict
from contextlib import suppress
from threading import Thread

MOST = 4096
MOST_AT_ONCE = 8
GOOD_FOR = 3600.0
NAME_CHARACTERS = 255


class ReverseNames:
    """Names that addresses resolve to in reverse (RFC 1035 section 3.5), as their owners wrote them: claims.

    Bounded in what it remembers and in what it asks at once; what is not known in time is "". The system's
    resolver cannot be told to give up: it is asked in threads that nothing ever waits for, not even the end.
    """

    __slots__ = ("_asking", "_known", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._asking: set[str] = set()

    def want(self, ip: str) -> None:
        """Begin to find out, if that is needed and others do not take all turns."""
        if ip in self._asking or len(self._asking) >= MOST_AT_ONCE or not ip:
            return
        known = self._known.get(ip)
        if known is None or known[1] < self._loop.time():
            self._asking.add(ip)
            Thread(target=self._ask, args=(ip,), name="reverse-name", daemon=True).start()

    def name(self, ip: str) -> str:
        """Return what is known by now."""
        known = self._known.get(ip)
        return known[0] if known else ""

    def _ask(self, ip: str) -> None:
        try:
            name, _ = socket.getnameinfo((ip, 0), socket.NI_NAMEREQD)
        except (OSError, UnicodeError):
            name = ""
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(self._learn, ip, name)

    def _learn(self, ip: str, name: str) -> None:
        self._asking.discard(ip)
        shown = "".join(c if c.isprintable() else "?" for c in name[:NAME_CHARACTERS])
        self._known[ip] = shown, self._loop.time() + GOOD_FOR
        while len(self._known) > MOST:
            self._known.popitem(last=False)
