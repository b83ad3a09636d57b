import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from canary.alert.dispatcher import Brief, Dispatcher, Tally, unbriefed
from canary.alert.slack import SlackChannel
from canary.demo.slack import SlackReceiver
from canary.errors import CanaryError, DeliveryDelayed, DeliveryError, StoreError
from canary.model import Alert, AlertState, Briefing, Lead, Notice
from canary.ports import Told

if TYPE_CHECKING:
    from canary.ports import Store

MakeAlert = Callable[..., Alert]
START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


class Outbox:
    """The verbs of the store that a dispatcher uses, in memory."""

    def __init__(self, *alerts: Alert) -> None:
        self.now = START
        self.owed = {alert.id: alert for alert in alerts}
        self.leases: dict[str, datetime] = {}
        self.faults: list[Exception] = []
        self.told: dict[str, Told | None] = {}

    def clock(self) -> datetime:
        return self.now

    def claim_alert(self, channel: str, now: datetime, lease: timedelta) -> Alert | None:
        if self.faults:
            raise self.faults.pop(0)
        for alert in self.owed.values():
            free = self.leases.get(alert.id, now) <= now
            if alert.channel == channel and alert.state is AlertState.OWED and alert.due_at <= now and free:
                self.leases[alert.id] = now + lease
                return alert
        return None

    def settle_alert(
        self, alert_id: str, state: AlertState, *, due_at: datetime, error: str = "", told: Told | None = None
    ) -> None:
        self.told[alert_id] = told
        alert = self.owed[alert_id]
        self.owed[alert_id] = replace(
            alert, state=state, due_at=due_at, error=error, attempts=alert.attempts + 1
        )
        self.leases.pop(alert_id, None)

    def next_due(self, channels: Collection[str]) -> datetime | None:
        due = [
            max(alert.due_at, self.leases.get(alert.id, alert.due_at))
            for alert in self.owed.values()
            if alert.channel in channels and alert.state is AlertState.OWED
        ]
        return min(due, default=None)

    def states(self) -> list[AlertState]:
        return [alert.state for alert in self.owed.values()]


class Recorder:
    """A channel that takes alerts, or raises what it was told to raise for them."""

    def __init__(self, name: str = "slack", *faults: Exception | None) -> None:
        self.name = name
        self.faults: Iterator[Exception | None] = iter(faults)
        self.tried: list[str] = []
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def deliver(self, alert: Alert) -> str:
        self.tried.append(alert.id)
        self.entered.set()
        await self.gate.wait()
        fault = next(self.faults, None)
        if fault is not None:
            raise fault
        return f"thread of {alert.id}"

    async def announce(self, notice: Notice) -> None:
        self.tried.append(notice.title)

    async def aclose(self) -> None:
        """Let go of nothing."""


@pytest.fixture(name="owed")
def owed_fixture(make_alert: MakeAlert) -> Callable[..., Alert]:
    def owed(alert_id: str = "alr_1", channel: str = "slack", attempts: int = 0) -> Alert:
        return replace(
            make_alert(), id=alert_id, channel=channel, attempts=attempts, created_at=START, due_at=START
        )

    return owed


def dispatcher(
    outbox: Outbox,
    *channels: Recorder | SlackChannel,
    jitter: float = 1.0,
    wake: asyncio.Event | None = None,
    brief: Brief = unbriefed,
) -> Dispatcher:
    return Dispatcher(
        cast("Store", outbox),
        channels,
        outbox.clock,
        wake=wake or asyncio.Event(),
        jitter=lambda: jitter,
        brief=brief,
    )


@asynccontextmanager
async def running(one: Dispatcher) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(one.run())
    try:
        yield task
    finally:
        one.stop()
        await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the store's double has no event to wait for
            await asyncio.sleep(0.005)


async def test_what_is_due_is_sent_once(owed: MakeAlert) -> None:
    outbox, channel = Outbox(owed(), owed("alr_2")), Recorder()
    one = dispatcher(outbox, channel)
    assert await one.deliver_due() == Tally(sent=2)
    assert await one.deliver_due() == Tally()
    assert channel.tried == ["alr_1", "alr_2"]
    assert outbox.states() == [AlertState.SENT] * 2


