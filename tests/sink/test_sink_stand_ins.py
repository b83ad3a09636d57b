"""Who is taken for a decoy cannot be told from one, nor one domain of ours from a stranger's."""

from dataclasses import replace
from typing import Any

import pytest

from canary.sink.commands import answer
from canary.sink.settings import Limits, Unknown
from tests.sink.test_sink_manners import OK, begun, rcpt
from tests.sink.visits import OddDoor, new_visit


@pytest.mark.parametrize("policy", [Unknown.SOME, Unknown.ACCEPT_ALL])
@pytest.mark.parametrize("verb", ["RCPT TO:<{}>", "VRFY {}"])
def test_a_stand_in_is_as_welcome_as_a_decoy_and_nothing_is_held_against_who_named_it(
    policy: Unknown, verb: str
) -> None:
    limits = Limits(unknown_slow=2, unknown=1000)

    def late(address: str) -> list[float]:
        visit = begun(new_visit(OddDoor({"anna.reed@example.net": 0.0}), unknown=policy, limits=limits))
        assert answer(visit, verb.format(address).encode()).text[:2] == "25"
        for number in range(30):
            rcpt(visit, f"xq{number}z@example.net")
        return [visit.delay, visit.house.gate.is_favoured("192.0.2.1", 1000.0)]

    assert late("anna.reed@example.net") == late("live@example.net")
    assert late("live@example.net")[1]


def test_a_stand_in_is_evidence_all_the_same() -> None:
    door = OddDoor()
    visit = begun(new_visit(door, unknown=Unknown.ACCEPT_ALL))
    assert rcpt(visit, "nobody@example.net") == OK
    (tried,) = visit.house.gate.drain(visit.house.clock())
    assert (tried.network, tried.count, tried.sample) == ("192.0.2.1/32", 1, ("nobody@example.net",))
    assert door.strays == ["nobody@example.net"]


TWO_NAMES: dict[str, Any] = {
    "domains": ("example.net", "example.org", "other.example"),
    "hostnames": (("192.0.2.2", "mail.example.org"),),
}


@pytest.mark.parametrize(
    ("our_ip", "address", "begins"),
    [
        ("192.0.2.1", "postmaster@example.net", "250 "),
        ("192.0.2.1", "nobody@example.net", "550 5.1.1 "),
        ("192.0.2.1", "postmaster@example.org", "554 5.7.1 "),
        ("192.0.2.1", "nobody@example.org", "554 5.7.1 "),
        ("192.0.2.2", "postmaster@example.org", "250 "),
        ("192.0.2.2", "nobody@example.org", "550 5.1.1 "),
        ("192.0.2.2", "nobody@example.net", "554 5.7.1 "),
        ("192.0.2.2", "live@example.net", "250 "),
        ("192.0.2.2", "postmaster", "250 "),
        ("192.0.2.2", "abuse@mail.example.org", "250 "),
        ("192.0.2.1", "nobody@other.example", "550 5.1.1 "),
        ("192.0.2.2", "nobody@other.example", "550 5.1.1 "),
    ],
)
def test_a_domain_is_ours_only_where_we_go_by_a_name_of_it(our_ip: str, address: str, begins: str) -> None:
    assert rcpt(begun(new_visit(our_ip=our_ip, **TWO_NAMES)), address).startswith(begins)


def test_all_domains_are_ours_to_a_mail_host_of_ours_and_where_there_is_one_name() -> None:
    for settings in ({"lmtp": True, **TWO_NAMES}, {"domains": TWO_NAMES["domains"]}):
        visit = begun(new_visit(**settings))
        assert [rcpt(visit, f"postmaster@{domain}") for domain in TWO_NAMES["domains"]] == [OK] * 3


def test_other_names_after_a_reload_have_other_domains() -> None:
    visit = new_visit(**TWO_NAMES)
    house = visit.house
    assert house.domains("mx.example.net") == {"example.net", "other.example"}
    house.reload(replace(house.settings, hostnames=(("192.0.2.2", "mx.other.example"),)))
    assert house.domains("mx.example.net") == {"example.net", "example.org"}
