"""Mail that names no decoy becomes kept, or put off: nobody fills the disk with it."""

from os import statvfs
from tempfile import gettempdir

from canary.sink.account import DAY
from canary.sink.settings import SinkSettings

ROW = 4096
"""How many bytes a message counts as at least, for it takes some beside its own."""
RESERVE, RESERVE_BYTES = 20, 1024**3
"""One part in so many of the file system is for mail that names decoys, up to so many bytes."""
LOOK_AGAIN = 1.0
"""How many seconds go by before the file system is asked again."""


class Shelf:
    """What was kept of ordinary mail in a day, of each network and of all; the day begins with the first.

    A message is counted when it is asked for, also one that the store fails to keep. So many networks are
    told apart as messages fit into the day: 51,200 by default, about 8 MB.
    """

    __slots__ = ("_ends", "_is_low", "_looked_until", "_networks", "_ordinary", "_path", "_taken")

    def __init__(self, settings: SinkSettings) -> None:
        self._networks: dict[bytes, tuple[int, int]] = {}
        self._taken = 0
        self._ends = 0.0
        self.reload(settings)

    def reload(self, settings: SinkSettings) -> None:
        """Take other bounds from now on; what was kept stays counted."""
        self._ordinary = settings.ordinary
        self._path = settings.spill_folder or gettempdir()
        self._looked_until = 0.0
        self._is_low = False

    def is_low(self, now: float) -> bool:
        """Say whether so little is left of the file system that only mail for decoys may have it."""
        if now >= self._looked_until:
            self._looked_until = now + LOOK_AGAIN
            try:
                found = statvfs(self._path)
            except OSError:
                self._is_low = False  # whoever writes there will say so
            else:
                reserve = min(found.f_blocks * found.f_frsize // RESERVE, RESERVE_BYTES)
                self._is_low = found.f_bavail * found.f_frsize < reserve
        return self._is_low

    def take(self, network: bytes | None, size: int, now: float) -> bool:
        """Say whether an ordinary message has a place, and count it; None is a network without bounds."""
        if now >= self._ends:
            self._ends = now + DAY
            self._networks.clear()
            self._taken = 0
        ordinary, size = self._ordinary, max(size, ROW)
        if self._taken + size > ordinary.house_bytes:
            return False
        if network is not None:
            count, used = self._networks.get(network, (0, 0))
            if count >= ordinary.network_messages or used + size > ordinary.network_bytes:
                return False
            self._networks[network] = count + 1, used + size
        self._taken += size
        return True
