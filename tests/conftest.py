"""Fixtures of the whole tree."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from canary import keyring
from canary.mint import Minter, MintPolicy
from canary.model import Access, Message, Peer
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.store import create_store, open_store
from tests.certificates import certify
from tests.parts import OWING, START, Clock, House

settings.register_profile("house", deadline=None)  # a slow machine is no failure
settings.load_profile("house")


@pytest.fixture(scope="session")
def keys() -> keyring.Keyring:
    """Return keys that are the same in every run: what they draw by chance is then no test's luck."""
    return keyring.Keyring(b"i" * 32, b"d" * 32, b"x" * 32)


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
