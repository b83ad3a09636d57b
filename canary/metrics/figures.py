"""What the store, the disks and this process say of themselves becomes figures beside what was counted."""

import asyncio
import logging
import math
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path

from canary import tallies
from canary.ports import Status
from canary.tallies import Snapshot

log = logging.getLogger("canary.metrics")

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SELFTEST_NOTE = "selftest.result"
OK = "ok"
HELD_SECONDS = 10.0
PATIENCE_SECONDS = 1.0
STALE_SECONDS = 60.0


def status_figures(status: Status, now: datetime) -> dict[str, float]:
    """Return what the store says of itself; a time that is not known is left out."""
    owed = status.oldest_owed
    figures: dict[str, float] = {
        tallies.ACCESSES: status.accesses,
        f"{tallies.DECOYS}|shown": status.decoys,
        f"{tallies.DECOYS}|control": status.controls,
        f"{tallies.KEPT_HITS}|decoy": status.hits,
        f"{tallies.KEPT_HITS}|control": status.control_hits,
        tallies.KEPT_MESSAGES: status.messages,
        tallies.DATABASE_BYTES: status.size_bytes,
        tallies.ALERT_OLDEST_OWED_SECONDS: max((now - owed).total_seconds(), 0) if owed else 0,
    }
    figures |= {f"{tallies.ALERTS}|{state.value}": count for state, count in status.alerts.items()}
    times = ((tallies.LAST_MAIL_AT, status.last_mail), (tallies.LAST_SELFTEST_AT, status.last_selftest))
    return figures | {key: at.timestamp() for key, at in times if at is not None}


def selftest_figures(note: str | None) -> dict[str, float]:
    """Return how the last self-test ended, as `canary selftest` noted it under `SELFTEST_NOTE`."""
    return {} if note is None else {tallies.SELFTEST_OK: float(note == OK)}


def certificate_figures(expiries: Mapping[str, datetime]) -> dict[str, float]:
    """Return when certificates end, by host name; that under "", for all other names, is the default one."""
    return {
        f"{tallies.CERTIFICATE_EXPIRES_AT}|{name or 'default'}": at.timestamp()
        for name, at in expiries.items()
    }


def disk_figures(places: Mapping[str, Path]) -> dict[str, float]:
    """Return the size of the disks under folders named `store` and `spill`, and what is free there for us.

    A folder that cannot be asked has no figures: `/readyz` says so.
    """
    figures: dict[str, float] = {}
    for place, folder in places.items():
        try:
            disk = os.statvfs(folder)
        except OSError:
            continue
        figures[f"{tallies.DISK_BYTES}|{place}"] = disk.f_blocks * disk.f_frsize
        figures[f"{tallies.DISK_FREE_BYTES}|{place}"] = disk.f_bavail * disk.f_frsize
    return figures


def process_figures(role: str) -> dict[str, float]:
    """Return this process's processor time, memory and descriptors; `role` is `parent` or `worker`.

    Costs about 20 microseconds on Linux 6.2 or later. What the system does not tell is left out.
    """
    spent = os.times()
    figures = {f"{tallies.PROCESS_CPU_SECONDS}|{role}": spent.user + spent.system}
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
        descriptors = os.stat("/proc/self/fd").st_size or len(os.listdir("/proc/self/fd"))  # noqa: PTH116, PTH208 - no Path for every scrape
    except (OSError, ValueError, IndexError):
        return figures
    figures[f"{tallies.PROCESS_MEMORY_BYTES}|{role}"] = pages * PAGE_BYTES
    figures[f"{tallies.PROCESS_DESCRIPTORS}|{role}"] = descriptors
    return figures


class Held:
    """Figures that are dear to ask for: asked for one at a time, and not again for a while.

    Whoever wants them waits a second for new ones and then takes the old, up to a minute's; after that
    there are none. So a store that answers nobody takes no other figure with it, and no thread piles up.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[Snapshot]],
        seconds: float = HELD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._asking: asyncio.Task[None] | None = None
        self._figures: Snapshot = {}
        self._taken = -math.inf

    async def __call__(self) -> Snapshot:
        """Return the figures, new ones if they come in time."""
        if self._asking is None and self._clock() - self._taken >= self._seconds:
            self._asking = asyncio.create_task(self._renew())
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=PATIENCE_SECONDS)
        return self._figures if self._clock() - self._taken < STALE_SECONDS else {}

    async def _renew(self) -> None:
        try:
            self._figures = await self._ask()
            self._taken = self._clock()
        except Exception as error:  # noqa: BLE001 - whatever it was, the other figures are served
            log.warning("figures cannot be had now: %s", type(error).__name__)
        finally:
            self._asking = None
