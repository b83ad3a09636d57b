"""API keys and idempotency keys: told once, kept as digests, the same to every process."""

import hmac
import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from canary.errors import KeyringError, NotFoundError
from canary.model import Asked, Scope
from canary.plant.keys import known_by, new_key
from tests.parts import House


def test_a_key_is_known_again_and_its_secret_is_nowhere(house: House) -> None:
    key, text = new_key(house.store, "portal", Scope.PLANT, house.clock(), rate=600)
    assert re.fullmatch(r"canary_plant_1_[0-9a-f]{64}", text)
    found, check = house.reopen().api_key(key.id) or pytest.fail("it is not there")
    assert found == key
    assert hmac.compare_digest(known_by(text.encode()), check)
    assert not hmac.compare_digest(known_by(text.replace("plant", "read").encode()), check)
    assert text not in repr(key)
    house.store.close()
    held = b"".join(file.read_bytes() for file in house.folder.glob("canary.db*"))
    assert text[-64:].encode() not in held
    assert check not in held
    assert check.hex().encode() not in held
    assert b"portal" not in held


def test_a_revoked_key_is_good_for_nothing_in_any_process(house: House) -> None:
    key, _ = new_key(house.store, "portal", Scope.TOUCH, house.clock())
    other = house.reopen()
    assert key.good_at(house.clock())
    house.clock.forward(hours=1)
    other.revoke_api_key(key.id, house.clock())
    found, _ = house.store.api_key(key.id) or pytest.fail("it is not there")
    assert not found.good_at(house.clock())
    house.clock.forward(hours=1)
    assert house.store.revoke_api_key(key.id, house.clock()) == found  # the first time stands
    assert [*other.api_keys()] == [found]
    with pytest.raises(NotFoundError):
        house.store.revoke_api_key("key_9", house.clock())


def test_a_key_ends_when_it_expires(house: House) -> None:
    until = house.clock() + timedelta(days=90)
    key, _ = new_key(house.store, "portal", Scope.READ, house.clock(), expires_at=until)
    assert key.good_at(until - timedelta(seconds=1))
    assert not key.good_at(until)
    assert house.store.api_key("key_7") is None


def test_whoever_can_only_write_to_the_database_cannot_widen_a_key(house: House) -> None:
    for scope in (Scope.PLANT, Scope.READ):
        new_key(house.store, "portal", scope, house.clock())
    with closing(sqlite3.connect(house.database, isolation_level=None)) as db:
        db.execute("UPDATE api_key SET sealed = (SELECT sealed FROM api_key WHERE id = 2) WHERE id = 1")
    with pytest.raises(KeyringError):
        house.store.api_key("key_1")


def test_a_request_is_told_from_its_repetition_and_from_another_for_a_day(house: House) -> None:
    def asked(key: str, said: str, body: bytes) -> Asked:
        return house.store.remember_request(key, said, body, house.clock())

    assert asked("key_1", "abc", b"one") is Asked.FRESH
    house.clock.forward(hours=23)
    assert asked("key_1", "abc", b"one") is Asked.SAME
    assert house.reopen().remember_request("key_1", "abc", b"two", house.clock()) is Asked.CONFLICT
    assert asked("key_2", "abc", b"two") is Asked.FRESH  # another application's
    house.clock.forward(hours=2)
    assert asked("key_1", "new", b"two") is Asked.FRESH
    with closing(sqlite3.connect(house.database)) as db:
        assert db.execute("SELECT count(*) FROM request").fetchone() == (2,)  # the first is forgotten
    assert asked("key_1", "abc", b"two") is Asked.FRESH
