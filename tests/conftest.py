"""Fixtures of the whole tree."""

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from canary import keyring
from canary.mint import Minter, MintPolicy
from canary.model import Access, Message, Peer
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.store import create_store, open_store
from tests.certificates import certify
from tests.parts import KEYS, OWING, START, Clock, House

# A slow machine is no failure; and CI tries the same examples every time: new ones are for who can mend.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("house")

LONGEST = (
    *("house", "front", "watch/test_serving", "journeys", "fuzz", "store/test_store_faults", "portal"),
    *("plant/test_processes", "metrics/test_metrics_journey", "sink/test_sink_limits_many", "api", "cli"),
    *("watch", "middleware", "odds", "persona", "seed", "store", "metrics", "sink/test_sink_postfix"),
)
"""Where tests take longest: a file goes to one process as a whole, and who begins late ends last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files begin first."""

    def place(item: pytest.Item) -> int:
        return next((n for n, part in enumerate(LONGEST) if f"tests/{part}" in item.nodeid), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def keys() -> keyring.Keyring:
    """Return keys that are the same in every run."""
    return KEYS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(tmp_path: Path, keys: keyring.Keyring, clock: Clock) -> Iterator[House]:
    database = tmp_path / "canary.db"
    create_store(database, keys)
    store = open_store(database, keys, owing=OWING, clock=clock)
    policy = MintPolicy((("one.example", 1.0), ("two.example", 3.0)))
    minter = Minter(policy, NaturalGenerator(keys.draw, floor_bits=24), keys.draw)
    made = House(tmp_path, keys, clock, store, Planter(store, minter, clock))
    yield made
    for each in (store, *made.opened):
        each.close()


@pytest.fixture
def access() -> Callable[..., Access]:
    """Return a maker of accesses: a minute apart, of one employee and record unless said."""
    minutes = itertools.count()

    def make(employee: str = "e.marsh", record: str = "B07QX4T2LM", **told: object) -> Access:
        at = told.pop("at", None) or START + timedelta(minutes=next(minutes))
        return Access(employee, record, at, **told)  # type: ignore[arg-type]

    return make


@pytest.fixture
def mail() -> Callable[..., Message]:
    """Return a maker of messages as the sink hands them over; each different from the last."""
    numbers = itertools.count()

    def make(*recipients: str, mail_from: str = "care@seller.example", **told: object) -> Message:
        raw = told.pop("raw", None) or (
            b"From: Care <care@seller.example>\r\nSubject: About your review\r\n"
            b"Message-ID: <%d@seller.example>\r\n\r\nPlease change it.\r\n" % next(numbers)
        )
        at = told.pop("at", None) or START + timedelta(days=2)
        peer = Peer("192.0.2.7", 41234, "mail.seller.example")
        return Message(raw, mail_from, recipients, peer, at, **told)  # type: ignore[arg-type]

    return make


@pytest.fixture
def new_certificate() -> Callable[..., tuple[Path, Path]]:
    """Return the maker of certificates."""
    return certify
