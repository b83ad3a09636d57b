"""Sellers whom the company knows, and what ties them to an incident."""

from collections.abc import Sequence

import pytest

from canary.cli.sellers import _forms
from canary.errors import DataError
from canary.investigate.registry import entries, taken_in
from canary.investigate.sellers import Interest, Registry, interests
from canary.model import Indicator, Seller, Strength
from tests.investigate.cases import LINK, PRODUCT, WECHAT, Desk

FORMS = _forms()
CSV = """id,name,domains,mailboxes,handles,products,records
S1,Brightpan,brightpan.example; shop.brightpan.example,Win@BrightPan.example,"wechat:@Seller88
whatsapp:+1 555 010 9999",B07QX4T2LM,
S2,Lumo,gifts.example,,,,list:lumo-*
"""


def known(text: str = CSV) -> list[Seller]:
    return taken_in(entries(text, FORMS), (), merge=False)


def kinds(found: Sequence[Interest]) -> list[tuple[str, str]]:
    return [(each.kind, each.seller) for each in found]


def test_a_file_becomes_sellers_in_the_forms_that_mail_is_known_by() -> None:
    first, second = known()
    assert [(each.kind, each.value) for each in first.indicators] == [
        ("domain", "brightpan.example"),
        ("mailbox", "win@brightpan.example"),
        ("wechat", "seller88"),
        ("whatsapp", "15550109999"),
        ("product", "B07QX4T2LM"),
    ]
    assert second.name == "Lumo"
    rows = '[{"id": "S2", "name": "Lumo", "domains": ["gifts.example"], "records": ["list:lumo-*"]}]'
    assert known(rows) == [second]
    assert known(rows[1:-1]) == [second]


def test_duplicates_are_refused_with_their_lines_and_merged_where_that_is_asked() -> None:
    text = "id,name,domains\nS1,Brightpan,a.example\nS2,Other,a.example\nS1,Brightpan,b.example\n"
    with pytest.raises(DataError) as refused:
        known(text)
    assert "line 3: domain a.example is in line 2 already (S1)" in refused.value.message
    assert "line 4: id S1 is in line 2 already" in refused.value.message
    before = known("id,name\nS1,Brightpan\n")
    with pytest.raises(DataError, match="line 2: id S1 is in the registry already"):
        taken_in(entries("id,name\nS1,Brightpan\n", FORMS), before, merge=False)
    merged = taken_in(entries(text, FORMS), before, merge=True)
    assert [len(each.indicators) for each in merged] == [2, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,domains\nX,gmail.com\n", "line 2: gmail.com is everybody's"),
        ("name,domains\nX,no domain\n", "line 2: 'no domain' is no domain"),
        ("name,handles\nX,seller88\n", "line 2: 'seller88' is no handle"),
        ("name,mailboxes\nX,nobody\n", "line 2: 'nobody' is no mail address"),
        ("name,color\nX,red\n", "line 1: the column 'color' is unknown"),
        ("id,name\n,\nS1,\n ,\x1b\n", "line 4"),
        ("id,name\nS1,A,B\n", "line 2: more cells"),
        ("[1]", "entry 1: a seller is an object"),
        ('[{"name": "X", "domains": 3}]', "entry 1: domains must be a list"),
        ("[{]", "no JSON"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_seller_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        known(text)
    assert said in refused.value.message


def test_the_mail_names_the_product_of_the_records_seller(desk: Desk) -> None:
    (joined,) = desk.hit(desk.decoy("e.marsh", "reviews/17", beneficiary="brightpan"), origin=[PRODUCT])
    found = interests(desk.store.incident(joined.incident), Registry.of(known()))
    assert kinds(found) == [("record and mail", "S1")]
    assert found[0].words == (
        "the mail names the product of the record's seller, Brightpan: product asin:B07QX4T2LM"
    )


def test_who_wrote_and_who_profits_are_told_apart(desk: Desk) -> None:
    (joined,) = desk.hit(desk.decoy("e.marsh", "list:lumo-7"), origin=[WECHAT])
    found = interests(desk.store.incident(joined.incident), Registry.of(known()))
    assert kinds(found) == [("sender", "S1"), ("beneficiary", "S2")]


def test_a_sellers_domain_is_met_in_links_senders_and_mailboxes_and_hints_are_not() -> None:
    registry = Registry.of(known())
    subdomain = Indicator("contact address", "x@mail.gifts.example", Strength.IDENTIFIES)
    for each in (LINK, subdomain, Indicator("sender domain", "gifts.example", Strength.SUPPORTS)):
        assert [seller.id for seller in registry.of_indicator(each)] == ["S2"]
    assert registry.of_indicator(Indicator("link domain", "notgifts.example", Strength.IDENTIFIES)) == []


def test_a_mail_that_names_the_records_own_product_says_so_without_a_registry(desk: Desk) -> None:
    (joined,) = desk.hit(desk.decoy("e.marsh", "product:B07QX4T2LM"), origin=[PRODUCT])
    (found,) = interests(desk.store.incident(joined.incident), Registry())
    assert found.words == "the mail names the product that the record is of: asin:B07QX4T2LM"
