"""What stands beside messages and hits: attempts, notes, the look-up, and how the log is copied."""

import threading
from datetime import timedelta

import pytest

from canary.model import Attempts
from canary.store import open_lookup
from canary.watch.keeping import keep_message
from tests.parts import START, House
from tests.store.store_parts import Mail, Maker, decoy_of, wait_for


def test_attempts_add_up_by_day_and_network_within_bounds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.store.guessing.MOST_NETWORKS", 2)
    store, day = house.store, START.replace(hour=0)
    tried = tuple(f"a{n}@x" for n in range(30))
    store.count_attempts(
        [Attempts(START, "192.0.2.1/32", 2, ("a@x",)), Attempts(START, "2001:db8::/64", 9, tried)]
    )
    store.count_attempts(
        [Attempts(START, "192.0.2.1/32", 30, ("b@x", "a@x")), Attempts(START, "192.0.2.2/32", 5)]
    )
    store.count_attempts([Attempts(START, "192.0.2.3/32", 6, ("c@x",))])
    store.count_attempts([Attempts(START + timedelta(days=1), "192.0.2.4/32", 1)])
    assert list(store.attempts(START)) == [
        Attempts(day + timedelta(days=1), "192.0.2.4/32", 1),
        Attempts(day, "192.0.2.1/32", 32, ("a@x", "b@x")),
        Attempts(day, "others", 11),
        Attempts(day, "2001:db8::/64", 9, tried[:20]),
    ]
    assert len(list(store.attempts(START + timedelta(days=1)))) == 1
    for file in house.folder.glob("canary.db*"):
        assert b"192.0.2.1" not in file.read_bytes()


def test_notes_are_kept_sealed_and_replaced(house: House) -> None:
    assert house.store.note("silence") is None
    house.store.set_note("silence", "NOTE-SECRET")
    house.store.set_note("silence", "NOTE-SECRET-2")
    assert house.reopen().note("silence") == "NOTE-SECRET-2"
    assert all(b"NOTE-SECRET" not in file.read_bytes() for file in house.folder.glob("canary.db*"))


def test_a_look_up_knows_who_is_live_with_the_index_key_alone(house: House, access: Maker) -> None:
    decoy = decoy_of(house, access())
    lookup = open_lookup(house.database, house.keys.index_key)
    assert lookup.is_live(decoy.address)
    assert lookup.is_live(decoy.address.upper())
    assert not lookup.is_live("nobody@one.example")
    later = decoy_of(house, access("later"))
    assert lookup.is_live(later.address)
    lookup.close()
    assert lookup.is_live(later.address)
    assert not lookup.is_live("nobody@one.example")
    lookup.close()


def test_the_log_is_copied_beside_the_commits(house: House, access: Maker, mail: Mail) -> None:
    copying = _copying()
    decoy = decoy_of(house, access())
    for number in range(20):
        keep_message(house.store, mail(decoy.address, raw=b"%d\r\n" % number + bytes(200_000)))
    before = house.database.stat().st_size
    wait_for(lambda: house.database.stat().st_size > max(before, 4_000_000))
    assert _copying() == copying + 1
    house.store.close()
    assert _copying() == copying


def _copying() -> int:
    """Return how many logs are being copied; stores of other tests may still be open."""
    return [thread.name for thread in threading.enumerate()].count("store-checkpoint")
