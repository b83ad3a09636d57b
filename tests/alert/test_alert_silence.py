"""Silence: told once, again every day, over once, across restarts and a Slack that is down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.alert.dispatcher import Dispatcher
from canary.alert.silence import AGAIN, Silence, Told, told_of, word_due
from canary.alert.slack import SlackChannel
from canary.demo.slack import SlackReceiver
from canary.errors import CanaryError, DeliveryDelayed, DeliveryError, StoreError
from canary.model import Alert, Notice
from canary.ports import Status
from tests.parts import START, Clock, House

if TYPE_CHECKING:
    from canary.ports import Store

DAY = timedelta(hours=24)
SILENT = "The sink has heard no self-test"
OVER = "Self-tests arrive again"


@dataclass
class Notes:
    """The verbs of the store that silence uses, in memory."""

    last: datetime | None = None
    kept: dict[str, str] = field(default_factory=dict)
    fault: StoreError | None = None
    looks: int = 0

    def status(self) -> SimpleNamespace:
        self.looks += 1
        if self.fault:
            raise self.fault
        return SimpleNamespace(last_selftest=self.last)

    def note(self, key: str) -> str | None:
        return self.kept.get(key)

    def set_note(self, key: str, value: str) -> None:
        self.kept[key] = value


@dataclass
class Team:
    """A channel that takes notices, or raises what it is told to."""

    name: str = "slack"
    heard: list[str] = field(default_factory=list)
    faults: list[CanaryError] = field(default_factory=list)

    async def announce(self, notice: Notice) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.heard.append(notice.title)

    async def deliver(self, alert: Alert) -> str:
        raise AssertionError(alert)

    async def aclose(self) -> None:
        """Let go of nothing."""


def watch(notes: object, clock: Clock, *teams: Team, silence: timedelta = DAY) -> Silence:
    return Silence(cast("Store", notes), teams, clock, silence, jitter=lambda: 1.0)


def titles(team: Team) -> list[str]:
    return [title.split(" for ")[0] for title in team.heard]


async def test_silence_is_told_once_again_every_day_and_once_when_it_is_over(clock: Clock) -> None:
    notes, team = Notes(last=clock()), Team()
    one = watch(notes, clock, team)
    for _ in range(72 * 4):
        clock.forward(minutes=15)
        await one.tell_due()
    assert titles(team) == [SILENT] * 3
    assert "1 day" in team.heard[0]
    assert "3 days" in team.heard[2]
    notes.last = clock()
    for _ in range(8):
        clock.forward(hours=1)
        await one.tell_due()
    assert titles(team) == [SILENT] * 3 + [OVER]
    clock.forward(hours=24)
    await one.tell_due()
    assert titles(team)[-1] == SILENT


async def test_nothing_is_told_while_self_tests_arrive_and_the_store_is_left_alone(clock: Clock) -> None:
    notes, team = Notes(last=clock()), Team()
    one = watch(notes, clock, team)
    for _ in range(48):
        clock.forward(hours=1)
        notes.last = clock()
        await one.tell_due()
    assert not team.heard
    assert notes.looks == 2


async def test_restarts_repeat_nothing_and_start_no_clock_anew(clock: Clock) -> None:
    notes, team = Notes(), Team()
    for _ in range(30):
        one = watch(notes, clock, team)
        await one.tell_due()
        clock.forward(minutes=20)
        await one.tell_due()
        clock.forward(minutes=40)
    assert titles(team) == [SILENT]
    notes.last = clock()
    for _ in range(3):
        await watch(notes, clock, team).tell_due()
    assert titles(team) == [SILENT, OVER]


async def test_a_process_that_has_just_begun_waits_for_the_timer_that_begins_with_it(clock: Clock) -> None:
    notes, team = Notes(last=clock() - timedelta(days=3)), Team()
    one = watch(notes, clock, team)
    await one.tell_due()
    clock.forward(minutes=5)
    notes.last = clock()
    clock.forward(minutes=6)
    await one.tell_due()
    assert not team.heard


async def test_a_slack_that_is_down_is_tried_again_and_told_once_with_delays_that_grow(clock: Clock) -> None:
    notes, team = Notes(last=clock() - DAY), Team(faults=[DeliveryDelayed("Slack answered 500")] * 5)
    one = watch(notes, clock, team)
    clock.forward(minutes=10)
    tries = []
    for second in range(300):
        before = len(team.faults)
        await one.tell_due()
        if len(team.faults) < before or team.heard:
            tries.append(second)
        if team.heard:
            break
        clock.forward(seconds=1)
    assert tries == [0, 5, 15, 35, 75, 155]
    assert titles(team) == [SILENT]


async def test_a_channel_that_asks_for_quiet_gets_it_and_no_channel_waits_for_another(clock: Clock) -> None:
    notes = Notes(last=clock() - DAY)
    slack, pager = Team(faults=[DeliveryDelayed("429", retry_after=600)]), Team("pager")
    one = watch(notes, clock, slack, pager)
    clock.forward(minutes=10)
    assert await one.tell_due() == 1
    assert titles(pager) == [SILENT]
    clock.forward(seconds=599)
    assert await one.tell_due() == 0
    clock.forward(seconds=1)
    assert await one.tell_due() == 1
    assert titles(slack) == [SILENT]


async def test_a_refusal_for_good_is_tried_every_quarter_of_an_hour(clock: Clock) -> None:
    notes, team = Notes(last=clock() - DAY), Team(faults=[DeliveryError("403 action_prohibited")])
    one = watch(notes, clock, team)
    clock.forward(minutes=10)
    assert await one.tell_due() == 0
    clock.forward(minutes=14)
    assert await one.tell_due() == 0
    clock.forward(minutes=1)
    assert await one.tell_due() == 1


async def test_a_store_that_cannot_be_read_ends_no_watch(
    clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.alert.silence.POLL_SECONDS", 0.001)
    notes, team = Notes(last=clock() - DAY, fault=StoreError("the database is locked")), Team()
    one, stopped = watch(notes, clock, team), asyncio.Event()
    clock.forward(hours=1)
    running = asyncio.create_task(one.run(stopped))
    async with asyncio.timeout(60):
        while not notes.looks:  # noqa: ASYNC110 - the store's double has no event
            await asyncio.sleep(0.001)
        notes.fault = None
        while not team.heard:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.001)
    stopped.set()
    await running
    assert "the database is locked" in caplog.text


@pytest.mark.parametrize("note", [None, "", "x", "x y", "2026-11-20 2026-11-21", "a b c"])
def test_a_note_that_cannot_be_read_tells_nothing(note: str | None) -> None:
    assert told_of(note) is None


@given(
    last=st.none() | st.integers(0, 10**6),
    now=st.integers(0, 10**6),
    silence=st.integers(1, 10**5),
    told=st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
)
def test_nobody_is_told_twice_within_a_day_nor_that_it_is_over_when_it_never_was(
    last: int | None, now: int, silence: int, told: tuple[int, int] | None
) -> None:
    def at(second: int) -> datetime:
        return START + timedelta(seconds=second)

    before = told and Told(at(told[0]), at(told[1]))
    due = word_due(None if last is None else at(last), START, at(now), timedelta(seconds=silence), before)
    if due is None:
        return
    notice, after = due
    assert told_of(str(after or "")) == after
    if notice.title == OVER:
        assert before is not None
        assert after is None
        assert at(last or 0) > before.since
    else:
        assert after is not None
        assert after.at - after.since >= timedelta(seconds=silence)
        assert before is None or after.at - before.at >= AGAIN


async def test_the_dispatcher_watches_beside_its_alerts(
    house: House, monkeypatch: pytest.MonkeyPatch, mail: Callable[..., object]
) -> None:
    """Through a real store and a Slack that fails first: told once, though the process begins anew."""
    del mail
    monkeypatch.setattr("canary.alert.silence.POLL_SECONDS", 0.01)
    async with SlackReceiver() as slack:
        slack.script([500])
        for _ in range(2):
            channel = SlackChannel(slack.url)
            one = Dispatcher(
                house.store, [channel], house.clock, wake=asyncio.Event(), silence=timedelta(hours=26)
            )
            running = asyncio.create_task(one.run())
            if not slack.received:
                await asyncio.to_thread(_noted, house)
                house.clock.forward(hours=27)
                await slack.wait_for_attempts(1)
                house.clock.forward(seconds=6)
                await slack.wait_for(1)
            house.clock.forward(hours=1)
            await _looked(house, monkeypatch)
            one.stop()
            await running
            await channel.aclose()
    (payload,) = slack.received
    assert SILENT in payload["text"]


async def _looked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until the store was asked for the last self-test twice more."""
    status, looks = house.store.status, []

    def counted() -> Status:
        looks.append(1)
        return status()

    monkeypatch.setattr(house.store, "status", counted)
    async with asyncio.timeout(60):
        while len(looks) < 2:  # noqa: ASYNC110 - the store has no event for its tests
            await asyncio.sleep(0.005)


def _noted(house: House) -> None:
    while house.store.note("silence.origin") is None:
        pass
