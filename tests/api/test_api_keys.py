"""Keys: who may ask what, how often, and what a stranger learns, which is nothing."""

import logging
import re
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from canary.model import Scope
from tests.api.api_parts import Door

TOLD = {"employee": "keys", "record": "B01"}


def asked(door: Door, key: str | None) -> httpx.Response:
    headers = {} if key is None else {"Authorization": key if " " in key else f"Bearer {key}"}
    return door.http.post("/v1/accesses", json=TOLD, headers=headers)


def test_keys_that_are_no_good_get_one_and_the_same_answer(door: Door) -> None:
    good = door.key(Scope.PLANT)
    expired = door.key(Scope.PLANT, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    revoked = door.key(Scope.PLANT)
    with door.store() as store:
        store.revoke_api_key(f"key_{revoked.split('_')[2]}", datetime.now(UTC))
    unknown = re.sub(r"_\d+_", "_999_", good)
    foreign = good[:-1] + ("0" if good[-1] != "0" else "1")
    answers = [asked(door, key) for key in (expired, revoked, unknown, foreign, good.upper(), "x")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {
        'Bearer realm="canary", error="invalid_token"'
    }
    assert asked(door, good).status_code == 201


@pytest.mark.parametrize("key", [None, "Basic YTpi", "Digest x=y"])
def test_without_a_key_the_answer_asks_for_one(door: Door, key: str | None) -> None:
    answer = asked(door, key)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="canary"'
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_is_good_for_its_scope_alone(door: Door, scope: Scope) -> None:
    headers = door.headers(scope)
    statuses = {
        Scope.PLANT: door.http.post("/v1/accesses", json=TOLD, headers=headers).status_code,
        Scope.TOUCH: door.http.post("/v1/touches", json={}, headers=headers).status_code,
        Scope.READ: door.http.get("/v1/hits", headers=headers).status_code,
    }
    assert statuses.pop(scope) in {200, 201, 422}
    assert set(statuses.values()) == {403}
    assert door.http.post("/v1/seed", json={}, headers=headers).status_code == (
        422 if scope is Scope.PLANT else 403
    )


def test_a_revocation_holds_within_seconds(door: Door) -> None:
    key = door.key(Scope.PLANT)
    assert asked(door, key).status_code == 201
    with door.store() as store:
        store.revoke_api_key(f"key_{key.split('_')[2]}", datetime.now(UTC))
    deadline = time.monotonic() + 60
    while asked(door, key).status_code != 401:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_key_that_names_too_much_is_told_when_to_come_again(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.key(Scope.PLANT, rate=60)}"}
    some = [{"employee": "rate", "record": f"B{number}"} for number in range(50)]
    answers = [door.http.post("/v1/accesses", json=some, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"minute";q=60;w=60'
    assert re.fullmatch(r'"minute";r=1\d;t=[45]\d', answers[0].headers["ratelimit"])
    assert 25 <= int(answers[1].headers["retry-after"]) <= 41
    assert answers[1].json()["type"] == "urn:canary:problem:too-often"
    other = {"Authorization": f"Bearer {door.key(Scope.PLANT, rate=60)}"}
    assert door.http.post("/v1/accesses", json=some, headers=other).status_code == 200
    never = [{"employee": "rate", "record": "B1"}] * 61
    assert door.http.post("/v1/accesses", json=never, headers=other).status_code == 422


def test_nothing_that_was_told_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = door.key(Scope.PLANT)
    asked(door, key)
    asked(door, key[:-4])
    door.http.post("/v1/accesses", content=b"{keys", headers={"Authorization": f"Bearer {key}"})
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("canary"))
    for secret in (key, key[-20:], TOLD["employee"], TOLD["record"]):
        assert secret not in said