async def test_what_is_sent_is_noted_with_whom_it_pointed_to_and_what_the_channel_calls_it(
    owed: MakeAlert,
) -> None:
    lead = Lead(("e.moore",), 0.97)
    outbox, channel = Outbox(owed(), owed("alr_2")), Recorder("slack", None, DeliveryError("no"))
    one = dispatcher(outbox, channel, brief=lambda alert: replace(alert, briefing=Briefing(lead)))
    await one.deliver_due()
    assert outbox.told == {"alr_1": Told(lead, "thread of alr_1"), "alr_2": None}


async def test_an_alert_goes_out_though_nothing_can_be_said_of_its_incident(
    owed: MakeAlert, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: Alert) -> Alert:
        raise StoreError("the disk is gone")

    outbox, channel = Outbox(owed()), Recorder()
    assert await dispatcher(outbox, channel, brief=fails).deliver_due() == Tally(sent=1)
    assert outbox.told == {"alr_1": None}
    assert "without what is known of its incident: the disk is gone" in caplog.text


@pytest.mark.parametrize(
    ("attempts", "jitter", "seconds"),
    [(0, 1.0, 1), (1, 1.0, 2), (2, 1.0, 4), (2, 0.0, 2), (9, 1.0, 512), (10, 1.0, 900), (10**6, 1.0, 900)],
)
async def test_delays_double_with_jitter_up_to_a_quarter_of_an_hour(
    owed: MakeAlert, attempts: int, jitter: float, seconds: int
) -> None:
    outbox = Outbox(owed(attempts=attempts))
    one = dispatcher(outbox, Recorder("slack", DeliveryDelayed("Slack answered 500")), jitter=jitter)
    assert await one.deliver_due() == Tally(delayed=1)
    [alert] = outbox.owed.values()
    assert alert.due_at == START + timedelta(seconds=seconds)
    assert alert.error == "Slack answered 500"


@pytest.mark.parametrize(("asked", "seconds"), [(30.0, 30), (0.5, 8), (3600.0, 3600)])
async def test_a_named_delay_is_the_least(owed: MakeAlert, asked: float, seconds: int) -> None:
    outbox = Outbox(owed(attempts=3))
    await dispatcher(outbox, Recorder("slack", DeliveryDelayed("429", retry_after=asked))).deliver_due()
    assert outbox.owed["alr_1"].due_at == START + timedelta(seconds=seconds)


