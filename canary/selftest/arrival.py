"""What the store holds becomes the last legs: the letter was kept, the team told, the clock set anew."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from canary.errors import StoreError
from canary.mail import headers_of
from canary.model import Alert, AlertState, Hit, HitClass
from canary.ports import HitFilter, Store
from canary.selftest.letter import Letter
from canary.selftest.report import Leg, LegState

CLOCK_SLACK = timedelta(minutes=10)
FIRST_POLL = 0.02
LONGEST_POLL = 1.0
NOT_KEPT = (
    "it was acknowledged and is not here: compare store.url with that of `canary serve`; where another mail "
    "host stands in front, look into its queue"
)
NOT_TOLD = "see that `canary serve` runs with this configuration; `canary alerts list` says what is owed"
REFUSED = "`canary alerts test` tries the channel by itself; what is owed to it goes out once that works"
PARKED = "mend what the channel says, then run: canary alerts retry"
UNTOLD = "set alert.slack.url_file, or hits are only kept"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait for something: `patience` seconds, looking ever more rarely."""

    patience: float
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def looks(self) -> Iterator[None]:
        """Yield until the time is over, at least once."""
        deadline, pause = self.monotonic() + self.patience, FIRST_POLL
        yield
        while (left := deadline - self.monotonic()) > 0:
            self.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_POLL)
            yield


def arrived(
    store: Store,
    letter: Letter,
    since: datetime,
    channels: Sequence[str],
    silence: timedelta,
    waiting: Waiting,
) -> Iterator[Leg]:
    """Yield `kept`, a `told` for each channel, and `silence`. `since` is when the letter was written."""
    hit = yield from _kept(store, letter, since, waiting)
    if hit is None:
        return
    if not channels:
        yield Leg("told", LegState.SKIPPED, "no alert channel is configured", UNTOLD)
    yield from _told(store, hit, channels, since, waiting)
    yield _quiet(store, hit, silence)


def _kept(
    store: Store, letter: Letter, since: datetime, waiting: Waiting
) -> Generator[Leg, None, Hit | None]:
    fault = ""
    for _ in waiting.looks():
        try:
            hit = _found(store, letter, since)
        except StoreError as error:
            fault = f": {error.message}"
            continue
        if hit is not None:
            size = f", {hit.message.size:,} bytes" if hit.message else ""
            yield Leg("kept", LegState.OK, f"{hit.id}{size}")
            return hit
    said = f"no hit within {waiting.patience:g} s{fault}"
    yield Leg("kept", LegState.FAILED, said, NOT_KEPT, temporary=True)
    return None


def _found(store: Store, letter: Letter, since: datetime) -> Hit | None:
    """Return the hit of this very letter, by its decoy and reference."""
    wanted = HitFilter(hit_class=HitClass.MAIL, since=since - CLOCK_SLACK, selftests=True)
    mine = (hit for hit in store.hits(wanted) if hit.decoy.id == letter.decoy_id)
    return next((hit for hit in mine if _reference(hit) == letter.message_id), None)


def _reference(hit: Hit) -> str:
    return headers_of(hit.message.head).message_id if hit.message else ""


def _told(
    store: Store, hit: Hit, channels: Sequence[str], since: datetime, waiting: Waiting
) -> Iterator[Leg]:
    left = dict.fromkeys(channels)
    alerts: dict[str, Alert] = {}
    for _ in waiting.looks():
        alerts = _alerts(store, hit, since)
        for channel in [each for each in left if each in alerts]:
            if alerts[channel].state is not AlertState.OWED:
                del left[channel]
                yield _settled(alerts[channel])
        if not left:
            return
    for channel in left:
        owed = alerts.get(channel)
        said = f"{owed.id} is still owed: {owed.error or 'not tried'}" if owed else "no alert is owed to it"
        hint = REFUSED if owed and owed.error else NOT_TOLD
        yield Leg("told", LegState.FAILED, said, hint, channel, temporary=True)


def _alerts(store: Store, hit: Hit, since: datetime) -> dict[str, Alert]:
    """Return what is owed for a hit, by channel."""
    found: dict[str, Alert] = {}
    for alert in store.alerts():
        if alert.created_at < since - CLOCK_SLACK:
            break
        if any(each.id == hit.id for each in alert.hits):
            found[alert.channel] = alert
    return found


def _settled(alert: Alert) -> Leg:
    if alert.state is AlertState.PARKED:
        said = f"{alert.id} is parked: {alert.error}"
        return Leg("told", LegState.FAILED, said, PARKED, alert.channel)
    tries = f" at try {alert.attempts}" if alert.attempts > 1 else ""
    return Leg("told", LegState.OK, f"{alert.id} was sent{tries}", channel=alert.channel)


def _quiet(store: Store, hit: Hit, silence: timedelta) -> Leg:
    if not silence:
        hint = "set alert.silence, so that the team is told when self-tests stop arriving"
        return Leg("silence", LegState.SKIPPED, "alert.silence is 0: nobody would notice", hint)
    last = store.status().last_selftest
    if last is None or last < hit.at:
        return Leg("silence", LegState.FAILED, f"the clock stands at {last or 'nothing'}", "run it again")
    return Leg("silence", LegState.OK, f"the next must be kept by {hit.at + silence:%Y-%m-%d %H:%M:%S} UTC")
