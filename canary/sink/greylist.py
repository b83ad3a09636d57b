"""Who writes to whom for the first time has to wait; who came back is let in (RFC 6647)."""

from collections import OrderedDict

from canary.address import canonical
from canary.sink.network import packed

DAY = 86400.0
RETRY_WITHIN = 2 * DAY
"""How many seconds a client has to come back, before it is new again."""

GOOD_FOR = 36 * DAY
"""For how many seconds who came back is let in, counted from the last time."""

REMEMBERED = 100_000
"""How many triples are remembered, those that were seen last; about 20 MB when all are."""

PREFIXES = {4: 3, 16: 8}
"""How many bytes of an address make its network, a /24 or a /64: big senders try again from a neighbour."""


class Greylist:
    """A bounded table of who wrote to whom; `delay` is in seconds, as are all times, of any one clock."""

    __slots__ = ("_delay", "_most", "_seen")

    def __init__(self, delay: float, most: int = REMEMBERED) -> None:
        self._delay = delay
        self._most = most
        self._seen: OrderedDict[int, tuple[float, bool]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many triples are remembered."""
        return len(self._seen)

    def waits(self, ip: str, sender: str, recipient: str, now: float) -> bool:
        """Say whether a client at `ip` has to wait before it may write to this recipient as this sender."""
        triple = hash((_network(ip), sender.lower(), canonical(recipient)))
        first, came_back = self._seen.get(triple, (now, False))
        if now - first > (GOOD_FOR if came_back else RETRY_WITHIN):
            first, came_back = now, False
        waits = not came_back and now - first < self._delay
        self._seen[triple] = (first, False) if waits else (now, True)
        self._seen.move_to_end(triple)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return waits


def _network(ip: str) -> bytes:
    address = packed(ip)
    return address[: PREFIXES.get(len(address), 0)]