async def test_a_delayed_alert_is_sent_when_its_time_comes(owed: MakeAlert) -> None:
    outbox, channel = Outbox(owed()), Recorder("slack", DeliveryDelayed("500"))
    one = dispatcher(outbox, channel)
    assert await one.deliver_due() == Tally(delayed=1)
    assert await one.deliver_due() == Tally()
    outbox.now += timedelta(seconds=1)
    assert await one.deliver_due() == Tally(sent=1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            DeliveryError("Slack answered 404 no_service", hint="make a new one"),
            "404 no_service; make a new one",
        ),
        (KeyError("evil@attacker.example"), "unexpected KeyError while delivering"),
        (CanaryError("odd"), "odd"),
    ],
)
async def test_what_will_not_pass_is_parked_and_said_aloud(
    owed: MakeAlert, fault: Exception, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(owed(), owed("alr_2"))
    assert await dispatcher(outbox, Recorder("slack", fault)).deliver_due() == Tally(sent=1, parked=1)
    assert outbox.states() == [AlertState.PARKED, AlertState.SENT]
    assert error in outbox.owed["alr_1"].error
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "alr_1" in record.getMessage()
    assert "attacker" not in caplog.text


async def test_one_failing_channel_never_stops_another(owed: MakeAlert) -> None:
    """The other channel is served while the first one hangs, and while it fails."""
    outbox = Outbox(owed(), owed("alr_2", "pager"), owed("alr_3"), owed("alr_4", "pager"))
    stuck, well = Recorder("slack", DeliveryError("no"), RuntimeError("bug")), Recorder("pager")
    stuck.gate.clear()
    async with running(dispatcher(outbox, stuck, well)):
        await until(lambda: well.tried == ["alr_2", "alr_4"])
        assert stuck.tried == ["alr_1"]
        stuck.gate.set()
        await until(lambda: outbox.states().count(AlertState.PARKED) == 2)
    assert outbox.states().count(AlertState.SENT) == 2


async def test_a_channel_that_is_down_is_not_hammered(owed: MakeAlert) -> None:
    """After three delays in a row the rest wait for the next pass, leased by nobody."""
    outbox = Outbox(*(owed(f"alr_{number}") for number in range(10)))
    channel = Recorder("slack", *[DeliveryDelayed("500")] * 3)
    one = dispatcher(outbox, channel)
    assert await one.deliver_due() == Tally(delayed=3)
    assert not outbox.leases
    outbox.now += timedelta(seconds=60)
    assert await one.deliver_due() == Tally(sent=10)


async def test_a_crash_leaves_one_alert_leased_at_the_most(owed: MakeAlert) -> None:
    outbox, channel = Outbox(owed(), owed("alr_2")), Recorder()
    channel.gate.clear()
    one = dispatcher(outbox, channel)
    async with running(one):
        await channel.entered.wait()
        assert list(outbox.leases) == ["alr_1"]
        channel.gate.set()


async def test_waking_delivers_at_once(owed: MakeAlert) -> None:
    outbox, channel, wake = Outbox(), Recorder(), asyncio.Event()
    async with running(dispatcher(outbox, channel, wake=wake)):
        await asyncio.to_thread(outbox.next_due, ["slack"])
        outbox.owed["alr_1"] = owed()
        wake.set()
        async with asyncio.timeout(60):
            await channel.entered.wait()


async def test_a_failing_store_is_tried_again(owed: MakeAlert, caplog: pytest.LogCaptureFixture) -> None:
    outbox, channel = Outbox(owed()), Recorder()
    outbox.faults = [StoreError("the database is locked")]
    async with running(dispatcher(outbox, channel)):
        await until(lambda: outbox.states() == [AlertState.SENT])
    assert "the database is locked; again in 1 s" in caplog.text


async def test_a_pass_reports_a_failing_store_after_serving_the_others(owed: MakeAlert) -> None:
    outbox, well = Outbox(owed("alr_1", "pager")), Recorder("pager")
    outbox.faults = [StoreError("full")]
    with pytest.raises(StoreError, match="full"):
        await dispatcher(outbox, Recorder("slack"), well).deliver_due()
    assert well.tried == ["alr_1"]


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_stopping_finishes_the_delivery_under_way_and_gives_back_the_rest(
    owed: MakeAlert, how: str
) -> None:
    outbox, channel = Outbox(owed(), owed("alr_2")), Recorder()
    channel.gate.clear()
    one = dispatcher(outbox, channel)
    async with running(one) as task:
        await channel.entered.wait()
        if how == "stop":
            one.stop()
        else:
            task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        channel.gate.set()
    assert task.cancelled() == (how == "cancel")
    assert outbox.states() == [AlertState.SENT, AlertState.OWED]
    assert channel.tried == ["alr_1"]
    assert not outbox.leases


async def test_without_channels_it_runs_and_stops(owed: MakeAlert) -> None:
    one = dispatcher(Outbox(owed()))
    assert await one.deliver_due() == Tally()
    async with running(one):
        pass


async def test_through_all_the_failures_of_a_webhook_every_alert_arrives_once(
    owed: MakeAlert, receiver: SlackReceiver, fake_time: Any
) -> None:
    outbox = Outbox(*(owed(f"alr_{number}") for number in range(5)))
    channel = SlackChannel(receiver.url, timeout=2.0, monotonic=fake_time.monotonic, sleep=fake_time.sleep)
    receiver.script([429, 200, 500, "hang", "reset", 200, 200])
    one = dispatcher(outbox, channel)
    for _ in range(10):
        await one.deliver_due()
        outbox.now += timedelta(seconds=61)
    await channel.aclose()
    assert outbox.states() == [AlertState.SENT] * 5
    assert len(receiver.received) == 5
