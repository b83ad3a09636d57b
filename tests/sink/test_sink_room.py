"""Who is hung up for others, and who has bytes left: room in a house that is full."""

from dataclasses import replace
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.sink.budget import Budget
from canary.sink.idlers import Idlers
from canary.sink.limits import Gate
from canary.sink.settings import SinkSettings
from canary.tallies import Tallies

IP, OTHER_IP = "203.0.113.7", "198.51.100.9"
KIB, MIB = 1024, 1024 * 1024
PLAIN = SinkSettings((), "mx.example.net", frozenset())


def gate(settings: SinkSettings = PLAIN) -> Gate:
    return Gate(settings, Tallies())


def test_the_stranger_that_got_nowhere_for_longest_makes_room() -> None:
    counts = Tallies()
    idlers: Idlers[str] = Idlers(counts)
    for now, guest in enumerate(("a", "b", "c")):
        idlers.waits(guest, float(now), favoured=False)
    idlers.waits("a", 3.0, favoured=False)
    assert idlers.victim(4.0) == "b"
    assert idlers.victim(4.0) == "c"
    assert idlers.victim(4.0) is None
    assert idlers.victim(5.0) == "a"
    assert len(idlers) == 0
    assert counts.snapshot() == {"limit|shed": 3}


def test_nobody_is_hung_up_who_is_busy_or_only_just_came() -> None:
    idlers: Idlers[str] = Idlers(Tallies())
    idlers.waits("a", 0.0, favoured=False)
    idlers.waits("new", 99.0, favoured=False)
    idlers.busy("a")
    idlers.busy("never seen")
    assert idlers.victim(100.0) is None
    idlers.waits("a", 100.0, favoured=False)
    assert idlers.victim(101.0) == "new"


def test_favoured_guests_are_hung_up_last_and_with_more_patience() -> None:
    idlers: Idlers[str] = Idlers(Tallies())
    idlers.waits("friend", 0.0, favoured=False)
    idlers.waits("friend", 1.0, favoured=True)
    idlers.waits("stranger", 10.0, favoured=False)
    assert idlers.victim(11.0) is None
    assert idlers.victim(30.0) == "stranger"
    assert idlers.victim(30.0) == "friend"


def test_choosing_among_a_hundred_thousand_takes_no_longer_than_among_few() -> None:
    idlers: Idlers[int] = Idlers(Tallies())
    for guest in range(100_000):
        idlers.waits(guest, guest / 1000, favoured=False)
    for guest in range(0, 100_000, 2):
        idlers.busy(guest)
    began = perf_counter()
    assert [idlers.victim(1000.0) for _ in range(50_000)] == list(range(1, 100_000, 2))
    assert perf_counter() - began < 5


def test_the_last_tenth_of_memory_is_for_those_that_named_a_live_decoy() -> None:
    counts = Tallies()
    budget = Budget(1000, 2000, counts)
    assert budget.take("memory", 900)
    assert not budget.take("memory", 1)
    assert budget.take("memory", 100, favoured=True)
    assert not budget.take("memory", 1, favoured=True)
    assert budget.take("disk", 1800)
    budget.give("memory", 1000)
    assert counts.snapshot() == {
        "in_flight_bytes|memory": 0,
        "in_flight_bytes|disk": 1800,
        "limit|memory": 2,
        "limit_favoured|memory": 1,
    }
    with pytest.raises(ValueError, match="more given back"):
        budget.give("memory", 1)


def test_a_network_has_a_quarter_of_the_room_and_half_once_it_named_a_live_decoy() -> None:
    house = gate(replace(PLAIN, memory=64 * KIB, disk=4 * MIB, spill_above=KIB, max_message=KIB))
    counts = Tallies()
    budget = Budget(64 * KIB, 4 * MIB, counts)
    ips = ("2001:db8::1", "2001:db8::2", OTHER_IP)
    assert [house.enter(ip, 5.0, 1) for ip in ips] == [None] * 3
    purses = [house.purse(ip, budget, lambda: 5.0) for ip in ips]
    assert purses[0].take("memory", 10 * KIB)
    assert not purses[1].take("memory", 7 * KIB)
    assert purses[1].take("memory", 6 * KIB)
    assert purses[2].take("memory", 16 * KIB)
    house.welcome("2001:db8::3", 5.0)
    assert purses[1].take("memory", 16 * KIB)
    assert not purses[0].take("memory", 1)
    purses[0].give("memory", 4 * KIB)
    assert purses[1].take("memory", 4 * KIB)
    for purse in purses:
        purse.close()
        purse.close()
    assert budget.used == {"memory": 0, "disk": 0}
    assert counts.snapshot()["limit|memory"] == 2


def test_a_purse_gives_no_more_than_it_took_and_nothing_once_it_is_closed() -> None:
    budget = Budget(1000, 1000, Tallies())
    purse = gate().purse(IP, budget, lambda: 0.0)
    assert purse.take("memory", 100)
    with pytest.raises(ValueError, match="more given back"):
        purse.give("memory", 101)
    purse.close()
    purse.give("memory", 100)
    assert not purse.take("disk", 1)
    assert budget.used == {"memory": 0, "disk": 0}


def test_one_network_has_room_for_one_largest_message_at_least() -> None:
    house = gate(replace(PLAIN, memory=100 * KIB, disk=30 * MIB))
    purse = house.purse(IP, Budget(100 * MIB, 30 * MIB, Tallies()), lambda: 0.0)
    assert purse.take("disk", 25 * MIB)
    assert not purse.take("disk", 25 * MIB)
    assert purse.take("memory", 256 * KIB)


def test_exempt_networks_have_no_share() -> None:
    budget = Budget(1000, 1000, Tallies())
    purse = gate().purse("127.0.0.1", budget, lambda: 0.0)
    assert purse.take("memory", 1000)
    assert not purse.take("memory", 1)


@given(st.lists(st.tuples(st.sampled_from(["memory", "disk"]), st.integers(0, 500), st.booleans())))
def test_what_all_purses_hold_is_what_the_budget_counts(steps: list[tuple[str, int, bool]]) -> None:
    house = gate()
    budget = Budget(1000, 1000, Tallies())
    ips = (IP, OTHER_IP, "127.0.0.1")
    assert [house.enter(ip, 0.0, 1) for ip in ips] == [None] * 3
    purses = [house.purse(ip, budget, lambda: 0.0) for ip in ips]
    for number, (kind, count, giving) in enumerate(steps):
        purse = purses[number % 3]
        if giving:
            purse.give(kind, min(count, purse.used[kind]))
        else:
            purse.take(kind, count)
        assert budget.used == {each: sum(p.used[each] for p in purses) for each in ("memory", "disk")}
        assert budget.used[kind] <= 1000
