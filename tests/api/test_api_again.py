"""Requests that are sent again: done once, and answered alike."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from canary.model import Scope
from tests.api.api_parts import Door


def test_a_request_under_a_key_of_its_own_is_done_once(door: Door) -> None:
    told = {"employee": "again", "record": "B01"}
    first, second = (door.post("/v1/accesses", told, Idempotency_Key='"8e03978e-40d5"') for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    bare = door.post("/v1/accesses", told, Idempotency_Key="8e03978e-40d5")
    assert bare.json() == first.json(), "quoted or not, it is the same key"
    other = door.post("/v1/accesses", told, Idempotency_Key="another")
    assert other.json()["access"]["id"] != first.json()["access"]["id"]


def test_an_array_under_a_key_is_done_once_each(door: Door) -> None:
    told = [{"employee": "array", "record": "B01"}] * 2 + [{"employee": "array"}]
    first, second = (door.post("/v1/accesses", told, Idempotency_Key="array-1").json() for _ in range(2))
    assert [each["status"] for each in first] == [201, 201, 422]
    assert [each["status"] for each in second] == [200, 200, 422]
    assert [each.get("access") for each in first] == [each.get("access") for each in second]


def test_another_body_under_the_same_key_is_refused(door: Door) -> None:
    told = {"employee": "other", "record": "B01"}
    assert door.post("/v1/accesses", told, Idempotency_Key="other-1").status_code == 201
    answer = door.post("/v1/accesses", {**told, "record": "B02"}, Idempotency_Key="other-1")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:canary:problem:key-reused"
    own = {"Authorization": f"Bearer {door.key(Scope.PLANT)}", "Idempotency-Key": "other-1"}
    apart = door.http.post("/v1/accesses", json={**told, "record": "B02"}, headers=own)
    assert apart.status_code == 201, "a key of another application is another key"


def test_a_page_under_a_key_is_the_same_page(door: Door) -> None:
    told = {
        "access": {"employee": "page", "record": "B01"},
        "records": [{"email": f"p{number}@mail.example"} for number in range(9)],
    }
    first, second = (door.post("/v1/seed", told, Idempotency_Key="page-1") for _ in range(2))
    assert first.json() == second.json()
    assert (first.status_code, second.status_code) == (201, 200)


@pytest.mark.parametrize("key", ['""', "x" * 256, "a\tb", '"'])
def test_a_key_that_is_none_is_refused(door: Door, key: str) -> None:
    answer = door.post("/v1/accesses", {"employee": "none", "record": "B01"}, Idempotency_Key=key)
    if key == '"':
        assert answer.status_code == 201
        return
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_the_same_view_asked_for_by_many_at_once_has_one_decoy(door: Door) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: door.plant("together", "B01"), range(48)))
    assert len({decoy["address"] for answer in answers for decoy in answer["decoys"]}) == 1
    assert len({answer["access"]["id"] for answer in answers}) == 48
