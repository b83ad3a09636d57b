"""Alerts that are owed become alerts that were sent, each channel for itself."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from canary.alert.silence import Silence
from canary.errors import CanaryError, DeliveryDelayed, StoreError
from canary.model import Alert, AlertState
from canary.ports import Channel, Clock, Store, Told
from canary.tallies import DELIVERIES, STORE_FAILURES, Tallies

LOG = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""How long a delivery may take: two posts with their timeouts. After a crash an alert waits it out."""

POLL_SECONDS = 5.0
BUSY_SECONDS = 0.05
LEASED_SECONDS = 1.0
DOWN_SECONDS = 5.0
FIRST_DELAY = 1.0
LONGEST_DELAY = 900.0
DELAYS_IN_A_ROW = 3
LONGEST_STORE_DELAY = 30.0
ERROR_CHARS = 300


Brief = Callable[[Alert], Alert]
"""Adds to an alert what is known of its incidents, in a thread. Raises StoreError."""


def unbriefed(alert: Alert) -> Alert:
    """Return an alert as it is."""
    return alert


class Tally(NamedTuple):
    """What became of the alerts of one pass."""

    sent: int = 0
    delayed: int = 0
    parked: int = 0


class Dispatcher:
    """Delivers what the store says is owed, at least once, on every channel independently.

    `wake` may be set to say that alerts may be owed now; without it they are found within
    five seconds, as other processes owe alerts too. `jitter` draws from 0 to 1. Where `silence` is not 0,
    the channels are told when no self-test is kept for so long. `brief` tells of an alert's incidents.
    """

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        clock: Clock,
        *,
        wake: asyncio.Event,
        jitter: Callable[[], float] = random.random,
        silence: timedelta = timedelta(0),
        tallies: Tallies | None = None,
        brief: Brief = unbriefed,
    ) -> None:
        self._brief = brief
        self._tallies = tallies or Tallies()
        self._store = store
        self._channels = tuple(channels)
        self._clock = clock
        self._wake = wake
        self._jitter = jitter
        self._silence = Silence(store, channels, clock, silence, jitter=jitter) if silence else None
        self._stopped = asyncio.Event()
        self._bells = {channel.name: asyncio.Event() for channel in self._channels}

    async def run(self) -> None:
        """Deliver until stopped or cancelled; a delivery under way is finished first."""
        relay = asyncio.create_task(self._relay())
        workers = [asyncio.create_task(self._serve(channel)) for channel in self._channels]
        if self._silence is not None:
            workers.append(asyncio.create_task(self._silence.run(self._stopped)))
        try:
            await self._stopped.wait()
        finally:
            self.stop()
            relay.cancel()
            await asyncio.gather(*workers)

    def stop(self) -> None:
        """Let `run` end once the deliveries under way are finished."""
        self._stopped.set()
        for bell in self._bells.values():
            bell.set()

    async def deliver_due(self) -> Tally:
        """Deliver what is due now, once, on all channels. Raises StoreError after all have had their turn."""
        passes = await asyncio.gather(*map(self._drain, self._channels), return_exceptions=True)
        tallies = [one for one in passes if isinstance(one, Tally)]
        for one in passes:
            if isinstance(one, BaseException):
                raise one
        return Tally(*(sum(column) for column in zip(*tallies, strict=True))) if tallies else Tally()

    async def _relay(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for bell in self._bells.values():
                bell.set()

    async def _serve(self, channel: Channel) -> None:
        bell = self._bells[channel.name]
        failures = 0
        while not self._stopped.is_set():
            bell.clear()
            waited_for, pause = bell, POLL_SECONDS
            try:
                tally = await self._drain(channel)
                failures = 0
                if tally.delayed < DELAYS_IN_A_ROW:
                    pause = await self._pause(channel, busy=any(tally))
                else:
                    waited_for, pause = self._stopped, DOWN_SECONDS
            except Exception as error:  # noqa: BLE001 - alerts are owed whatever happens; they are tried again
                failures += 1
                self._tallies.add(f"{STORE_FAILURES}|alerts")
                waited_for, pause = self._stopped, min(2.0 ** min(failures - 1, 10), LONGEST_STORE_DELAY)
                said = error.message if isinstance(error, StoreError) else type(error).__name__
                LOG.error("alerts for %s cannot be dispatched: %s; again in %g s", channel.name, said, pause)  # noqa: TRY400 - the cause is said; a traceback may quote what arrived
            with suppress(TimeoutError):
                await asyncio.wait_for(waited_for.wait(), pause)

    async def _pause(self, channel: Channel, *, busy: bool) -> float:
        due = await asyncio.to_thread(self._store.next_due, [channel.name])
        if due is None:
            return POLL_SECONDS
        least = BUSY_SECONDS if busy else LEASED_SECONDS
        return min(max((due - self._clock()).total_seconds(), least), POLL_SECONDS)

    async def _drain(self, channel: Channel) -> Tally:
        """Deliver what is due, one alert claimed at a time, until a channel has refused a few in a row."""
        outcomes: list[AlertState] = []
        while outcomes[-DELAYS_IN_A_ROW:] != [AlertState.OWED] * DELAYS_IN_A_ROW:
            if self._stopped.is_set():
                break
            alert = await asyncio.to_thread(self._store.claim_alert, channel.name, self._clock(), LEASE)
            if alert is None:
                break
            outcomes.append(await self._deliver(channel, alert))
        return Tally(
            *(outcomes.count(state) for state in (AlertState.SENT, AlertState.OWED, AlertState.PARKED))
        )

    async def _deliver(self, channel: Channel, alert: Alert) -> AlertState:
        state, delay, said, told = AlertState.SENT, 0.0, "", None
        alert = await self._briefed(alert)
        try:
            thread = await channel.deliver(alert)
            told = Told(alert.briefing.lead, thread) if alert.briefing else None
        except CanaryError as error:
            said = f"{error.message}; {error.hint}" if error.hint else error.message
            state = AlertState.OWED if error.temporary else AlertState.PARKED
            least = error.retry_after or 0.0 if isinstance(error, DeliveryDelayed) else 0.0
            delay = max(self._backoff(alert.attempts), least) if error.temporary else 0.0
        except Exception as error:  # parked and visible; the dispatcher lives on
            state, said = AlertState.PARKED, f"unexpected {type(error).__name__} while delivering"
            LOG.debug("alert %s", alert.id, exc_info=True)
        said = said[:ERROR_CHARS]
        self._log(channel, alert, state, delay, said)
        self._tallies.add(f"{DELIVERIES}|{'delayed' if state is AlertState.OWED else state.value}")
        await self._settle(alert, state, delay, said, told)
        return state

    async def _briefed(self, alert: Alert) -> Alert:
        try:
            return await asyncio.to_thread(self._brief, alert)
        except Exception as error:  # noqa: BLE001 - an alert goes out, whatever is known of its incident
            cause = error.message if isinstance(error, CanaryError) else type(error).__name__
            LOG.error("alert %s goes out without what is known of its incident: %s", alert.id, cause)  # noqa: TRY400 - a traceback may quote what arrived
            return alert

    def _log(self, channel: Channel, alert: Alert, state: AlertState, delay: float, said: str) -> None:
        if state is AlertState.PARKED:
            LOG.error("alert %s is parked, %s did not take it: %s", alert.id, channel.name, said)
        elif state is AlertState.OWED:
            LOG.warning(
                "alert %s waits %.0f s, %s cannot take it now: %s", alert.id, delay, channel.name, said
            )

    def _backoff(self, attempts: int) -> float:
        ceiling = min(FIRST_DELAY * 2.0 ** min(attempts, 20), LONGEST_DELAY)
        return ceiling * (1 + self._jitter()) / 2

    async def _settle(
        self, alert: Alert, state: AlertState, delay: float, said: str, told: Told | None
    ) -> None:
        due_at = self._clock() + timedelta(seconds=delay)
        await asyncio.to_thread(
            self._store.settle_alert, alert.id, state, due_at=due_at, error=said, told=told
        )
