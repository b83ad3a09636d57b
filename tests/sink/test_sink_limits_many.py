"""Far more client networks than are remembered, and any order of comings and goings."""

import tracemalloc
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from canary.sink.guesses import NETWORKS
from canary.sink.limits import REMEMBERED, WELCOMED, Gate, Refusal
from canary.sink.settings import Limits, SinkSettings
from canary.tallies import Tallies

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IP, OTHER_IP = "203.0.113.7", "198.51.100.9"
MIB = 1024 * 1024


def gate(most: int = 1000, **limits: Any) -> Gate:
    settings = SinkSettings((), "mx.example.net", frozenset(), max_connections=most, limits=Limits(**limits))
    return Gate(settings, Tallies())


def _botnet(count: int) -> list[str]:
    return [f"{n >> 24 | 11}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(count)]


def test_any_number_of_networks_takes_bounded_time_and_memory() -> None:
    house = gate(unknown_slow=20)
    house.welcome(IP, 0)
    addresses = _botnet(6 * REMEMBERED)
    began = perf_counter()
    for number, ip in enumerate(addresses):
        now = number / 20_000
        house.enter(ip, now, 1)
        house.unknown(ip, "guess@example.net", now)
        house.leave(ip)
    spent = perf_counter() - began
    assert len(house._away) <= REMEMBERED
    assert not house._here
    assert house.is_favoured(IP, 11)
    assert spent < 60
    attempts = house.drain(NOON)
    assert len(attempts) == NETWORKS + 1
    assert sum(each.count for each in attempts) == 6 * REMEMBERED


def test_all_that_is_remembered_fits_in_a_few_megabytes() -> None:
    addresses = [f"2001:db8:{n >> 16:x}:{n & 65535:x}::1" for n in range(REMEMBERED + 5000)]
    house = gate()
    tracemalloc.start()
    try:
        for number, ip in enumerate(addresses):
            house.enter(ip, number / 1000, 1)
            house.message(ip, number / 1000)
            house.recipient(ip, number / 1000)
            house.unknown(ip, f"someone.rather.long.{number}@example.net", number / 1000)
            house.welcome(ip, number / 1000)
            house.leave(ip)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(house._away) == REMEMBERED
    assert len(house._welcomed) == WELCOMED
    assert taken < 32 * MIB


def test_networks_that_nothing_is_held_against_are_forgotten() -> None:
    house = gate()
    for number, ip in enumerate(_botnet(5000)):
        house.enter(ip, float(number), 1)
        house.leave(ip)
    assert len(house._away) < 5


def test_strangers_push_out_neither_those_who_are_here_nor_those_who_are_welcome() -> None:
    house = gate(connections=1)
    house.enter(IP, 0, 1)
    house.welcome(OTHER_IP, 0)
    for number, ip in enumerate(_botnet(REMEMBERED + 100)):
        house.unknown(ip, "x", number / 1000)
    assert house.enter(IP, 50, 1) is Refusal.CONNECTIONS
    assert house.is_favoured(OTHER_IP, 50)


class Comings(RuleBasedStateMachine):
    """Whoever comes and goes, numbers add up."""

    def __init__(self) -> None:
        super().__init__()
        self.house = gate(6, connections=2, connection_rate=20, message_rate=5, unknown=3, unknown_slow=1)
        self.inside: list[str] = []
        self.now = 0.0

    ips = st.sampled_from(["203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2", "127.0.0.1", ""])

    @rule(ip=ips)
    def comes(self, ip: str) -> None:
        refused = self.house.enter(ip, self.now, len(self.inside) + 1)
        if refused is None:
            self.inside.append(ip)
        if len(self.inside) >= 6 and refused is None:
            assert len(self.inside) == 6

    @rule(data=st.data())
    def goes(self, data: st.DataObject) -> None:
        if self.inside:
            ip = data.draw(st.sampled_from(self.inside))
            self.inside.remove(ip)
            self.house.leave(ip)

    @rule(ip=ips, what=st.sampled_from(["welcome", "message", "recipient"]))
    def does(self, ip: str, what: str) -> None:
        getattr(self.house, what)(ip, self.now)

    @rule(ip=ips)
    def guesses(self, ip: str) -> None:
        assert 0 <= self.house.unknown(ip, "x", self.now).delay <= 8

    @rule(seconds=st.floats(0, 5000))
    def waits(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def numbers_add_up(self) -> None:
        house = self.house
        assert house.entered == len(self.inside)
        assert sum(each.here for each in house._here.values()) + house._exempt.here == house.entered
        assert all(each.here > 0 for each in house._here.values())
        assert all(each.here == 0 for each in house._away.values())
        assert not set(house._here) & set(house._away)


TestComings = Comings.TestCase
