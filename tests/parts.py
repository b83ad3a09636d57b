"""Parts that many tests need, all of them real."""

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canary import keyring
from canary.plant import Planter
from canary.ports import Owing
from canary.store import SqliteStore, open_store

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KEYS = keyring.Keyring(b"i" * 32, b"d" * 32, b"x" * 32)
"""Keys that are the same in every run: what they draw by chance is then no test's luck."""


def need(present: object, what: str) -> None:
    """Skip, loudly, a test whose optional peer is not here; fail it where CI must have it."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"NOT TESTED: needs {what}")


def given(present: object, what: str) -> None:
    """Skip, loudly, a test for which a machine is not made, CI or not: nobody can install that."""
    if not present:
        pytest.skip(f"NOT TESTED: this machine has no {what}")


def given_ipv6() -> None:
    """Skip, loudly, a test on a machine without an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        given(None, "IPv6 loopback")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class House:
    """A database with its keys, a clock, and both sides ready to use."""

    folder: Path
    keys: keyring.Keyring
    clock: Clock
    store: SqliteStore
    planter: Planter
    opened: list[SqliteStore] = field(default_factory=list)

    def reopen(self, owing: Owing | None = None) -> SqliteStore:
        """Open the same database again, as another process would."""
        store = open_store(self.database, self.keys, owing=owing or OWING, clock=self.clock)
        self.opened.append(store)
        return store

    @property
    def database(self) -> Path:
        return self.folder / "canary.db"


OWING = Owing(("slack",), timedelta(minutes=5))
