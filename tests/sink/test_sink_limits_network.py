"""What a client network may do, and whom a full house serves first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv6Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.sink.account import WELCOME
from canary.sink.limits import Gate, Refusal, of_one_worker
from canary.sink.network import packed, written
from canary.sink.settings import Limits, SinkSettings
from canary.tallies import Tallies

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IP, OTHER_IP = "203.0.113.7", "198.51.100.9"
KIB, MIB = 1024, 1024 * 1024


def settings(
    most: int = 1000, *, memory: int = 64 * MIB, disk: int = 2048 * MIB, **limits: Any
) -> SinkSettings:
    return SinkSettings(
        listen=(),
        hostname="mx.example.net",
        domains=frozenset({"example.net"}),
        max_connections=most,
        memory=memory,
        disk=disk,
        limits=Limits(**limits),
    )


def gate(most: int = 1000, **limits: Any) -> Gate:
    return Gate(settings(most, **limits), Tallies())


def counted(what: Gate) -> dict[str, float]:
    return what._tallies.snapshot()


def how_often(action: Callable[[], object], most: int = 100_000) -> int:
    """Count how often something may be done at once."""
    return next((count for count in range(most) if not action()), most)


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:cb00:7107", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_64(ip: str, network: str) -> None:
    assert written(packed(ip)[:8]) == network


@pytest.mark.parametrize(
    "text", ["", "203.0.113", "203.0.113.007", "1", "a\0b", "\ud800", "::1::", "x" * 10_000]
)
def test_what_is_no_address_has_no_network(text: str) -> None:
    assert packed(text) == b""


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_all_of_an_ipv6_64_is_one_network(ip: IPv6Address, other: int) -> None:
    neighbour = IPv6Address(int(ip) >> 64 << 64 | other)
    if ip.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert packed(str(ip))[:8] == packed(str(neighbour))[:8]
        assert ip_network(written(packed(str(ip))[:8])) == ip_network(f"{ip}/64", strict=False)


def test_a_network_has_so_many_connections_at_a_time() -> None:
    house = gate(connections=3)
    assert how_often(lambda: house.enter(IP, 0, 1) is None) == 3
    assert house.enter(IP, 0, 1) is Refusal.CONNECTIONS
    assert house.enter(OTHER_IP, 0, 1) is None
    house.leave(IP)
    assert house.enter(IP, 0, 1) is None
    assert counted(house) == {"limit|connections": 2}


def test_neighbours_in_an_ipv6_64_share_their_connections() -> None:
    house = gate(connections=1)
    assert house.enter("2001:db8::1", 0, 1) is None
    assert house.enter("2001:db8::2", 0, 1) is Refusal.CONNECTIONS
    assert house.enter("2001:db8:0:1::2", 0, 1) is None
    house.leave("2001:db8::ffff")
    assert house.enter("2001:db8::2", 0, 1) is None


def test_a_network_connects_so_often_in_a_minute() -> None:
    house = gate(connections=0, connection_rate=60)
    assert how_often(lambda: house.enter(IP, 5.0, 1) is None) == 60
    assert house.enter(IP, 5.0, 1) is Refusal.CONNECTION_RATE
    assert house.enter(IP, 6.1, 1) is None
    assert house.enter(IP, 6.1, 1) is Refusal.CONNECTION_RATE
    assert how_often(lambda: house.enter(IP, 100.0, 1) is None) == 60


@pytest.mark.parametrize("what", ["message", "recipient"])
@pytest.mark.parametrize("rate", [1, 7, 60, 1200, 6000, 100_000])
def test_a_rate_is_a_minutes_worth_at_once_and_then_the_even_rate(what: str, rate: int) -> None:
    house = gate(message_rate=rate, recipient_rate=rate)
    asked = getattr(house, what)
    for start in (0.0, 1_000_000.0):
        assert how_often(partial(asked, IP, start), 200_000) == rate
        assert not asked(IP, start + 0.4 * 60 / rate)
        assert asked(IP, start + 1.1 * 60 / rate)
        assert not asked(IP, start + 1.2 * 60 / rate)
        assert asked(OTHER_IP, start)


def test_who_is_refused_and_goes_on_trying_is_not_locked_out() -> None:
    house = gate(message_rate=60)
    taken = sum(house.message(IP, tenth / 10) for tenth in range(6000))
    assert taken == pytest.approx(60 + 600, abs=2)


def test_nought_is_no_limit() -> None:
    house = gate(
        0, connections=0, connection_rate=0, message_rate=0, recipient_rate=0, unknown=0, unknown_slow=0
    )
    house.reload(settings(100_000, **dict.fromkeys(_limit_names(), 0)))
    assert how_often(lambda: house.enter(IP, 0, 1) is None, 5000) == 5000
    assert how_often(lambda: house.message(IP, 0), 5000) == 5000
    assert how_often(lambda: house.recipient(IP, 0), 5000) == 5000
    assert {house.unknown(IP, "x", 0) for _ in range(5000)} == {(0.0, False)}
    house.welcome(IP, 0)
    assert how_often(lambda: house.enter(IP, 0, 1) is None, 5000) == 5000


def test_who_guesses_is_slowed_down_gently_and_then_sent_away_for_the_rest_of_the_hour() -> None:
    house = gate(unknown_slow=20, unknown=200)
    assert house.enter(IP, 0, 1) is None
    found = [house.unknown(IP, f"guess{number}@example.net", number) for number in range(200)]
    assert [each.delay for each in found[:19]] == [0.0] * 19
    assert found[19].delay == 1.0
    assert [each.delay for each in found[19:199]] == sorted(each.delay for each in found[19:199])
    assert max(each.delay for each in found) == 8.0
    assert [each.turned_away for each in found] == [False] * 199 + [True]
    house.leave(IP)
    assert house.enter(IP, 3599.0, 1) is Refusal.UNKNOWN
    assert house.enter(OTHER_IP, 3599.0, 1) is None
    assert house.enter(IP, 3600.0, 1) is None
    assert house.unknown(IP, "again@example.net", 3600.0).delay == 0.0
    assert counted(house) == {"limit|unknown_slow": 180, "limit|unknown": 2}


def test_who_names_a_live_decoy_may_do_ten_times_as_much_even_when_turned_away_before() -> None:
    house = gate(connections=5, message_rate=6, recipient_rate=6, unknown_slow=2, unknown=4)
    assert how_often(lambda: house.recipient(IP, 0)) == 6
    assert [house.unknown(IP, "x", 0).turned_away for _ in range(4)] == [False] * 3 + [True]
    assert house.enter(IP, 1, 1) is Refusal.UNKNOWN
    house.welcome(IP, 1)
    assert house.is_favoured(IP, 1)
    assert how_often(lambda: house.enter(IP, 1, 1) is None) == 50
    assert how_often(lambda: house.message(IP, 60)) == 60
    assert house.recipient(IP, 1)
    assert house.unknown(IP, "x", 1).delay == 0.0
    assert counted(house)["limit_favoured|connections"] == 1
    assert not house.is_favoured(IP, 1 + WELCOME)


def test_one_network_has_no_more_than_a_quarter_of_the_house_however_welcome() -> None:
    house = gate(100, connections=10)
    house.welcome(IP, 0)
    assert how_often(lambda: house.enter(IP, 0, 1) is None) == 25


def test_exempt_networks_and_unix_sockets_are_limited_by_the_house_alone() -> None:
    house = gate(10, connections=1, message_rate=1, recipient_rate=1, unknown=1)
    for ip in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", ""):
        assert [house.enter(ip, 0, 10) for _ in range(100)] == [None] * 100
        assert house.enter(ip, 0, 11) is Refusal.FULL
        assert how_often(partial(house.message, ip, 0), 100) == 100
        assert how_often(partial(house.recipient, ip, 0), 100) == 100
        assert not any(house.unknown(ip, "x", 0).turned_away for _ in range(100))
        house.leave(ip)
    assert house.enter("::2", 0, 1) is None
    assert house.enter("::2", 0, 1) is Refusal.CONNECTIONS


def test_exempt_networks_may_be_written_as_ipv4_in_ipv6() -> None:
    named = (ip_network("::ffff:10.0.0.0/104"), ip_network("2001:db8::/32"), ip_network("192.0.2.1"))
    plain = settings(connections=1)
    house = Gate(replace(plain, limits=replace(plain.limits, exempt=named)), Tallies())
    assert all(house.is_favoured(ip, 0) for ip in ("10.9.9.9", "2001:db8:ffff::1", "192.0.2.1"))
    assert not any(house.is_favoured(ip, 0) for ip in ("11.0.0.1", "2001:db9::1", "192.0.2.2", "127.0.0.1"))


def test_the_last_tenth_of_the_house_is_for_those_that_named_a_live_decoy() -> None:
    house = gate(100)
    house.welcome(IP, 0)
    assert house.enter(OTHER_IP, 0, 90) is None
    assert house.enter(OTHER_IP, 0, 91) is Refusal.FULL
    assert house.enter(IP, 0, 100) is None
    assert house.enter(IP, 0, 101) is Refusal.FULL
    assert counted(house) == {"limit|full": 2, "limit_favoured|full": 1}


@pytest.mark.parametrize("most", [1, 2, 9])
def test_a_small_house_has_no_reserve(most: int) -> None:
    assert gate(most).enter(IP, 0, most) is None
    assert gate(most).enter(IP, 0, most + 1) is Refusal.FULL


def test_a_place_may_be_made_in_a_full_house_but_not_for_those_who_come_too_often() -> None:
    house = gate(100, connections=2)
    asked: list[int] = []

    def make_room() -> bool:
        asked.append(1)
        return True

    assert house.enter(IP, 0, 90, make_room) is None
    assert not asked
    assert house.enter(IP, 0, 95, make_room) is None
    assert house.enter(IP, 0, 95, make_room) is Refusal.CONNECTIONS
    assert asked == [1]
    assert counted(house) == {"limit|connections": 1}


def test_strangers_who_guess_are_sent_away_early_when_the_house_is_nearly_full() -> None:
    house = gate(10, connections=0, unknown_slow=2, unknown=100)
    assert how_often(lambda: house.enter(OTHER_IP, 0, 1) is None, 9) == 9
    house.welcome(IP, 0)
    assert [house.unknown(OTHER_IP, "x", 0).turned_away for _ in range(2)] == [False, True]
    assert not any(house.unknown(IP, "x", 0).turned_away for _ in range(30))


def test_what_is_held_against_a_network_outlives_a_reload() -> None:
    house = gate(connections=5, unknown=3)
    for _ in range(3):
        house.unknown(IP, "x", 0)
    house.enter(OTHER_IP, 0, 1)
    house.reload(replace(settings(connections=1), proxy_peers=(ip_network("192.0.2.0/24"),)))
    assert house.enter(OTHER_IP, 1, 1) is Refusal.CONNECTIONS
    house.reload(settings(unknown=3))
    assert house.enter(IP, 1, 1) is Refusal.UNKNOWN


def test_who_came_in_before_it_was_exempt_leaves_all_the_same() -> None:
    house, exempt = gate(), (ip_network(IP),)
    plain = settings()
    house.enter(IP, 0, 1)
    house.reload(replace(plain, limits=replace(plain.limits, exempt=exempt)))
    house.enter(IP, 0, 1)
    house.leave(IP)
    house.reload(plain)
    house.leave(IP)
    assert house.entered == 0


def test_only_named_proxies_are_proxies() -> None:
    house = Gate(
        replace(settings(), proxy_peers=(ip_network("192.0.2.0/24"), ip_network("0::/0"))), Tallies()
    )
    assert house.is_proxy("192.0.2.200")
    assert house.is_proxy("::ffff:192.0.2.200")
    assert house.is_proxy("2001:db8::1")
    assert not house.is_proxy("203.0.113.1")
    assert not house.is_proxy("")
    assert not gate().is_proxy("127.0.0.1")


def test_one_of_many_workers_takes_its_part() -> None:
    part = of_one_worker(settings(1001, connections=50, message_rate=1200), 4)
    assert (part.max_connections, part.limits.connections, part.limits.message_rate) == (251, 19, 1200)
    assert (part.memory, part.disk) == (16 * MIB, 512 * MIB)
    assert of_one_worker(settings(), 1) == settings()
    assert of_one_worker(settings(connections=0), 3).limits.connections == 0


def _limit_names() -> list[str]:
    return ["connections", "connection_rate", "message_rate", "recipient_rate", "unknown", "unknown_slow"]
