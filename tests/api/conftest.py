"""The API of the tests in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.api_parts import Door, answering_in, home_in


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Return an API for the tests of a file; each uses employees and records of its own."""
    with answering_in(home_in(tmp_path_factory.mktemp("api"))) as opened:
        yield opened


@pytest.fixture
def own_door(tmp_path: Path) -> Iterator[Door]:
    """Return an API for one test alone, which waits for a busy database for a moment only."""
    with answering_in(home_in(tmp_path), patience=0.3) as opened:
        yield opened
