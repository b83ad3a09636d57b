"""Self-tests that stay away become a word to the team: once, again every day, and once when they are back."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from canary.alert.facts import span, when
from canary.errors import CanaryError, DeliveryDelayed
from canary.model import Notice
from canary.ports import Channel, Clock, Store

LOG = logging.getLogger(__name__)

AGAIN = timedelta(hours=24)
SETTLING = timedelta(minutes=10)
"""How long a process that has just begun waits for a self-test first: the timer may begin with it."""

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)
POLL_SECONDS = 15.0
ORIGIN = "silence.origin"
CHECKS = (
    "Run: canary selftest (it says which leg fails).",
    "See whether its timer runs: systemctl list-timers canary-selftest.timer",
    "See whether canary serve runs and listens: canary status, /readyz, its log.",
    "See whether strangers reach it: the MX record of each domain, the firewall on port 25, the certificate.",
)


@dataclass(frozen=True, slots=True)
class Told:
    """When a channel was last told of a silence, and since when it had lasted."""

    at: datetime
    since: datetime

    def __str__(self) -> str:
        """Return it as it is noted in the store."""
        return f"{self.at.isoformat()} {self.since.isoformat()}"


def told_of(note: str | None) -> Told | None:
    """Return what a note says; None where nothing was told, or where it cannot be read."""
    try:
        at, since = (datetime.fromisoformat(part) for part in (note or "").split())
    except ValueError:
        return None
    return Told(at, since) if at.tzinfo and since.tzinfo else None


def word_due(
    last: datetime | None, origin: datetime, now: datetime, silence: timedelta, told: Told | None
) -> tuple[Notice, Told | None] | None:
    """Return what a channel is to be told now, and what it then has been told; None for nothing.

    `last` is when a self-test was last kept; without one the silence counts from `origin`.
    """
    since = last or origin
    if told is not None and since > told.since:
        return _over(since, since - told.since), None
    if now - since < silence or (told is not None and now - told.at < AGAIN):
        return None
    return _silent(last, now - since), Told(now, since)


def _silent(last: datetime | None, lasting: timedelta) -> Notice:
    known = f"The last was kept on {when(last)}" if last else "There never was one"
    return Notice(
        f"The sink has heard no self-test for {span(lasting)}",
        f"{known}. Mail may not be arriving: hits would be missed.",
        CHECKS,
    )


def _over(at: datetime, lasted: timedelta) -> Notice:
    return Notice(
        "Self-tests arrive again",
        f"One was kept on {when(at)}, after {span(lasted)} of silence. If mail could not arrive meanwhile, "
        "most senders try again for some days; what a list seller's program sent once is lost.",
    )


class Silence:
    """Watches for self-tests and tells each channel, at least once, whatever restarts come between."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        clock: Clock,
        silence: timedelta,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._channels = tuple(channels)
        self._clock = clock
        self._silence = silence
        self._jitter = jitter
        self._settled = clock() + min(SETTLING, silence)
        self._heard: datetime | None = None
        self._looked = False
        self._origin: datetime | None = None
        self._told: dict[str, Told | None] = {}
        self._held: dict[str, tuple[int, datetime]] = {}

    async def run(self, stopped: asyncio.Event) -> None:
        """Watch until stopped."""
        while not stopped.is_set():
            try:
                await self.tell_due()
            except Exception as error:  # noqa: BLE001 - whoever watches for silence must not fall silent
                said = error.message if isinstance(error, CanaryError) else type(error).__name__
                LOG.warning("whether self-tests arrive cannot be told now: %s", said)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), POLL_SECONDS)

    async def tell_due(self) -> int:
        """Tell the channels what they are to be told now; return how many were. Raises StoreError."""
        now = self._clock()
        if self._origin is None:
            self._origin = await asyncio.to_thread(self._begin, now)
        origin = self._origin
        quiet_from = (self._heard or origin) + self._silence
        if self._looked and not any(self._told.values()) and now < quiet_from:
            return 0
        self._heard = (await asyncio.to_thread(self._store.status)).last_selftest
        self._looked = True
        return sum([await self._tell(channel, origin, now) for channel in self._channels])

    def _begin(self, now: datetime) -> datetime:
        """Read what was told before; return since when there can be a silence, noting it the first time."""
        self._told = {each.name: told_of(self._store.note(_key(each))) for each in self._channels}
        noted = self._store.note(ORIGIN)
        if noted is not None:
            with suppress(ValueError):
                return datetime.fromisoformat(noted)
        self._store.set_note(ORIGIN, now.isoformat())
        return now

    async def _tell(self, channel: Channel, origin: datetime, now: datetime) -> bool:
        due = word_due(self._heard, origin, now, self._silence, self._told[channel.name])
        failures, until = self._held.get(channel.name, (0, now))
        if due is None or now < until or (due[1] is not None and now < self._settled):
            return False
        notice, told = due
        try:
            await channel.announce(notice)
        except CanaryError as error:
            delay = self._delay(error, failures)
            self._held[channel.name] = (failures + 1, now + delay)
            LOG.warning(
                "%s cannot be told (%s) now: %s; again in %.0f s",
                channel.name,
                notice.title,
                error.message,
                delay.total_seconds(),
            )
            return False
        self._held.pop(channel.name, None)
        self._told[channel.name] = told
        await asyncio.to_thread(self._store.set_note, _key(channel), str(told or ""))
        return True

    def _delay(self, error: CanaryError, failures: int) -> timedelta:
        """Return how long to wait; a refusal for good is tried again, too, for nothing else shows it."""
        if not error.temporary:
            return LONGEST_DELAY
        least = error.retry_after or 0.0 if isinstance(error, DeliveryDelayed) else 0.0
        ceiling = min(FIRST_DELAY * 2.0 ** min(failures, 20), LONGEST_DELAY)
        return max(ceiling * ((1 + self._jitter()) / 2), timedelta(seconds=least))


def _key(channel: Channel) -> str:
    return f"silence.{channel.name}"
