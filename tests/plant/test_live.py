"""Pages that are shown now: repeated looks from memory, first ones durable, nobody waiting for long."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta, timezone
from time import monotonic

import pytest

from canary.errors import CanaryError, StoreError, TemporaryError
from canary.model import ActorClass, Layer
from canary.plant import AccessError, LivePlanter, Planted
from canary.plant import line as plant_line
from canary.ports import Ledger, Look
from tests.parts import House
from tests.plant.conftest import Seen


def addresses(planted: Planted) -> list[str]:
    return [each.decoy.address for each in planted.shown]


def good(outcomes: Sequence[Planted | CanaryError]) -> list[Planted]:
    return [each for each in outcomes if isinstance(each, Planted)]


@contextmanager
def commits(live: LivePlanter, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the transactions of a planter."""
    made: list[int] = []
    plant = live.store.plant

    def counted(work: Callable[[Ledger], object]) -> object:
        made.append(1)
        return plant(work)

    with monkeypatch.context() as patched:
        patched.setattr(live.store, "plant", counted)
        yield made


@contextmanager
def held(house: House) -> Iterator[None]:
    """Write to the database in another connection, and do not come to an end."""
    with closing(sqlite3.connect(house.database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def test_a_repeated_look_shows_the_same_and_is_an_access_of_its_own(
    live: LivePlanter, quick_house: House, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = live.plant(seen())
    with commits(live, monkeypatch) as made:
        again = live.plant(seen())
        assert not made  # answered from memory
        live.flush()
        assert len(made) == 1
    assert {each.decoy.layer for each in first.shown} == {Layer.VIEW, Layer.STABLE}
    assert addresses(again) == addresses(first)
    assert [each.position for each in again.shown] == [each.position for each in first.shown]
    assert again.access.id != first.access.id
    assert {each.marker for each in again.shown}.isdisjoint(each.marker for each in first.shown)
    kept = quick_house.store.access(again.access.id)
    assert [each.address for each in kept.decoys] == addresses(first)
    assert kept.access == again.access
    assert quick_house.store.status().accesses == 2


def test_a_record_stable_decoy_stands_at_the_same_place_for_everybody(live: LivePlanter, seen: Seen) -> None:
    marsh, okafor = live.plant(seen("e.marsh")), live.plant(seen("t.okafor"))
    places = [
        {(each.decoy.address, each.position) for each in one.shown if each.decoy.layer is Layer.STABLE}
        for one in (marsh, okafor)
    ]
    assert places[0] == places[1] != set()
    assert all(0 <= each.position < 1 for each in (*marsh.shown, *okafor.shown))


def test_what_is_shown_is_durable_before_it_is_answered(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    planted = live.plant(seen())
    with closing(sqlite3.connect(quick_house.database)) as db:
        (shown,) = db.execute("SELECT count(*) FROM exposure").fetchone()
    assert shown == len(planted.shown) == 2


def test_the_view_ends_with_its_window(live: LivePlanter, seen: Seen) -> None:
    first = live.plant(seen())
    seen.clock.forward(hours=25)
    later = live.plant(seen())
    assert set(addresses(first)) < set(addresses(later))  # none vanished, one joined
    old = live.plant(seen(at=first.access.at + timedelta(hours=1)))
    assert set(addresses(old)) == set(addresses(first))


def test_one_bad_access_never_fails_the_others(live: LivePlanter, seen: Seen) -> None:
    bad = (
        seen(employee="x" * 10_000, record="a\nb"),
        seen(record=""),
        seen(at=seen.clock.now + timedelta(minutes=6)),
        replace(seen(), at=seen.clock.now.replace(tzinfo=None)),
        seen(employee="é" * 501),
        seen(session="\x1b[2J"),
    )
    fine, also, *outcomes = live.plant_many([seen("a"), seen("b"), *bad])
    assert len(good([fine, also])) == 2
    faults = [each.faults for each in outcomes if isinstance(each, AccessError)]
    assert [[field for field, _ in each] for each in faults] == [
        ["employee", "record"],
        ["record"],
        ["at"],
        ["at"],
        ["employee"],
        ["session"],
    ]
    assert dict(faults[0])["record"] == "contains an unprintable character (U+000A)"
    assert dict(faults[2])["at"] == "is more than 5 minutes ahead of our clock"


def test_a_clock_that_is_ahead_is_set_right_and_spaces_are_no_part_of_a_name(
    live: LivePlanter, seen: Seen
) -> None:
    now = seen.clock.now
    ahead = live.plant(seen(at=(now + timedelta(minutes=4)).astimezone(timezone(timedelta(hours=2)))))
    assert ahead.access.at == seen.clock.now
    assert addresses(live.plant(seen(employee=" e.marsh "))) == addresses(ahead)


def test_a_page_shown_a_moment_before_the_view_opened_shows_the_same(live: LivePlanter, seen: Seen) -> None:
    now = seen.clock.now
    first = live.plant(seen(at=now))
    before = live.plant(seen(at=now - timedelta(seconds=2)))  # its process was slower to plant
    assert addresses(before) == addresses(first)


def test_the_same_access_told_twice_is_one(live: LivePlanter, quick_house: House, seen: Seen) -> None:
    first = live.plant(seen(source_id="req-1"))
    look = live.plant(seen(source_id="req-2"))
    for asked, told in (("req-1", first), ("req-2", look)):
        again = live.plant(seen(source_id=asked))
        assert again == replace(told, duplicate=True)
    live.flush()
    other = LivePlanter(replace(quick_house.planter, store=quick_house.reopen()), quick_house.keys)
    with closing(other):
        other.plant(seen(source_id="req-3"))
        for asked, told in (("req-1", first), ("req-2", look)):
            assert other.plant(seen(source_id=asked)) == replace(told, duplicate=True)
        seen.clock.forward(hours=30)
        assert addresses(other.plant(seen())) != addresses(first)
        assert other.plant(seen(source_id="req-2")) == replace(look, duplicate=True)
    assert quick_house.store.status().accesses == 4


def test_two_processes_that_answer_the_same_access_at_once_both_find_it(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    first = live.plant(seen())
    quick = LivePlanter(replace(quick_house.planter, store=quick_house.reopen()), quick_house.keys)
    with closing(quick):
        quick.plant(seen())
        access = seen(source_id="req-1")
        answers = [live.plant(access), quick.plant(access)]
        live.flush()
        quick.flush()
    assert answers[0].access.id != answers[1].access.id
    for answer in answers:
        kept = quick_house.store.access(answer.access.id)
        assert [each.address for each in kept.decoys] == addresses(first)


def test_other_classes_of_actors_have_views_of_their_own(live: LivePlanter, seen: Seen) -> None:
    person = live.plant(seen())
    crawler = live.plant(seen(actor_class=ActorClass.CRAWLER))
    assert addresses(crawler) != addresses(person)
    assert addresses(live.plant(seen(actor_class=ActorClass.CRAWLER))) == addresses(crawler)
    assert addresses(live.plant(seen())) == addresses(person)


def test_an_answer_that_came_too_late_is_taken_back(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    live.plant(seen())
    late = live.plant(seen(source_id="req-9"))  # from memory, not written down yet
    bare = live.plant(seen(source_id="req-9", bare=True))
    assert (bare.access.id, bare.shown) == (late.access.id, ())
    assert quick_house.store.access(late.access.id).decoys == ()
    assert live.plant(seen(source_id="req-9")).shown == ()


def test_numbers_set_aside_are_nobody_elses(live: LivePlanter, quick_house: House, seen: Seen) -> None:
    live.plant(seen())
    looks = [live.plant(seen()) for _ in range(5)]
    others = quick_house.planter.plant_all([seen(f"e.{each}") for each in range(5)])
    live.flush()
    ids = [*(each.access.id for each in looks), *(each.access.id for each in others)]
    assert len(set(ids)) == len(ids)
    with closing(sqlite3.connect(quick_house.database)) as db:
        (rows,) = db.execute("SELECT count(*) FROM access").fetchone()
    assert quick_house.store.status().accesses == rows == 11


def test_mail_finds_a_look_that_was_written_down_under_a_lower_number(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    first = live.plant(seen())
    (address,) = (each.decoy.address for each in first.shown if each.decoy.layer is Layer.VIEW)
    other = quick_house.planter.plant(seen("t.okafor"))
    assert len(quick_house.store.sightings([address])[address].accesses) == 1  # remembered from here on
    look = live.plant(seen())
    live.flush()
    assert int(look.access.id[4:]) < int(other.access.id[4:])
    shown = quick_house.store.sightings([address])[address].accesses
    assert [each.id for each in shown] == [first.access.id, look.access.id]


def test_a_busy_database_is_told_soon_and_known_views_are_shown_all_the_same(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    first = live.plant(seen())
    with held(quick_house):
        began = monotonic()
        with pytest.raises(TemporaryError):
            live.plant(seen("t.okafor"))
        assert monotonic() - began < 15
        again = live.plant(seen())
        assert addresses(again) == addresses(first)
    assert addresses(live.plant(seen("t.okafor")))
    live.flush()
    assert quick_house.store.access(again.access.id).access == again.access


def test_looks_that_cannot_be_written_down_are_held_up_to_a_bound(
    live: LivePlanter, quick_house: House, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plant_line, "MOST_LOOKS", 3)
    live.plant(seen())
    with held(quick_house):
        looks = [live.plant(seen()) for _ in range(3)]
        with pytest.raises(TemporaryError):
            live.plant(seen())
    looks.append(live.plant(seen()))
    live.flush()
    assert [quick_house.store.access(each.access.id).access for each in looks] == [
        each.access for each in looks
    ]


async def test_nobody_waits_longer_than_told_whatever_the_store_does(quick_house: House, seen: Seen) -> None:
    patient = replace(quick_house.planter, store=quick_house.reopen())  # for 20 seconds
    live = LivePlanter(patient, quick_house.keys, patience=0.2)
    with held(quick_house):
        began = monotonic()
        outcomes = live.plant_many([seen()]) + await live.aplant_many([seen("t.okafor")])
        assert monotonic() - began < 15
    live.close()
    assert all(isinstance(each, TemporaryError) for each in outcomes)
    assert (
        quick_house.store.status().accesses == 1
    )  # the one that was being written; nobody waits for the other


async def test_many_who_wait_share_few_commits(
    live: LivePlanter, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with commits(live, monkeypatch) as made:
        planted = await asyncio.gather(*(live.aplant(seen(f"e.{each}")) for each in range(50)))
    assert len(made) <= 5
    assert len({address for each in planted for address in addresses(each)}) == 51  # one they share


async def test_the_loop_goes_on_while_the_database_is_busy(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    turning = asyncio.create_task(turn())
    with held(quick_house):
        (outcome,) = await live.aplant_many([seen()])
    turning.cancel()
    assert isinstance(outcome, TemporaryError)
    assert turns > 3


async def test_a_thousand_at_once_are_answered_each(live: LivePlanter, seen: Seen) -> None:
    accesses = [seen(f"e.{each % 300}", "\0" if each == 7 else "B01") for each in range(1000)]
    outcomes = await live.aplant_many(accesses)
    assert [isinstance(each, Planted) for each in outcomes] == [each != 7 for each in range(1000)]


def test_threads_that_ask_for_the_same_view_get_the_same(live: LivePlanter, seen: Seen) -> None:
    accesses = [seen() for _ in range(16)]
    answers: list[Planted] = []
    threads = [threading.Thread(target=lambda one=each: answers.append(live.plant(one))) for each in accesses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({tuple(addresses(each)) for each in answers}) == 1
    assert len({each.access.id for each in answers}) == 16


def test_closing_writes_down_what_was_answered(quick_house: House, seen: Seen) -> None:
    live = LivePlanter(quick_house.planter, quick_house.keys)
    live.plant(seen())
    look = live.plant(seen())
    live.close()
    assert quick_house.store.access(look.access.id).access == look.access
    with pytest.raises(StoreError):
        live.plant(seen("t.okafor"))


def test_an_access_that_cannot_be_planted_leaves_the_others_of_its_commit(
    live: LivePlanter, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = live._planter.minter.draft

    def full(access: object, *rest: object) -> object:
        if getattr(access, "record", "") == "B99":
            raise TemporaryError("no free address")
        return draft(access, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(live._planter.minter, "draft", full)
    one, bad, two = live.plant_many([seen(), seen(record="B99"), seen("t.okafor")])
    assert len(good([one, two])) == 2
    assert isinstance(bad, TemporaryError)


def test_memory_is_bounded(quick_house: House, seen: Seen) -> None:
    live = LivePlanter(quick_house.planter, quick_house.keys, most_views=10, patience=30)
    with closing(live):
        live.plant_many([seen(f"e.{each}") for each in range(30)])
        assert len(live._views) == 10


def test_a_look_at_a_view_that_is_gone_is_not_written_down(quick_house: House, seen: Seen) -> None:
    """A database put back from a backup has lost the view: the others are written all the same."""
    first = quick_house.planter.plant(seen())
    with quick_house.store.planting() as ledger:
        numbers = ledger.reserve_accesses(2)
        gone, there = (
            Look(seen().numbered(f"acc_{number}"), f"look {number}", beside, first.decoys)
            for number, beside in zip(numbers, ("acc_999", first.access.id), strict=True)
        )
        ledger.look_again([gone, there])
    assert quick_house.store.access(there.access.id).decoys == first.decoys
    with pytest.raises(CanaryError):
        quick_house.store.access(gone.access.id)
