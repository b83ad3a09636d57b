"""Figures become a word on health: "" where all is well, else why not."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from canary import tallies
from canary.errors import CanaryError
from canary.tallies import Snapshot

log = logging.getLogger("canary.metrics")

Check = Callable[[], Awaitable[str]]
LEAST_FREE_BYTES = 256 * 1024 * 1024
LONGEST_OWED_SECONDS = 900.0
CHECK_SECONDS = 3.0
OK = "ok"


def readiness(
    snapshot: Callable[[], Awaitable[Snapshot]],
    longest_owed: float = LONGEST_OWED_SECONDS,
    clock: Callable[[], float] = time.time,
) -> dict[str, Check]:
    """Return the checks that figures alone can answer: workers, disk, certificate, alerts.

    `longest_owed` is how many seconds an alert may wait once it is due.
    """

    def of(judge: Callable[[Snapshot], str]) -> Check:
        async def check() -> str:
            return judge(await snapshot())

        return check

    return {
        "workers": of(workers),
        "disk": of(disk),
        "certificate": of(lambda figures: certificate(figures, clock())),
        "alerts": of(lambda figures: alerts(figures, longest_owed)),
    }


def workers(figures: Snapshot) -> str:
    """Say if nobody receives mail: one worker of several that is being restarted is no matter."""
    wanted = figures.get(tallies.WORKERS_WANTED, 0)
    return f"none of {wanted:g} is alive" if wanted and not figures.get(tallies.WORKERS) else ""


def disk(figures: Snapshot) -> str:
    """Say which disk has too little room for much longer, or cannot be asked."""
    free = _by_label(figures, tallies.DISK_FREE_BYTES)
    if not free:
        return "cannot be asked"
    full = {place: size for place, size in free.items() if size < LEAST_FREE_BYTES}
    return ", ".join(f"{size / 1e6:,.0f} MB free for the {place}" for place, size in sorted(full.items()))


def certificate(figures: Snapshot, now: float) -> str:
    """Say which certificates have expired; none is needed."""
    expired = {
        name: at for name, at in _by_label(figures, tallies.CERTIFICATE_EXPIRES_AT).items() if at <= now
    }
    return ", ".join(
        f"that of {name} expired {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
        for name, at in sorted(expired.items())
    )


def alerts(figures: Snapshot, longest_owed: float) -> str:
    """Say how long an alert has been owed, if that is too long."""
    owed = figures.get(tallies.ALERT_OLDEST_OWED_SECONDS, 0)
    return f"one has been owed for {owed / 60:.0f} minutes" if owed > longest_owed else ""


async def answers(checks: Mapping[str, Check]) -> dict[str, str]:
    """Return what each check says, all asked at once; one that fails or takes too long has not gone well."""
    said = await asyncio.gather(*(_answer(name, check) for name, check in checks.items()))
    return dict(zip(checks, said, strict=True))


async def _answer(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            why = await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a check that fails is an answer, too
        log.warning("check %s failed: %s", name, type(error).__name__)
        return error.message if isinstance(error, CanaryError) else f"failed: {type(error).__name__}"
    return why


def _by_label(figures: Snapshot, key: str) -> dict[str, float]:
    return {tally[len(key) + 1 :]: value for tally, value in figures.items() if tally.startswith(f"{key}|")}
