"""Decoys look the same to everybody on all pages of a record, and whoever seeds them first decides."""

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO
from typing import BinaryIO, cast

import pytest

from canary.errors import StoreError
from canary.model import Access, Decoy, Face, Layer
from canary.plant import LivePlanter, arranged, placement_salts
from canary.plant.pages import Page, seeded
from canary.seed import Arrangement, Survey, survey
from canary.store.sqlite import SqliteStore
from tests.parts import House

TEXTS = [f"A short text number {n} from the pool." for n in range(30)]
Shown = dict[str, dict[str, object]]


def page_of(numbers: range) -> bytes:
    rows = [
        {
            "id": 1000 + 7 * number,
            "name": f"Ann{chr(97 + number)} Example",
            "email": f"ann{number}@mail.example",
            "stars": 1 + number % 5,
            "date": (datetime(2026, 1, 1) + timedelta(hours=9 * number)).isoformat(),  # noqa: DTZ001 - as on pages
            "text": f"It broke after {number} days, {'very ' * (number % 9)}sad.",
        }
        for number in reversed(numbers)
    ]
    return json.dumps(rows).encode()


def shown_on(page: Page) -> Shown:
    rows = json.loads(page.records)
    return {each.decoy.address: rows[index] for index, each in page.placed}


@pytest.fixture
def seed(live: LivePlanter, quick_house: House, seen: Callable[..., Access]) -> Callable[[str, range], Shown]:
    def seed(employee: str, numbers: range) -> Shown:
        access = seen(employee)
        return shown_on(seeded(live, quick_house.keys.draw, access, page_of(numbers), fields={}, texts=TEXTS))

    return seed


def test_everybody_sees_the_same_decoys_in_the_same_words_whatever_is_new(
    seed: Callable[[str, range], Shown],
) -> None:
    first = {name: seed(name, range(14)) for name in ("e.marsh", "t.okafor", "j.doe")}
    again = {name: seed(name, range(number, 15 + number)) for number, name in enumerate(first, 1)}
    assert again == first
    (shared,) = set.intersection(*(set(each) for each in first.values()))
    assert len({json.dumps(each[shared]) for each in first.values()}) == 1


def test_a_page_is_not_answered_before_the_look_of_its_decoys_is_kept(
    quick_house: House, seen: Callable[..., Access]
) -> None:
    live = LivePlanter(quick_house.planter, quick_house.keys, patience=0.3)

    def seed() -> Page:
        return seeded(live, quick_house.keys.draw, seen(), page_of(range(14)), fields={}, texts=TEXTS)

    def kept() -> int:
        (count,) = other.execute("SELECT count(*) FROM face").fetchone()
        return int(count)

    live.plant(seen())
    with closing(sqlite3.connect(quick_house.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            seed()
        other.execute("ROLLBACK")
        assert kept() == 0
        page = seed()
        assert kept() == len(page.placed) == 2
    live.close()


def test_nothing_of_a_face_can_be_read_in_the_database(
    seed: Callable[[str, range], Shown], quick_house: House
) -> None:
    shown = seed("e.marsh", range(14))
    quick_house.store.close()
    kept = b"".join(path.read_bytes() for path in quick_house.folder.glob("canary.db*"))
    for each in shown.values():
        assert str(each["text"]).encode() not in kept
        assert str(each["date"]).encode() not in kept


class Meeting:
    """A survey whose first arrangement waits until somebody else has one, too."""

    def __init__(self, survey: Survey, barrier: threading.Barrier) -> None:
        self._survey = survey
        self._barrier = barrier
        self.arranged = 0

    def arrange(self, decoys: Sequence[Decoy], faces: Mapping[str, Face]) -> Arrangement:
        arrangement = self._survey.arrange(decoys, faces)
        self.arranged += 1
        if self.arranged == 1:
            self._barrier.wait(30)
        return arrangement


def test_two_who_seed_the_same_decoys_first_at_one_instant_show_one_face(
    quick_house: House, seen: Callable[..., Access]
) -> None:
    planting = quick_house.planter.plant(seen())
    barrier = threading.Barrier(2)

    def look(store: SqliteStore, numbers: range) -> tuple[int, Shown]:
        salts = placement_salts(quick_house.keys.draw, planting.access)
        surveyed = survey(
            cast("BinaryIO", BytesIO(page_of(numbers))),
            fmt="json",
            salts=salts,
            shared={Layer.STABLE: salts[:1]},
            texts=TEXTS,
        )
        meeting, out = Meeting(surveyed, barrier), BytesIO()
        surveyed.pour(out, arranged(store, cast("Survey", meeting), planting.decoys))
        addresses = {decoy.address for decoy in planting.decoys}
        rows = {row["email"]: row for row in json.loads(out.getvalue()) if row["email"] in addresses}
        return meeting.arranged, rows

    with ThreadPoolExecutor(2) as both:
        one = both.submit(look, quick_house.store, range(12))
        other = both.submit(look, quick_house.reopen(), range(3, 15))
        (arranged_one, first), (arranged_other, second) = one.result(60), other.result(60)
    assert first == second
    assert len(first) == len(planting.decoys)
    assert sorted((arranged_one, arranged_other)) == [1, 2]
