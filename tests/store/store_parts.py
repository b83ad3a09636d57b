"""What the store's tests have in common: attributed batches, decoys, and waiting without sleeping blindly."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from canary.model import Access, Decoy, Message, Probe
from canary.ports import Attributed
from canary.store import SqliteStore
from canary.watch.keeping import attributed
from tests.parts import START, House

Maker = Callable[..., Access]
Mail = Callable[..., Message]
SECONDS = 60.0


@dataclass(frozen=True)
class Bytes:
    """A body that is read from memory in chunks of no particular size, as from a file."""

    raw: bytes
    step: int = 100_001

    def __len__(self) -> int:
        return len(self.raw)

    def chunks(self) -> Iterator[bytes]:
        return (self.raw[at : at + self.step] for at in range(0, len(self.raw), self.step))


def decoy_of(house: House, access: Access) -> Decoy:
    return house.planter.plant(access).decoys[-1]


def selftest_of(house: House) -> Decoy:
    made = Decoy("s.t@one.example", "S", "T", START, 0, 30.0, "natural-1", control=True, selftest=True)
    with house.store.planting() as ledger:
        return ledger.add_controls([made])[0]


def batch_of(store: SqliteStore, *arrivals: Message | Probe) -> list[Attributed]:
    """Return arrivals with their verdicts, as the keeper hands them over."""
    named = {
        to for each in arrivals for to in ([each.recipient] if isinstance(each, Probe) else each.recipients)
    }
    sightings = store.sightings(named)
    return [attributed(each, sightings, store.base_rate()) for each in arrivals]


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds; fail if it never does."""
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.01)
