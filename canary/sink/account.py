"""A client network and what it did become what it may still do."""

from math import inf
from typing import Self

from canary.sink.settings import SinkSettings

MINUTE, HOUR = 60.0, 3600.0
WELCOME = DAY = 24 * HOUR
"""For how many seconds a network is favoured after it named a live decoy."""
RESERVE = 0.1
"""The part of the house, of memory and of disk that is kept for networks that named a live decoy lately."""

CONNECTIONS_SHARE = 4
"""However welcome, a network that has more connections than the settings say has one in so many at most."""


class Allowance:
    """How much one network may do: counts, bytes, and how many seconds of its minute each thing takes.

    `times` is how many times what the settings say; of the bytes it is at most one part in `share`.
    """

    __slots__ = ("connection", "connections", "house", "message", "recipient", "shares", "slow", "unknown")

    def __init__(self, settings: SinkSettings, times: int, share: int, *, reserve: bool) -> None:
        limits, most = settings.limits, settings.max_connections
        self.house = most if reserve else most - int(most * RESERVE)
        self.connections: float = limits.connections and max(
            limits.connections, min(limits.connections * times, most // CONNECTIONS_SHARE)
        )
        self.connections = self.connections or inf
        self.connection, self.message, self.recipient = (
            MINUTE / (rate * times) if rate else 0.0
            for rate in (limits.connection_rate, limits.message_rate, limits.recipient_rate)
        )
        self.slow = limits.unknown_slow * times or inf
        self.unknown = limits.unknown * times or inf
        self.shares: dict[str, float] = {
            "memory": max(settings.memory // share, settings.spill_above),
            "disk": max(settings.disk // share, settings.max_message),
        }

    @classmethod
    def without_limits(cls, settings: SinkSettings) -> Self:
        """Return what somebody may do whom only the size of the house limits."""
        allowance = cls(settings, 1, 1, reserve=True)
        allowance.connections = allowance.slow = allowance.unknown = inf
        allowance.connection = allowance.message = allowance.recipient = 0.0
        allowance.shares = {"memory": inf, "disk": inf}
        return allowance


class Account:
    """What is held against one network. Of each rate: when it will have been paid off, by the loop's clock.

    `used` are the bytes of its bodies, where it ever had any; `here` counts its connections.
    """

    __slots__ = (
        "connection", "here", "hour_ends", "message", "recipient", "unknown", "used", "welcome_until",
    )  # fmt: skip

    def __init__(self, welcome_until: float) -> None:
        self.welcome_until = welcome_until
        self.here = self.unknown = 0
        self.connection = self.message = self.recipient = self.hour_ends = 0.0
        self.used: dict[str, int] | None = None

    def spends(self, rate: str, step: float, now: float) -> bool:
        """Say whether one thing more, worth `step` seconds, fits into a minute's; then it is paid for."""
        due = max(getattr(self, rate), now) + step
        if due - now > MINUTE + step / 2:
            return False
        setattr(self, rate, due)
        return True

    def is_burdened(self, now: float) -> bool:
        """Say whether somebody unknown would be let do more."""
        return (
            (self.unknown > 0 and self.hour_ends > now)
            or self.connection > now
            or self.message > now
            or self.recipient > now
        )
