"""Decoys in a dump, and what nearly is one: misread, mistyped, never a stranger's."""

import random
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.address import canonical
from canary.dump import Lookup, addresses_in, distance, locals_of, look_up, near
from canary.dump.finding import MOST_COMPARED

DECOYS = (
    "ann.lee7@one.example",
    "m.burns1972@one.example",
    "ann.lee7@two-shops.example",
    "william.ohara@two-shops.example",
    "zed@s.example",
)


class Store:
    """What a store would answer, and what it was asked."""

    def __init__(self, decoys: Sequence[str] = DECOYS) -> None:
        self.decoys = {canonical(decoy): number for number, decoy in enumerate(decoys)}
        self.asked: list[str] = []

    def known(self, addresses: Sequence[str]) -> Mapping[str, int]:
        self.asked += addresses
        return {address: self.decoys[address] for address in addresses if address in self.decoys}

    def of(self, domain: str) -> Iterable[str]:
        return (decoy for decoy in self.decoys if decoy.endswith("@" + domain))

    def look_up(self, text: str) -> Lookup[int]:
        domains = ("one.example", "two-shops.example", "s.example")
        return look_up(addresses_in([text.encode()]), domains, self.known, self.of)


def test_decoys_are_found_whatever_a_broker_made_of_them() -> None:
    found = Store().look_up(
        "bob@gmail.com\nANN.LEE7@ONE.EXAMPLE\nannlee7+x@one.example\nw_illiam-ohara@two-shops.example.\n"
        "ann.lee7@two-shops.exampleTel: 5\n"
    )
    assert [(each.address, each.line, each.decoy, each.known, each.times) for each in found.decoys] == [
        ("ANN.LEE7@ONE.EXAMPLE", 2, "annlee7@one.example", 0, 2),
        ("w_illiam-ohara@two-shops.example", 4, "williamohara@two-shops.example", 3, 1),
        ("ann.lee7@two-shops.exampleTel", 5, "annlee7@two-shops.example", 2, 1),
    ]
    assert (found.near, found.addresses, found.lines) == ((), 5, 5)


@pytest.mark.parametrize(
    ("written", "decoy", "edits"),
    [
        ("rn.bums1972@one.example", "mburns1972@one.example", 0.5),
        ("vvilliam.0hara@two-shops.example", "williamohara@two-shops.example", 0.5),
        ("wi11iam.ohara@two-shops.example", "williamohara@two-shops.example", 0.5),
        ("wililam.ohara@two-shops.example", "williamohara@two-shops.example", 0.5),
        ("willaim.ohara@two-shops.example", "williamohara@two-shops.example", 1),
        ("william.ohar@two-shops.example", "williamohara@two-shops.example", 1),
        ("wiliam.ohare@two-shops.example", "williamohara@two-shops.example", 2),
        ("william.ohara@tvvo-shops.example", "williamohara@two-shops.example", 0.5),
        ("william.ohara@two-shosp.example", "williamohara@two-shops.example", 1),
        ("vvilliam.ohara@two-shosp.example", "williamohara@two-shops.example", 1.5),
        ("wiliam.ohara@two-shosp.example", "williamohara@two-shops.example", 2),
    ],
)
def test_a_misread_or_mistyped_decoy_is_a_near_miss(written: str, decoy: str, edits: float) -> None:
    found = Store().look_up(f"\n{written}\n")
    assert not found.decoys
    assert [(each.address, each.line, each.decoy, each.distance) for each in found.near] == [
        (written, 2, decoy, edits)
    ]


@pytest.mark.parametrize(
    "written",
    [
        "wilam.ohare@two-shops.example",  # three edits
        "wiliam.ohare@two-shosp.example",  # two and one
        "william.ohara@four-shops.example",
        "william.ohara@gmail.com",
        "zed@t5.example",  # a short domain two edits away
        "william.ohara@two-shops.example.org",  # may be another's
    ],
)
def test_who_is_further_away_is_a_stranger(written: str) -> None:
    found = Store().look_up(written)
    assert not found.near
    assert not found.decoys or written.endswith(".org")


def test_addresses_elsewhere_are_never_asked_about() -> None:
    store = Store()
    store.look_up("ann.lee7@gmail.com x@shop.org ann.lee7@one.example")
    assert store.asked == ["annlee7@one.example"]


def test_of_many_strangers_at_our_domains_some_are_compared_and_the_rest_counted() -> None:
    chance = random.Random(5)  # noqa: S311 - the same each time
    guesses = "\n".join(f"{chance.getrandbits(64):x}@one.example" for _ in range(MOST_COMPARED + 100))
    found = Store().look_up(f"{guesses}\nmbums1972@one.example\nann.lee7@one.example")
    assert found.uncompared == 101
    assert len(found.decoys) == 1
    near_by = Store().look_up(f"mbums1972@one.example\n{guesses}\n" + guesses.replace("@one", "@0ne"))
    assert [each.distance for each in near_by.near] == [0.5]
    assert near_by.uncompared == 101 + 100


@given(st.text("abcrnmvw1l0o5s", min_size=3, max_size=12), st.text("abcrnmvw1l0o5s", min_size=3, max_size=12))
def test_distance_is_symmetric_and_only_zero_for_the_same(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)


@given(
    st.text("abcrnmvw1lo0", min_size=4, max_size=12),
    st.lists(st.text("abcrnmvw1lo0", min_size=4, max_size=12), max_size=30),
)
def test_near_finds_exactly_those_within_the_distance(local: str, decoys: list[str]) -> None:
    expected = sorted((text, distance(local, text)) for text in decoys if distance(local, text) <= 2)
    assert sorted(near(local, locals_of(decoys))) == expected
