"""Homes to start a journey from."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.journey_parts import Home, Slack, initialise, slack


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one home, to be copied: making keys and a database is a journey of its own elsewhere."""
    return initialise(tmp_path_factory.mktemp("home"), "http://127.0.0.1:9/").folder


@pytest.fixture(name="slack")
def slack_fixture() -> Iterator[Slack]:
    with slack() as told:
        yield told


@pytest.fixture
def home(initialised: Path, tmp_path: Path, slack: Slack) -> Home:
    """Return a home of the test's own whose alerts go to `slack`."""
    return moved_in(initialised, tmp_path / "home", slack)


def moved_in(initialised: Path, folder: Path, told: Slack) -> Home:
    shutil.copytree(initialised, folder)
    (folder / "slack-url").write_text(told.url, encoding="ascii")
    return Home(folder)
