"""What all processes count, and what the store and the disks say, becomes metrics and a word on health."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from canary.config.places import Endpoint
from canary.errors import StoreError
from canary.metrics.figures import (
    SELFTEST_NOTE,
    Held,
    certificate_figures,
    disk_figures,
    process_figures,
    selftest_figures,
    status_figures,
)
from canary.metrics.health import readiness
from canary.metrics.server import serving_metrics
from canary.ports import Store, system_clock
from canary.tallies import STORE_FAILURES, Snapshot
from canary.watch.keeper import Keeper
from canary.watch.steward import Steward

FAILING_SECONDS = 30.0


@contextlib.asynccontextmanager
async def measuring(
    endpoint: Endpoint,
    store: Store,
    steward: Steward,
    keeper: Keeper,
    disks: Mapping[str, Path],
) -> AsyncIterator[tuple[str, int]]:
    """Serve metrics and health until the block ends; yields the address. Raises ConfigurationError."""

    async def ask() -> Snapshot:
        try:
            status = await asyncio.to_thread(store.status)
            tested = await asyncio.to_thread(store.note, SELFTEST_NOTE)
        except StoreError:
            keeper.tallies.add(f"{STORE_FAILURES}|status")
            raise
        return status_figures(status, system_clock()) | selftest_figures(tested)

    held = Held(ask)

    async def snapshot() -> Snapshot:
        of_store = await held()
        certificates = certificate_figures(steward.expiries)
        own = disk_figures(disks) | process_figures("parent")
        return {**steward.snapshot(), **of_store, **certificates, **own}

    async def keeping() -> str:
        return keeper.trouble(FAILING_SECONDS)

    async def listening() -> str:
        missing = steward.missing
        return f"{missing} workers are not there" if missing else ""

    checks = {**readiness(snapshot), "listening": listening, "keeping": keeping}
    async with serving_metrics(endpoint, snapshot, checks) as bound:
        yield bound
