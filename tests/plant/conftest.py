"""A planter for pages that are shown now, on a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canary import keyring
from canary.mint import Minter, MintPolicy
from canary.model import Access
from canary.persona import NaturalGenerator
from canary.plant import LivePlanter, Planter
from canary.store import create_store, open_store
from tests.parts import OWING, Clock, House


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


@pytest.fixture
def quick_house(tmp_path: Path, keys: keyring.Keyring, clock: Clock) -> Iterator[House]:
    """Return a house whose store waits for another writer for no longer than pages do."""
    create_store(tmp_path / "canary.db", keys)
    store = open_store(tmp_path / "canary.db", keys, owing=OWING, clock=clock, patience=0.3)
    policy = MintPolicy((("one.example", 1.0),), stable=1)
    minter = Minter(policy, NaturalGenerator(keys.draw, floor_bits=24), keys.draw)
    made = House(tmp_path, keys, clock, store, Planter(store, minter, clock))
    yield made
    for each in (store, *made.opened):
        each.close()


@pytest.fixture(params=[False, True], ids=["by its thread", "by who waits"])
def live(quick_house: House, request: pytest.FixtureRequest) -> Iterator[LivePlanter]:
    planter = LivePlanter(quick_house.planter, quick_house.keys, patience=30, prompt=request.param)
    yield planter
    planter.close()


@pytest.fixture
def seen(clock: Clock) -> "Seen":
    return Seen(clock)


class Seen:
    """Makes accesses of now, a millisecond apart."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def __call__(self, employee: str = "e.marsh", record: str = "B01", **told: object) -> Access:
        self.clock.now += timedelta(milliseconds=1)
        at = told.pop("at", None) or self.clock.now
        return Access(employee, record, at, **told)  # type: ignore[arg-type]
