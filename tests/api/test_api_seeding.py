"""POST /v1/seed: the records of a page come back with the decoys among them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from canary.cli import main
from canary.model import Message, Scope
from canary.watch import keep_message
from tests.api.api_parts import Door


def page(rows: int = 12) -> list[dict[str, Any]]:
    names = ("Ann Lee", "Joe Smith", "Eva Moran", "Tom Field", "Kim Vance", "Lou Grant")
    return [
        {
            "id": 100 + row * 17,
            "reviewer": {
                "name": names[row % 6],
                "email": f"{names[row % 6][:3].lower()}{row * 7}@mail.example",
            },
            "stars": row % 5 + 1,
            "text": f"It does what it says, {row}",
            "at": f"2026-10-{row + 1:02d}T09:{row:02d}:00Z",
        }
        for row in range(rows)
    ]


def without(answer: Any) -> list[dict[str, Any]]:
    """Return the caller's own records."""
    placed = {decoy["index"] for decoy in answer["decoys"]}
    return [row for place, row in enumerate(answer["records"]) if place not in placed]


def test_decoys_stand_among_the_records_which_stay_as_they_were(door: Door) -> None:
    answer = door.seed(page(), "page", "B01").json()
    (decoy,) = answer["decoys"]
    assert without(answer) == page()
    row = answer["records"][decoy["index"]]
    assert row["reviewer"]["email"] == decoy["address"]
    assert row["reviewer"]["name"].lower() == decoy["name"].lower()
    assert set(row) == set(page()[0])
    dates = [each["at"] for each in answer["records"]]
    assert dates == sorted(dates)
    with door.store() as store:
        kept = store.access(answer["access"]["id"])
    assert [each.address for each in kept.decoys] == [decoy["address"]]


def test_the_same_view_gives_the_same_page(door: Door) -> None:
    first, again = (door.seed(page(), "same", "B01").json() for _ in range(2))
    assert first["records"] == again["records"]
    assert first["access"]["id"] != again["access"]["id"]
    other = door.seed(page(), "other", "B01").json()
    assert other["decoys"][0]["address"] != first["decoys"][0]["address"]


def test_the_bytes_of_a_record_are_the_callers_own(door: Door) -> None:
    body = (
        b'{"access": {"employee": "bytes", "record": "B01"}, "records": '
        b'[ {"email":"a.b@mail.example", "n":1.50, "big":123456789012345678901234567890, "u":"\\u00e9\\/"} ]}'
    )
    headers = {**door.headers(Scope.PLANT), "Content-Type": "application/json"}
    answer = door.http.post("/v1/seed", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert (
        b'{"email":"a.b@mail.example", "n":1.50, "big":123456789012345678901234567890, "u":"\\u00e9\\/"}'
        in (answer.content)
    )
    assert len(answer.json()["records"]) == 2


def test_markers_stand_in_the_field_that_is_named_for_them(door: Door) -> None:
    answer = door.seed(page(), "marked", "B01", map={"marker": "_canary"}).json()
    marked = [place for place, row in enumerate(answer["records"]) if "_canary" in row]
    assert marked == [decoy["index"] for decoy in answer["decoys"]]
    assert [answer["records"][place]["_canary"] for place in marked] == [
        decoy["marker"] for decoy in answer["decoys"]
    ]
    assert without(answer) == page()


def test_texts_that_are_sent_along_are_the_decoys(door: Door) -> None:
    """Reviewers' own texts are never copied: without any the field is empty, and a warning says so."""
    (bare,) = door.seed(page(), "texts", "B01").json()["warnings"]
    assert bare.endswith('give texts for it with "texts"')
    answer = door.seed(page(), "texts", "B01", texts=["Works well.", "Arrived late."]).json()
    assert answer["warnings"] == []
    assert answer["records"][answer["decoys"][0]["index"]]["text"] in {"Works well.", "Arrived late."}


def test_fields_that_say_nothing_are_named_by_the_map(door: Door) -> None:
    rows = [
        {"a": f"x{row}", "b": f"p{row}.{row * 3}@mail.example", "c": "old@mail.example"} for row in range(6)
    ]
    answer = door.seed(rows, "mapped", "B01", map={"email": "b", "name": "a"}).json()
    (decoy,) = answer["decoys"]
    assert answer["records"][decoy["index"]]["b"] == decoy["address"]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([{"text": "fine", "stars": 5}], ("looked at: text, stars", '"map": {"email": "COLUMN"}')),
        ([{"email": "a@mail.example"}, 7], ("an object is expected",)),
        ({"email": "a@mail.example"}, ("a list is expected",)),
        ([[]], ("an object is expected",)),
    ],
)
def test_records_that_cannot_be_seeded_are_refused_and_nothing_is_planted(
    door: Door, records: Any, words: tuple[str, ...]
) -> None:
    with door.store() as store:
        before = store.status().decoys
    answer = door.seed(records, "refused", "B01")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["errors"][0]["field"] == "records"
    assert "line 1" not in answer.text
    assert "--map" not in answer.text
    for word in words:
        assert word in problem["detail"]
    with door.store() as store:
        assert store.status().decoys == before


