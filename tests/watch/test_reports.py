"""What a worker reports of itself: bounded, never in the way of its life, and heard to the end."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from canary.model import Access, Attempts, Message, Peer
from canary.persona import plausible
from canary.ports import system_clock
from canary.sink.settings import Unknown
from canary.watch import colleague as colleagues
from canary.watch import desk as desking
from canary.watch import frames, worker
from canary.watch.colleague import Colleague
from canary.watch.desk import LONGEST_COUNTED, bounds_of
from canary.watch.keeper import Keeper
from canary.watch.line import Line, pair
from canary.watch.remote import RemoteDoor
from canary.watch.worker import Worker
from tests.parts import House
from tests.watch.conftest import until
from tests.watch.test_line import SETTINGS, Desks, framed

LONG = "x" * 242 + "@one.example"


async def test_the_most_that_was_tried_in_vain_is_told_in_several_frames(house: House) -> None:
    desks = Desks(house)
    reporting = Line(
        desks.socket, lambda _, __: None, lambda _: None, most=1, most_said=bounds_of(SETTINGS).frame
    )
    door = RemoteDoor(reporting, house.store.is_live, house.keys.index_key)
    today = system_clock().replace(hour=0, minute=0, second=0, microsecond=0)
    attempts = [
        Attempts(today, f"2001:db8:{n:x}::/64", 5, tuple(f"{i}{LONG[2:]}" for i in range(20)))
        for n in range(1000)
    ]
    assert len(frames.encoded(frames.Counted({}, 0, tuple(attempts)))) > 5 * LONGEST_COUNTED
    door.stray("x@one.example", Peer("192.0.2.7", 41234))
    door.report({"strays": 1.0}, attempts)
    await until(lambda: len(desks.keeper._attempts) == 1000)
    assert desks.keeper.tallies.values["strays"] == 1
    assert desks.keeper._attempts == attempts
    assert desks.lost == []
    desks.keeper._attempts.clear()
    reporting.close()
    await desks.aclose()


async def test_who_says_too_much_at_once_of_what_it_counted_loses_its_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    desks = Desks(house)
    monkeypatch.setattr(desking, "LONGEST_COUNTED", 100)
    desks.say(frames.Counted({}, 0, (Attempts(system_clock(), "192.0.2.0", 1, (LONG,)),)))
    await until(lambda: bool(desks.lost))
    await desks.aclose()


class Stumbling:
    """A listener that cannot say the first time what was tried."""

    def __init__(self) -> None:
        self.asked = 0

    def attempts(self) -> Sequence[Attempts]:
        self.asked += 1
        if self.asked == 1:
            raise ValueError("x@one.example")
        return ()


async def test_a_report_that_fails_is_logged_and_the_next_one_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "REPORT_SECONDS", 0.01)
    monkeypatch.setattr(worker, "ATTEMPTS_EVERY", 1)
    ours, theirs = pair()
    stumbling = Stumbling()
    made = Worker(theirs)
    door = RemoteDoor(made._line, lambda _: False, None)  # type: ignore[arg-type]
    reporting = asyncio.create_task(made._report_always(door, cast("Any", stumbling)))
    await until(lambda: stumbling.asked > 3)
    assert not reporting.done()
    assert "not reported: ValueError" in caplog.text
    assert "x@one.example" not in caplog.text
    reporting.cancel()
    made._line.close()
    ours.close()


def test_what_chance_needs_is_read_before_the_first_client_comes() -> None:
    plausible._families.cache_clear()
    worker._prepare(SETTINGS)
    assert plausible._families.cache_info().currsize == 0
    worker._prepare(replace(SETTINGS, unknown=Unknown.SOME))
    for table in (plausible._families, plausible._words, plausible._beginnings):
        assert table.cache_info().currsize == 1


class Spoken:
    """A process at the other end of a colleague's line, that does what its program says."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    async def begin(self, program: str) -> Colleague:
        ours, theirs = pair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, stdin=theirs.fileno(), stdout=asyncio.subprocess.PIPE
            )
        self.process = process
        return Colleague(process, ours, self.keeper, bounds_of(SETTINGS), system_clock)


@pytest.fixture
async def spoken(house: House) -> AsyncIterator[Spoken]:
    keeper = Keeper(house.store, lambda: None)
    yield Spoken(keeper)
    await keeper.aclose()


async def test_what_a_worker_said_before_it_ended_is_heard(spoken: Spoken) -> None:
    word = framed(frames.encoded(frames.Counted({}, 1, ())))
    made = await spoken.begin(f"import os; os.write(0, {word!r} * 500)")
    made._desk._line.hold()
    ending = asyncio.create_task(made.ended())
    await spoken.process.wait()
    await asyncio.sleep(0)
    made._desk._line.go_on()
    assert await ending == 0
    assert spoken.keeper.tallies.values["strays"] == 500


async def test_a_worker_is_not_taken_for_hung_while_nobody_listens_to_it(
    spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colleagues, "HUNG_SECONDS", 0.2)
    monkeypatch.setattr(colleagues, "LOOK_SECONDS", 0.02)
    made = await spoken.begin("import sys; sys.stdin.read()")
    made._desk._line.hold()
    ending = asyncio.create_task(made.ended())
    now = asyncio.get_running_loop().time
    began = now()
    await until(lambda: now() > began + 0.5)
    assert spoken.process.returncode is None
    made._desk._line.go_on()
    assert await ending == -9


async def test_a_worker_is_not_taken_for_hung_where_the_parent_itself_was(
    spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that hangs in an fsync holds the whole parent up: it has heard nobody."""
    monkeypatch.setattr(colleagues, "HUNG_SECONDS", 0.4)
    monkeypatch.setattr(colleagues, "LOOK_SECONDS", 0.05)
    made = await spoken.begin("import sys; sys.stdin.read()")
    ending = asyncio.create_task(made.ended())
    now = asyncio.get_running_loop().time
    began = now()
    await until(lambda: now() > began + 0.1)
    time.sleep(0.6)  # noqa: ASYNC251 - the hang
    began = now()
    await until(lambda: now() > began + 0.1)
    assert spoken.process.returncode is None
    assert await ending == -9


async def test_how_much_waits_is_told_as_it_is_also_while_the_store_is_locked(
    house: House, access: Callable[..., Access], mail: Callable[..., Message]
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keeper = Keeper(house.store, lambda: None, house.clock)
    with house.reopen().planting():
        first = [keeper.keep(mail(decoy.address)) for _ in range(3)]
        await until(lambda: keeper._small._under_way == 3)
        later = [keeper.keep(mail(decoy.address)) for _ in range(2)]
        assert keeper.snapshot()["waiting"] == 5
    await asyncio.gather(*first, *later)
    assert keeper.snapshot()["waiting"] == 0
    await keeper.aclose()
