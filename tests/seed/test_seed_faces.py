"""A decoy that was seeded looks the same among other records, and stands where it stood."""

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.model import Decoy, Face
from canary.seed import survey
from tests.seed.seed_parts import decoys_of, salts_of

TEXTS = [f"A short text number {n} from the pool." for n in range(30)]
Row = dict[str, Any]


def numbered(count: int = 2) -> list[Decoy]:
    return [decoy.numbered(f"dec_{number}") for number, decoy in enumerate(decoys_of(count), 1)]


def row(number: int, *, dated: bool = True) -> Row:
    at = datetime(2026, 1, 1) + timedelta(hours=9 * number)  # noqa: DTZ001 - naive as in exports
    made = {
        "id": 1000 + 7 * number if dated else (7919 * number) % 9973 + 1000,
        "name": f"Ann{chr(97 + number % 26)} Example{chr(97 + number // 26 % 26)}",
        "email": f"ann{number}@mail.example",
        "stars": 1 + number % 5,
        "date": at.isoformat(),
        "text": f"It broke after {number} days, {'very ' * (number % 9)}sad.",
    }
    return made if dated else {name: value for name, value in made.items() if name != "date"}


def written(rows: Sequence[Row], fmt: str) -> bytes:
    if fmt == "json":
        return json.dumps(rows).encode()
    if fmt == "jsonl":
        return "".join(json.dumps(each) + "\n" for each in rows).encode()
    lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in each.values()) for each in rows)]
    return "\n".join([*lines, ""]).encode()


def read(data: bytes, fmt: str) -> list[Row]:
    if fmt == "json":
        loaded: list[Row] = json.loads(data)
        return loaded
    if fmt == "jsonl":
        return [json.loads(line) for line in data.splitlines()]
    head, *lines = data.decode().splitlines()
    return [dict(zip(head.split(","), line[1:-1].split('","'), strict=True)) for line in lines]


class Look:
    """One look at a record: who stands where, and the faces that are kept after it."""

    def __init__(
        self,
        rows: Sequence[Row],
        faces: Mapping[str, Face] | None = None,
        *,
        fmt: str = "json",
        decoys: Sequence[Decoy] = (),
        texts: Sequence[str] = TEXTS,
        view: int = 0,
    ) -> None:
        data = written(rows, fmt)
        decoys = decoys or numbered()
        surveyed = survey(io.BytesIO(data), fmt=fmt, salts=salts_of(view), texts=texts)
        arranged = surveyed.arrange(decoys, faces or {})
        out = io.BytesIO()
        seeding = surveyed.pour(out, arranged)
        self.fresh = arranged.faces
        self.faces = {**(faces or {}), **arranged.faces}
        self.rows = read(out.getvalue(), fmt)
        self.places = {each.decoy.id: each.position for each in seeding.placements}
        self.shown = {key: self.rows[place] for key, place in self.places.items()}
        self.behind = {key: self.rows[place - 1]["email"] for key, place in self.places.items() if place}


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_records_come_and_go_and_a_decoy_stays_as_it_is(data: st.DataObject) -> None:
    order = data.draw(st.sampled_from([1, -1, 0]), "order")
    fmt = data.draw(st.sampled_from(["json", "csv", "jsonl"]), "format")
    numbers = data.draw(st.sets(st.integers(0, 40), min_size=3, max_size=16), "numbers")
    look = first = None
    for _ in range(4):
        rows = [row(number, dated=order != 0) for number in sorted(numbers)][:: order or 1]
        if not order:
            Random(3).shuffle(rows)  # noqa: S311 - data for tests, no secrets
        look = Look(rows, look.faces if look else {}, fmt=fmt, view=len(fmt))
        first = first or look
        free = {"id"} if any(str(each["id"]) in _ids(first) for each in rows) else set()
        for key, shown in look.shown.items():
            assert {k: v for k, v in shown.items() if k not in free} == {
                k: v for k, v in first.shown[key].items() if k not in free
            }
        if order and len(rows) > 10:  # in fewer, equal stars may stand together as if they were groups
            dates = [each["date"] for each in look.rows][::order]
            assert dates == sorted(dates)
        numbers ^= data.draw(st.sets(st.integers(0, 40), max_size=5), "changes")
        numbers |= {1, 2, 3}


def _ids(look: Look) -> set[str]:
    return {str(shown["id"]) for shown in look.shown.values()}


@pytest.mark.parametrize("view", range(6))
def test_without_an_order_a_decoy_stays_beside_the_record_that_it_stood_beside(view: int) -> None:
    rows = [row(number, dated=False) for number in range(14)]
    first = Look(rows, view=view)
    moved = [row(50, dated=False), *rows[7:], row(51, dated=False), *rows[:7]]
    first_of_all = {key: rows[0]["email"] for key, place in first.places.items() if place == 0}
    again = Look(moved, first.faces, view=view)
    assert {key: again.behind[key] for key in first.behind} == first.behind
    assert {key: again.rows[again.places[key] + 1]["email"] for key in first_of_all} == first_of_all
    for key, email in first.behind.items():
        left = [each for each in rows if each["email"] != email]
        again = Look(left, first.faces, view=view)
        ahead = first.rows[first.places[key] + 1 :]
        if ahead and ahead[0] in rows:
            assert again.rows[again.places[key] + 1] == ahead[0]