@pytest.mark.parametrize(
    "rows",
    [
        b'{"email":"a@mail.example","n":%b}' % (b"9" * 5000),
        b",".join(b'{"email":"a%d@mail.example","d":"9999-12-31T23:59:5%dZ"}' % (n, n) for n in range(3)),
    ],
)
def test_what_nobody_can_count_with_comes_out_as_it_went_in(door: Door, rows: bytes) -> None:
    body = b'{"access":{"employee":"digits","record":"B01"},"records":[%b]}' % rows
    headers = {**door.headers(Scope.PLANT), "Content-Type": "application/json"}
    answer = door.http.post("/v1/seed", content=body, headers=headers)
    assert answer.status_code == 201
    assert all(row in answer.content for row in re.findall(rb"{[^}]+}", rows))


def test_a_page_that_was_seeded_before_is_refused_and_was_shown_to_nobody(
    door: Door, mail: Callable[..., Message]
) -> None:
    seeded = door.seed(page(), "before", "B01").json()
    answer = door.seed(seeded["records"], "before", "B01")
    assert answer.status_code == 422
    assert "was seeded for this view before" in answer.json()["detail"]
    with door.store() as store:
        keep_message(store, mail(seeded["decoys"][0]["address"]))
    (hit,) = door.hits()["hits"]
    assert [access["id"] for access in hit["accesses"]] == [seeded["access"]["id"]]


def test_a_map_that_names_no_field_says_which_is_near(door: Door) -> None:
    problem = door.seed(page(), "near", "B01", map={"email": "reviewer.emial"}).json()
    assert '"map": {"email": "reviewer.email"}' in problem["detail"]


def test_a_page_without_records_is_an_access_that_showed_nobody(door: Door) -> None:
    answer = door.seed([], "empty", "B01").json()
    assert (answer["records"], answer["decoys"]) == ([], [])
    with door.store() as store:
        assert store.access(answer["access"]["id"]).access.bare


def test_decoys_that_found_no_room_were_not_shown(own_door: Door) -> None:
    """Two decoys stand after the second window; a page of one record has room for one."""
    at = "2026-11-0{}T09:00:00Z"
    for day in (1, 3):
        own_door.plant("room", "B01", at=at.format(day))
    told = {"access": {"employee": "room", "record": "B01", "at": at.format(5)}, "records": page(1)}
    answer = own_door.post("/v1/seed", told).json()
    assert len(answer["decoys"]) == 1
    assert any("1 of 3 decoys" in warning for warning in answer["warnings"])
    with own_door.store() as store:
        kept = store.access(answer["access"]["id"])
    assert [each.address for each in kept.decoys] == [answer["decoys"][0]["address"]]


def test_a_page_is_seeded_as_the_command_line_seeds_a_file(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The places are the view's, whichever door its records come through."""
    answer = door.seed(page(), "cli", "B01").json()
    export, seeded = (door.config.store.path.parent / name for name in ("page.json", "seeded.json"))
    export.write_text(json.dumps(page(), separators=(",", ":")))
    monkeypatch.chdir(export.parent)
    with pytest.raises(SystemExit, match="0"):
        main(["seed", str(export), "--employee=cli", "--record=B01", "-o", str(seeded)])
    assert json.loads(seeded.read_text()) == answer["records"]
