"""A visit without a wire."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, cast

from canary.errors import StoreError
from canary.model import Message, Peer, Probe
from canary.ports import system_clock
from canary.sink import SinkSettings
from canary.sink.door import Door
from canary.sink.house import House
from canary.sink.visit import Visit
from canary.tallies import Tallies

HOSTNAME = "mx.example.net"


@dataclass
class OddDoor:
    """Has one decoy, and fails in three ways; `live` counts the look-ups."""

    odds: dict[str, float] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def is_live(self, address: str) -> bool:
        self.looked_up.append(address)
        if address.startswith("locked"):
            raise StoreError("database is locked")
        if address.startswith("broken"):
            raise RuntimeError("python secret")
        return address == "live@example.net"

    def chance(self, address: str) -> float:
        return self.odds.get(address, 1.0)

    async def message(self, message: Message) -> None:
        raise AssertionError(message)

    async def probe(self, probe: Probe) -> None:
        raise AssertionError(probe)

    def stray(self, address: str, peer: Peer) -> None:
        self.strays.append(address)
        if address.startswith("odd"):
            raise RuntimeError(f"python cannot count {address} of {peer}")


@dataclass
class Times:
    """The loop's time, moved by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def new_visit(
    door: Door | None = None,
    *,
    times: Times | None = None,
    lmtp: bool = False,
    our_ip: str = "198.51.100.1",
    domains: Collection[str] = ("example.net",),
    **settings: Any,
) -> Visit:
    """Return a stranger's visit to a house of its own."""
    wanted = SinkSettings((), HOSTNAME, frozenset(domains), reverse_names=False, **settings)
    loop = cast("Any", None)  # nothing is looked up, so nothing is awaited
    house = House(wanted, door or OddDoor(), system_clock, Tallies(), loop)
    peer = Peer("192.0.2.1", 1, session="0123456789ab")
    return Visit(house, house.words(our_ip), peer, times or Times(), offers_tls=True, lmtp=lmtp)
