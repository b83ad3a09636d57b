"""What the tests of the layers have in common: a house with a plan, and views of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from canary.mint import Minter
from canary.model import Access, Decoy, Layer, Planting
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.ports import Store
from tests.parts import START, House

DAY = timedelta(days=1)


def planned(house: House, store: Store | None = None, **plan: object) -> Planter:
    """Return a planter for the house's records under a plan."""
    policy = replace(house.planter.minter.policy, **plan)  # type: ignore[arg-type]
    generator = NaturalGenerator(house.keys.draw, floor_bits=24)
    return Planter(store or house.store, Minter(policy, generator, house.keys.draw), house.clock)


def look(planter: Planter, employee: str, days: float = 0, record: str = "B07", **told: object) -> Planting:
    """Plant a view so many days after the start."""
    return planter.plant(Access(employee, record, at(days), **told))  # type: ignore[arg-type]


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def of(layer: Layer, decoys: Planting | Iterable[Decoy]) -> set[str]:
    """Return the addresses of a layer's decoys."""
    found = decoys.decoys if isinstance(decoys, Planting) else decoys
    return {decoy.address for decoy in found if decoy.layer is layer and not decoy.control}
