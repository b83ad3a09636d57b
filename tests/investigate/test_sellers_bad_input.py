"""Registries as people write them: the same seller twice in another spelling, and names that look alike."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import pytest

from canary.cli.sellers import _forms
from canary.errors import DataError
from canary.investigate.registry import entries, taken_in
from canary.investigate.sellers import Registry, interests
from canary.model import Indicator, Strength
from tests.investigate.cases import PRODUCT, Desk

FORMS = _forms()
HEAD = "id,name,domains,mailboxes,handles,products,records\n"


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("bücher.example,,,,", "xn--bcher-kva.example,,,,", "domain xn--bcher-kva.example"),
        ("shop.Seller.example,,,,", "SELLER.example.,,,,", "domain seller.example"),
        (",Win@Seller.example,,,", ",win@seller.EXAMPLE,,,", "mailbox win@seller.example"),
        (",,wechat:@Seller88,,", ",,WeChat: seller88,,", "wechat seller88"),
        (",,whatsapp:+1 555 010 9999,,", ",,whatsapp:(1) 555-010-9999,,", "whatsapp 15550109999"),
    ],
)
def test_one_claim_in_two_spellings_is_a_duplicate_and_told_with_both_places(
    one: str, other: str, said: str
) -> None:
    text = f"{HEAD}S1,Brightpan,{one}\nS2,Lumo,{other}\n"
    with pytest.raises(DataError) as refused:
        taken_in(entries(text, FORMS), (), merge=False)
    assert f"line 3: {said} is in line 2 already (S1)" in refused.value.message
    both = taken_in(entries(text, FORMS), (), merge=True)
    assert [each.id for each in both] == ["S1", "S2"]


def test_a_seller_that_writes_the_same_thing_twice_is_no_duplicate_of_itself() -> None:
    (seller,) = taken_in(
        entries(f"{HEAD}S1,Brightpan,a.example;A.example;www.a.example,,,,\n", FORMS), (), merge=False
    )
    assert [each.value for each in seller.indicators] == ["a.example"]


def test_ten_thousand_duplicates_are_refused_with_the_first_ten() -> None:
    rows = "".join(f"S{number},Name {number},one.example,,,,\n" for number in range(10_000))
    with pytest.raises(DataError) as refused:
        taken_in(entries(HEAD + rows, FORMS), (), merge=False)
    assert refused.value.message.count("is in line 2 already") == 10
    assert "and 9989 more" in refused.value.message


def test_a_claim_that_two_sellers_were_given_names_both_and_neither_alone(desk: Desk) -> None:
    text = f"{HEAD}S1,Brightpan,gifts.example,,,,\nS2,Lumo,gifts.example,,,,\n"
    sellers = taken_in(entries(text, FORMS), (), merge=True)
    link = Indicator("link domain", "gifts.example", Strength.IDENTIFIES)
    (joined,) = desk.hit(desk.decoy(), origin=[link])
    found = interests(desk.store.incident(joined.incident), Registry.of(sellers))
    assert {each.seller for each in found if each.kind == "sender"} == {"S1", "S2"}


def test_who_only_looks_like_a_seller_is_not_that_seller(desk: Desk) -> None:
    sellers = taken_in(
        entries(f"{HEAD}S1,Brightpan,brightpan.example;bücher.example,,,,\n", FORMS), (), merge=False
    )
    lookalike = "brіghtpan.example".encode("idna").decode()  # its third letter is Cyrillic
    (joined,) = desk.hit(
        desk.decoy(), origin=[Indicator("link domain", lookalike, Strength.IDENTIFIES), PRODUCT]
    )
    assert not [
        each
        for each in interests(desk.store.incident(joined.incident), Registry.of(sellers))
        if each.seller == "S1"
    ]
    theirs = Indicator("link domain", "xn--bcher-kva.example", Strength.IDENTIFIES)
    assert [each.id for each in Registry.of(sellers).of_indicator(theirs)] == ["S1"]