@pytest.mark.parametrize("fmt", ["json", "csv", "jsonl"])
@pytest.mark.parametrize("order", [1, -1])
def test_in_an_export_beyond_the_sample_the_kept_date_decides_to_the_record(fmt: str, order: int) -> None:
    first = Look([row(number) for number in range(900, 914)][::order], fmt=fmt)
    look = Look([row(number) for number in range(3000)][::order], first.faces, fmt=fmt)
    assert look.shown == first.shown
    dates = [each["date"] for each in look.rows][::order]
    assert dates == sorted(dates)
    assert look.fresh == {}


def test_an_identifier_that_a_record_has_meanwhile_is_drawn_anew_and_kept() -> None:
    rows = [row(number) for number in range(14)]
    first = Look(rows)
    shown = first.shown["dec_1"]
    place = next(place for place, each in enumerate(rows) if each["date"] > shown["date"])
    taken = [*rows[:place], row(30) | {"id": shown["id"], "date": shown["date"]}, *rows[place:]]
    second = Look(taken, first.faces)
    assert [each["id"] for each in second.rows].count(shown["id"]) == 1
    assert second.shown["dec_1"] == shown | {"id": second.shown["dec_1"]["id"]}
    third = Look(rows, second.faces)
    assert third.shown == second.shown
    assert third.fresh == {}


def test_new_columns_are_filled_and_kept_beside_those_of_another_tool() -> None:
    short = [{name: each[name] for name in ("id", "name", "email")} for each in map(row, range(12))]
    first = Look(short)
    second = Look([row(number) for number in range(14)], first.faces)
    assert {key: {n: shown[n] for n in short[0]} for key, shown in second.shown.items()} == first.shown
    assert Look([row(number) for number in range(2, 15)], second.faces).shown == second.shown
    assert Look(short[1:], second.faces).shown == first.shown


def test_a_tool_that_writes_otherwise_shows_the_same_date_and_stars() -> None:
    first = Look([row(number) for number in range(14)])
    rows = [row(number) for number in range(20)]
    for each in rows:
        each["date"] = f"{datetime.fromisoformat(each['date']):%d.%m.%Y %H:%M:%S}"
        each["stars"] = str(each["stars"])
        each["id"] = f"R-{each['id']:08d}"
    second = Look(rows, first.faces, fmt="csv")
    for key, shown in second.shown.items():
        assert datetime.strptime(shown["date"], "%d.%m.%Y %H:%M:%S").isoformat() == first.shown[key]["date"]  # noqa: DTZ007 - naive as in exports
        assert shown["stars"] == str(first.shown[key]["stars"])
        assert shown["id"].startswith("R-0000")
    assert Look(rows[3:], second.faces, fmt="csv").shown == second.shown
    assert Look([row(number) for number in range(3, 14)], second.faces).shown == first.shown


def test_a_name_keeps_its_writing_though_others_write_theirs_otherwise() -> None:
    rows = [row(number) for number in range(14)]
    first = Look(rows)
    shouted = [each | {"name": each["name"].upper()} for each in rows]
    assert Look(shouted, first.faces).shown == first.shown


def test_a_decoy_without_the_fields_that_some_records_have_never_gets_them() -> None:
    rows = [row(number) | ({"reply": "Thank you."} if number % 2 else {}) for number in range(14)]
    first = Look(rows)
    for cut in range(1, 13):
        assert Look(rows[:cut] + rows[cut + 1 :], first.faces).shown == first.shown


def test_decoys_that_were_kept_are_not_moved_by_new_ones() -> None:
    rows = [row(number) for number in range(14)]
    first = Look(rows)
    second = Look(rows, first.faces, decoys=numbered(5))
    assert {key: second.shown[key] for key in first.shown} == first.shown
    assert set(second.fresh) == {"dec_3", "dec_4", "dec_5"}
    assert len({each["id"] for each in second.rows}) == 19
    dates = [each["date"] for each in second.rows]
    assert dates == sorted(dates)


def test_an_empty_text_is_filled_once_there_are_texts_and_stays() -> None:
    rows = [row(number) for number in range(14)]
    first = Look(rows, texts=())
    second = Look(rows, first.faces)
    assert {shown["text"] for shown in first.shown.values()} == {""}
    assert {shown["text"] for shown in second.shown.values()} <= set(TEXTS)
    assert Look(rows[2:], second.faces, texts=TEXTS[9:]).shown == second.shown
