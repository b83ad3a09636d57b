"""Recipients that nobody has become evidence of who guesses."""

from datetime import UTC, datetime

from canary.model import Attempts
from canary.sink.network import written

NETWORKS = 10_000
"""How many networks a day are told apart; what comes from any further one is counted under OTHERS."""
SAMPLE = 200
"""How many addresses of a network are handed over in a day: a mailing to a list that was typed off a screen
names the mistyped decoys in it and nothing else of ours."""
FEW = 20
ROOM = 100_000
"""When so many were handed over in a day, of every network only `FEW` are: who keeps them may be unable to
write them down for hours, and holds them in memory."""

SAMPLES = 20_000
"""How many addresses of all networks together wait to be handed over; about 5 MB at their longest."""
LONGEST = 254
"""How many octets of an address are handed over; no longer one can be written to (RFC 5321 4.5.3.1.3)."""
OTHERS = "others"


class Guesses:
    """What client networks tried in vain since it was last handed over; bounded, whatever they try."""

    __slots__ = ("_counts", "_day", "_sampled", "_samples", "_today", "_waiting")

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}
        self._samples: dict[bytes, dict[str, int]] = {}
        self._sampled: dict[bytes, int] = {}
        self._waiting = self._today = 0
        self._day: datetime | None = None

    def note(self, network: bytes, address: str) -> None:
        """Count an address that a network tried."""
        sampled = self._sampled.get(network)
        if sampled is None:
            if len(self._sampled) >= NETWORKS:
                network = b""
            sampled = self._sampled.setdefault(network, 0)
        self._counts[network] = self._counts.get(network, 0) + 1
        sample = self._samples.get(network)
        if sample is None:
            sample = self._samples[network] = {}
        address = address.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore")
        if address in sample:
            sample[address] += 1
        elif sampled < (SAMPLE if self._today < ROOM else FEW) and self._waiting < SAMPLES:
            sample[address] = 1
            self._today += 1
            self._sampled[network] = sampled + 1
            self._waiting += 1

    def drain(self, at: datetime) -> list[Attempts]:
        """Return what was gathered since the last time, as of the day (in UTC) of `at`, and forget it.

        To be called every few seconds: what was tried just before midnight counts for the day of the call.
        """
        day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        gathered = []
        for network, count in self._counts.items():
            sample = self._samples.get(network, {})
            name = written(network) if network else OTHERS
            gathered.append(Attempts(day, name, count, tuple(sample), tuple(sample.values())))
        self._counts.clear()
        self._samples.clear()
        self._waiting = 0
        if day != self._day and self._day is not None:
            self._sampled.clear()
            self._today = 0
        self._day = day
        return gathered
