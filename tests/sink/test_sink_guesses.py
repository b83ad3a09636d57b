"""What clients try in vain is kept as evidence, within bounds."""

from datetime import UTC, datetime, timedelta

import pytest

from canary.model import Attempts
from canary.sink.guesses import FEW, LONGEST, NETWORKS, SAMPLE, SAMPLES, Guesses
from canary.sink.limits import Gate
from canary.sink.network import packed
from canary.sink.settings import SinkSettings
from canary.tallies import Tallies

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IP = "203.0.113.7"


def test_what_was_tried_in_vain_is_handed_over_once_with_a_sample() -> None:
    house = Gate(SinkSettings((), "mx.example.net", frozenset()), Tallies())
    for name in ("anna@example.net", "ben@example.net", "anna@example.net"):
        house.unknown("2001:db8::1", name, 0)
    house.unknown("2001:db8::2", "carl@example.net", 0)
    house.unknown("127.0.0.1", "dora@example.net", 0)
    day = datetime(2026, 11, 22, tzinfo=UTC)
    assert house.drain(NOON) == [
        Attempts(
            day, "2001:db8::/64", 4, ("anna@example.net", "ben@example.net", "carl@example.net"), (2, 1, 1)
        ),
        Attempts(day, "127.0.0.1/32", 1, ("dora@example.net",), (1,)),
    ]
    assert house.drain(NOON) == []


def test_a_network_gives_so_many_samples_a_day() -> None:
    guesses = Guesses()
    handed = 0
    for round_ in range(SAMPLE // 7 + 5):
        for number in range(7):
            guesses.note(packed(IP), f"{round_}.{number}@example.net")
        handed += sum(len(each.sample) for each in guesses.drain(NOON))
    assert handed == SAMPLE
    guesses.drain(NOON + timedelta(days=1))
    guesses.note(packed(IP), "tomorrow@example.net")
    (attempts,) = guesses.drain(NOON + timedelta(days=1))
    assert attempts.sample == ("tomorrow@example.net",)


def test_a_sample_is_no_longer_than_an_address_may_be() -> None:
    guesses = Guesses()
    for text in ("x" * 987, "é" * 500, "a" + "é" * 500, "\udc80" * 500):
        guesses.note(packed(IP), text + "@example.net")
    (attempts,) = guesses.drain(NOON)
    assert [len(each.encode()) for each in attempts.sample] == [LONGEST, LONGEST, LONGEST - 1, LONGEST]


def test_networks_beyond_the_first_ten_thousand_of_a_day_are_others() -> None:
    guesses = Guesses()
    for number in range(NETWORKS + 500):
        guesses.note(number.to_bytes(4), "x@example.net")
    first = guesses.drain(NOON)
    assert len(first) == NETWORKS + 1
    assert [each.count for each in first if each.network == "others"] == [500]
    guesses.note(b"\xff\xff\xff\xff", "x@example.net")
    guesses.note((5).to_bytes(4), "x@example.net")
    assert [each.network for each in guesses.drain(NOON)] == ["others", "0.0.0.5/32"]


def test_samples_that_wait_are_bounded() -> None:
    guesses = Guesses()
    for number in range(3000):
        for name in range(SAMPLE):
            guesses.note(number.to_bytes(4), f"{name}@example.net")
    assert sum(len(each.sample) for each in guesses.drain(NOON)) == SAMPLES
    guesses.note(b"\xff\xff\xff\xff", "x@example.net")
    assert guesses.drain(NOON)[0].sample == ("x@example.net",)


def test_in_a_flood_of_networks_each_gives_few_samples_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canary.sink.guesses.ROOM", 300)
    guesses = Guesses()

    def handed(networks: range) -> list[int]:
        for network in networks:
            for name in range(SAMPLE + 5):
                guesses.note(network.to_bytes(4), f"{name}@example.net")
        return [len(each.sample) for each in guesses.drain(NOON)]

    assert handed(range(4)) == [SAMPLE, 100, FEW, FEW]
    assert handed(range(2, 6)) == [0, 0, FEW, FEW]
    guesses.drain(NOON + timedelta(days=1))
    assert handed(range(1)) == [SAMPLE]
