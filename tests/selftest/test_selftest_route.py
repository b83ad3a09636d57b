"""Where mail for a domain goes, asked of a real resolver before a name server on loopback."""

from collections.abc import Generator
from typing import TypeVar

import pytest

from canary.errors import ConfigurationError
from canary.selftest import Leg, LegState, Stop, find, resolver_of
from tests.selftest.conftest import Zone, name_server

T = TypeVar("T")


def walked(legs: Generator[Leg, None, T]) -> tuple[list[Leg], T]:
    seen: list[Leg] = []
    while True:
        try:
            seen.append(next(legs))
        except StopIteration as end:
            return seen, end.value


def asked(zone: Zone, broken: frozenset[str] = frozenset()) -> tuple[Leg, tuple[Stop, ...]]:
    with name_server(zone, broken) as where:
        (leg,), stops = walked(find("example.org", resolver_of(*where)))
    return leg, stops


def test_hosts_come_in_the_order_of_preference_with_both_families() -> None:
    leg, stops = asked(
        {
            ("example.org", "MX"): ("20 mx2.example.org.", "10 mx1.example.org."),
            ("mx1.example.org", "A"): ("192.0.2.1",),
            ("mx1.example.org", "AAAA"): ("2001:db8::1",),
            ("mx2.example.org", "A"): ("192.0.2.2",),
        }
    )
    assert leg.state is LegState.OK
    assert stops == (
        Stop("mx1.example.org", "2001:db8::1"),
        Stop("mx1.example.org", "192.0.2.1"),
        Stop("mx2.example.org", "192.0.2.2"),
    )
    assert leg.said == (
        "mx1.example.org ([2001:db8::1]:25), mx1.example.org (192.0.2.1:25), mx2.example.org (192.0.2.2:25)"
    )


def test_without_mx_the_domain_itself_stands_in_and_that_is_told() -> None:
    leg, stops = asked({("example.org", "A"): ("192.0.2.1",)})
    assert leg.state is LegState.WARNED
    assert "no MX record" in leg.said
    assert stops == (Stop("example.org", "192.0.2.1"),)


def test_a_host_without_address_is_passed_over_and_told() -> None:
    zone: Zone = {
        ("example.org", "MX"): ("10 gone.example.org.", "20 mx.example.org."),
        ("mx.example.org", "A"): ("192.0.2.2",),
    }
    leg, stops = asked(zone)
    assert leg.state is LegState.WARNED
    assert leg.said.startswith("gone.example.org has no address; mx.example.org")
    assert [stop.name for stop in stops] == ["mx.example.org"]


@pytest.mark.parametrize(
    ("zone", "broken", "said", "temporary"),
    [
        ({("example.com", "A"): ("192.0.2.1",)}, "", "example.org does not exist", False),
        ({("example.org", "MX"): ("0 .",)}, "", "takes no mail: its MX is null", False),
        ({("example.org", "MX"): ("10 mx.example.org.",)}, "", "mx.example.org of example.org has no", False),
        ({("example.org", "TXT"): ('"x"',)}, "", "example.org of example.org has no address", False),
        ({}, "example.org", "no answer about example.org", True),
        ({("example.org", "MX"): ("10 mx.example.org.",)}, "mx.example.org", "no answer about", True),
    ],
    ids=["no domain", "null MX", "no address", "neither", "broken", "broken for the host"],
)
def test_a_domain_that_cannot_take_mail_says_why(
    zone: Zone, broken: str, said: str, *, temporary: bool
) -> None:
    leg, stops = asked(zone, frozenset({broken}))
    assert (leg.state, leg.temporary, stops) == (LegState.FAILED, temporary, ())
    assert said in leg.said
    assert leg.hint


def test_a_machine_without_name_servers_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        from dns.resolver import NoResolverConfiguration  # noqa: PLC0415 - only here

        raise NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver.read_resolv_conf", nothing)
    with pytest.raises(ConfigurationError, match="no name server"):
        resolver_of()
