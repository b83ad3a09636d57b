"""A configuration becomes a planter for pages that are shown now, with its store open."""

from collections.abc import Iterator
from contextlib import contextmanager

from canary import wiring
from canary.config import Config
from canary.keyring import Keyring
from canary.plant.live import PATIENCE, LivePlanter
from canary.plant.planter import Planter
from canary.ports import Clock, system_clock


@contextmanager
def opened_live(
    config: Config,
    clock: Clock = system_clock,
    *,
    keyring: Keyring | None = None,
    patience: float = PATIENCE,
) -> Iterator[LivePlanter]:
    """Open the record side for pages that are shown now; nobody waits longer than `patience` seconds.

    Raises ConfigurationError, KeyringError, SchemaError, StoreError.
    """
    keys = keyring or wiring.load_keys(config)
    minter = wiring.minter_of(config, keys)
    minter.stranger(minter.policy.domains[0][0], b"")  # loads names: no page shall wait for it
    with wiring.opened_store(config, keys, clock, patience=patience) as store:
        planter = LivePlanter(Planter(store, minter, clock), keys, patience=patience, prompt=True)
        try:
            yield planter
        finally:
            planter.close()
