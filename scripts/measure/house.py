"""A folder becomes a house: configuration, keys, database, opened as the command line does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canary import wiring
from canary.config import Config, load
from canary.keyring import Keyring
from canary.plant import Planter


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Planter, Keyring, Config]]:
    """Open the record side of a house made by `canary init`."""
    config = load(folder / "canary.toml", environ={}, cwd=folder)
    keys = wiring.load_keys(config)
    with wiring.opened_store(config, keys) as store:
        yield Planter(store, wiring.minter_of(config, keys)), keys, config
