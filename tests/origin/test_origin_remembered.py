"""What DNS said is remembered for as long as it said, for that question alone, within bounds."""

import time
from collections.abc import Callable

import pytest

from canary.model import Message
from canary.origin import Authenticator, Outcome
from canary.origin.remembered import MOST_SECONDS, RememberedAnswers
from canary.origin.resolving import Lookups, UnansweredError, resolver_of
from tests.origin.name_server import NameServer

Make = Callable[..., Message]
Ask = Callable[..., list[str]]


@pytest.fixture
def asked(names: NameServer) -> Ask:
    """Return what asks as one message after the other does."""
    resolver = resolver_of(["127.0.0.1"], names.port)

    def ask(name: str, seconds: float = 5) -> list[str]:
        return [str(each) for each in Lookups(resolver, seconds, 10).ask(name, "TXT")]

    return ask


async def test_the_next_message_of_a_domain_asks_nothing_that_is_known(
    names: NameServer, authenticator: Authenticator, letter: Make
) -> None:
    names.text("seller.example", "v=spf1 a -all")
    names.add("seller.example", "A", "192.0.2.7")
    names.text("_dmarc.seller.example", "v=DMARC1; p=reject")
    first = await authenticator.check(letter())
    asked = len(names.asked)
    assert (await authenticator.check(letter())).summary == first.summary
    assert first.spf.outcome is first.dmarc.outcome is Outcome.PASS
    assert len(names.asked) == asked == 3


def test_a_time_to_live_is_kept_to(names: NameServer, asked: Ask) -> None:
    names.text("brief.example", "one")
    names.ttl = 1
    assert asked("brief.example") == ['"one"']
    names.records["brief.example", "TXT"] = ['"two"']
    ends = time.monotonic() + 20
    while asked("brief.example") == ['"one"']:
        assert time.monotonic() < ends
        time.sleep(0.05)
    names.ttl = 0
    names.text("never.example", "one")
    asked("never.example"), asked("never.example")
    assert names.asked.count(("never.example", "TXT")) == 2


def test_nobody_answers_for_another_name(names: NameServer, asked: Ask) -> None:
    names.text("broker.example", "v=spf1 +all")
    names.text("company.example", "v=spf1 -all")
    names.beside = ['company.example. TXT "v=spf1 +all"']
    assert asked("broker.example") == ['"v=spf1 +all"']
    names.beside.clear()
    assert asked("company.example") == ['"v=spf1 -all"']
    assert asked("COMPANY.example.") == ['"v=spf1 -all"']
    assert names.asked.count(("company.example", "TXT")) == 1


def test_that_there_is_nothing_is_remembered_only_where_it_is_said_for_how_long(
    names: NameServer, asked: Ask
) -> None:
    for _ in range(2):
        assert asked("gone.example") == []
    assert len(names.asked) == 2
    names.beside = ["example. SOA ns.example. root.example. 1 2 3 4 60"]
    for _ in range(3):
        assert asked("away.example") == []
    assert len(names.asked) == 3


def test_failures_and_silence_are_asked_again(names: NameServer, asked: Ask) -> None:
    names.text("ill.example", "well")
    names.manners["ill.example"] = "servfail"
    with pytest.raises(Exception, match="DNS failed"):
        asked("ill.example")
    names.manners["ill.example"] = "silent"
    with pytest.raises(UnansweredError):
        asked("ill.example", seconds=0.3)
    names.manners.clear()
    assert asked("ill.example") == ['"well"']


def test_what_is_remembered_is_bounded_in_number_size_and_time(names: NameServer) -> None:
    resolver = resolver_of(["127.0.0.1"], names.port)
    assert resolver is not None
    resolver.cache = remembered = RememberedAnswers(5)
    names.ttl = 2**31 - 1
    for number in range(12):
        names.text(f"n{number}.example", "x")
        Lookups(resolver, 5, 10).ask(f"n{number}.example", "TXT")
    assert len(remembered.data) == 5
    assert all(node.value.expiration <= time.time() + MOST_SECONDS for node in remembered.data.values())
    for number in range(100):
        names.text("huge.example", f"{number}" + "y" * 250)
    assert len(Lookups(resolver, 5, 10).ask("huge.example", "TXT")) == 100
    assert not any("huge" in str(key[0]) for key in remembered.data)
