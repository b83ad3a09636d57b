"""Canary's API in a process of its own, and planters that ask it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from canary.client import Planter, SyncPlanter
from tests.journeys.journey_parts import initialise
from tests.portal.portal_parts import SLOW, api, new_key


@dataclass(frozen=True)
class Answering:
    """Where the API answers, and the file with a key to it."""

    url: str
    key: Path


@pytest.fixture(scope="session")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    home = initialise(tmp_path_factory.mktemp("middleware"), "http://127.0.0.1:9/")
    key = new_key(home, "plant")
    with api(home) as started:
        yield Answering(started.url, key)


@pytest.fixture
async def planter(answering: Answering) -> AsyncIterator[Planter]:
    async with Planter(answering.url, key_file=answering.key, budget=SLOW) as made:
        yield made


@pytest.fixture
def sync_planter(answering: Answering) -> Iterator[SyncPlanter]:
    with SyncPlanter(answering.url, key_file=answering.key, budget=SLOW) as made:
        yield made
