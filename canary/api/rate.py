"""How much a key may name in a minute: a bucket that fills as time goes by."""

from math import ceil
from typing import Final

MINUTE: Final = 60.0


class Bucket:
    """Holds a minute's worth at most; what is taken comes back evenly over a minute."""

    __slots__ = ("_at", "_left", "_policy", "rate")

    def __init__(self, rate: int, now: float) -> None:
        self.rate = rate
        self._left = float(rate)
        self._at = now
        self._policy = b'"minute";q=%d;w=60' % rate

    def take(self, count: int, now: float) -> float:
        """Take so many and return 0; or take nothing and return in how many seconds there are as many."""
        self._left = min(self._left + (now - self._at) * self.rate / MINUTE, float(self.rate))
        self._at = now
        if count <= self._left:
            self._left -= count
            return 0.0
        return (count - self._left) * MINUTE / self.rate

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return what a client is told of it (draft-ietf-httpapi-ratelimit-headers-10).

        `r` is what is left now, `t` in how many seconds nothing will have been taken.
        """
        full = ceil((self.rate - self._left) * MINUTE / self.rate)
        return (
            (b"ratelimit-policy", self._policy),
            (b"ratelimit", b'"minute";r=%d;t=%d' % (int(self._left), full)),
        )
