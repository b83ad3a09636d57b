"""POST /v1/touches and GET /v1/hits: what somebody did to a decoy, and what came of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canary.model import Message, Scope
from canary.watch import keep_message
from tests.api.api_parts import Door


def touch(door: Door, marker: str, **told: Any) -> Any:
    body = {"marker": marker, "action": "delete", "employee": "t.okafor", **told}
    return door.post("/v1/touches", body, Scope.TOUCH)


def test_a_touch_is_a_hit_on_the_access_that_showed_the_decoy(door: Door) -> None:
    planted = door.plant("touched", "B01")
    answer = touch(door, planted["decoys"][0]["marker"])
    assert (answer.status_code, answer.json()) == (202, {"status": "taken"})
    (hit,) = [hit for hit in door.hits()["hits"] if hit["accesses"][0]["employee"] == "touched"]
    assert hit["class"] == "touch"
    assert hit["touch"]["action"] == "delete"
    assert hit["touch"]["employee"] == "t.okafor"
    assert planted["access"]["id"] in [access["id"] for access in hit["accesses"]]


def test_the_same_touch_told_twice_is_one_hit(door: Door) -> None:
    planted = door.plant("twice", "B01")
    at = datetime.now(UTC).isoformat()
    for _ in range(2):
        assert touch(door, planted["decoys"][0]["marker"], at=at).status_code == 202
    found = [hit for hit in door.hits()["hits"] if hit["accesses"][0]["employee"] == "twice"]
    assert len(found) == 1


@pytest.mark.parametrize("marker", ["x", "mark_", "mark_" + "A" * 43, "mark_" + "é" * 9, "B" * 200])
def test_a_marker_that_is_none_gets_the_same_answer_whatever_it_is(door: Door, marker: str) -> None:
    answer = touch(door, marker)
    assert answer.status_code == 404
    assert answer.json() == touch(door, "mark_unknown").json()


def test_a_marker_of_another_house_is_none(door: Door, own_door: Door) -> None:
    planted = door.plant("foreign", "B01")
    assert touch(own_door, planted["decoys"][0]["marker"]).status_code == 404


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"action": ""}, "action"),
        ({"action": "a\tb"}, "action"),
        ({"employee": " "}, "employee"),
        ({"at": "now"}, "at"),
        ({"address": "a@one.example"}, "address"),
    ],
)
def test_a_touch_that_cannot_be_is_refused(door: Door, told: dict[str, str], field: str) -> None:
    answer = touch(door, "mark_x", **told)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_hits_are_read_page_by_page_as_they_come_and_name_no_address(
    own_door: Door, mail: Callable[..., Message]
) -> None:
    door = own_door
    planted = [door.plant("paged", f"B{number}") for number in range(5)]
    addresses = [decoy["address"] for answer in planted for decoy in answer["decoys"]]
    assert door.hits() == {"hits": [], "next": None}
    with door.store() as store:
        for number, address in enumerate(addresses):
            when = datetime.now(UTC) - timedelta(hours=number)
            keep_message(store, mail(address, at=when))
        pages, after = [], ""
        while (page := door.hits(limit="2", after=after))["hits"]:
            pages.append(page["hits"])
            after = page["next"]
        assert [len(each) for each in pages] == [2, 2, 1]
        found = [hit for each in pages for hit in each]
        assert [hit["accesses"][0]["record"] for hit in found] == [f"B{number}" for number in range(5)]
        assert door.hits(after=after)["next"] == after
        keep_message(store, mail(addresses[0]))
    assert [hit["accesses"][0]["record"] for hit in door.hits(after=after)["hits"]] == ["B0"]
    assert found[0]["message"]["mail_from"] == "care@seller.example"
    told = door.http.get("/v1/hits", headers=door.headers(Scope.READ)).text
    assert not [address for address in addresses if address in told]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"after": "acc_1"}, "after"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-20T00:00:00"}, "since"),
        ({"address": "somebody@one.example"}, "address"),
    ],
)
def test_a_question_that_is_none_is_refused(door: Door, query: dict[str, str], field: str) -> None:
    answer = door.http.get("/v1/hits", params=query, headers=door.headers(Scope.READ))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_hits_since_a_time_are_those_that_arrived_since(own_door: Door, mail: Callable[..., Message]) -> None:
    planted = own_door.plant("since", "B01")
    long_ago = datetime.now(UTC) - timedelta(days=9)
    with own_door.store() as store:
        keep_message(store, mail(planted["decoys"][0]["address"], at=long_ago))
    for since, count in ((long_ago - timedelta(hours=1), 1), (long_ago + timedelta(hours=1), 0)):
        assert len(own_door.hits(since=since.isoformat())["hits"]) == count
