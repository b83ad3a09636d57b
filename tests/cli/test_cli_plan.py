"""`canary plan`: the tables, the JSON, the picture, and the plans that are refused."""

import sys
from importlib.util import find_spec

import pytest

from tests.cli.conftest import Desk
from tests.parts import need

PLANS = """
[mint]
domains = ["one.example=3", "two.example"]

[plan.reviews]
records = ["product:*"]
view_rate = 0.3
stable = 2
controls = 10

[plan.busy]
records = ["busy:*"]
view_rate = 0.3
stable = 1
cohort = 2
"""
LEAK = ["leak", "pages", "decoys", "hits", "seen", "attributed", "seen_compared", "compared"]


@pytest.fixture
def planned(bare: Desk) -> Desk:
    """Return a desk with two plans, without keys or a database."""
    bare.write("canary.toml", PLANS)
    return bare


def test_the_plans_of_the_configuration_are_compared(planned: Desk) -> None:
    body = planned("plan", "--json").json()
    reviews, busy = body["plans"]
    assert [(each["name"], each["stable"], each["cohort"]) for each in (reviews, busy)] == [
        ("reviews", 2, 0),
        ("busy", 1, 2),
    ]
    assert [leak["leak"] for leak in busy["leaks"]] == [10, 30, 100, 300, 1000, 3000, 10_000]
    for leak in reviews["leaks"]:
        assert list(leak) == [*LEAK, "repeated_domains"]
        assert 0 <= leak["compared"] <= leak["attributed"] <= leak["seen"] <= 1
    assert (
        reviews["sure_from"]["seen"] < reviews["sure_from"]["attributed"] < reviews["sure_from"]["compared"]
    )
    guesses = reviews["guessing"]
    assert guesses["fullest_domain"] == pytest.approx(guesses["decoys"] * 0.75)
    assert guesses["safe"] is True
    assert body["assumed"]["domains"] == 2


def test_a_plan_is_told_in_tables_with_what_they_assume(planned: Desk) -> None:
    lines = planned("plan", "reviews").ok().lines
    assert lines[0].startswith("20 addresses a page, whole pages; 10 % of them mailed; 20 employees")
    headings = [line.split("  ")[0] for line in lines]
    assert {"plan", "95 % from", "guesses at"} <= set(headings)
    assert sum(line.startswith("reviews ") for line in lines) == 7 + 1 + 1
    assert "1 view-unique on 30 % of views (cap 5), 2 record-stable" in "\n".join(lines)
    assert any("controls, none of them hit, would bound noise" in line for line in lines)


def test_records_without_a_plan_get_what_mint_says_and_options_go_before_it(planned: Desk) -> None:
    (mint,) = planned("plan", "mint", "--json", "--decoys", 9, "--set", "mint.per_view=2").json()["plans"]
    assert (mint["view_rate"], mint["per_view"], mint["stable"]) == (1, 2, 0)
    options = ("--stable", 3, "--view-rate", 0, "--cohort", 1, "--controls", 5, "--per-view", 2, "--cap", 4)
    (given,) = planned("plan", "mint", "--json", *options).json()["plans"]
    assert [given[key] for key in ("stable", "view_rate", "cohort", "controls", "per_view", "cap")] == [
        *(3, 0, 1, 5, 2, 4),
    ]


def test_a_young_record_has_only_the_decoys_that_have_joined(planned: Desk) -> None:
    def stable(*age: object) -> int:
        (plan,) = planned("plan", "reviews", "--json", *age).json()["plans"]
        return int(plan["stable"])

    assert [stable("--age", 0), stable("--age", 29), stable("--age", 30), stable()] == [1, 1, 2, 2]


def test_a_plan_that_can_be_guessed_is_refused_and_what_is_advised_helps(planned: Desk) -> None:
    refused = planned("plan", "reviews", "--views", 5000, "--years", 2)
    refused.failed(78, "plan reviews is not safe: one guess in", hint="raise mint.floor_bits to")
    assert "reviews" in refused.out
    floor = refused.err.split("mint.floor_bits to ")[1].split(",")[0]
    domains = refused.err.split("over ")[1].split(" ")[0]
    many = ("plan", "reviews", "--views", 5000, "--years", 2)
    planned(*many, "--set", f"mint.floor_bits={floor}").ok()
    planned(*many, "--domains", domains.replace(",", "")).ok()
    body = planned(*many, "--guess-limit", 0.1, "--json").json()
    assert body["plans"][0]["guessing"]["safe"] is True


def test_the_decoys_that_the_store_holds_are_added(desk: Desk) -> None:
    desk.mint("a", "B01")
    desk.mint("b", "B02")
    desk("mint", "--control", 3, "--json").ok()
    (plan,) = desk("plan", "--store", "--views", 0, "--json").json()["plans"]
    assert plan["guessing"]["decoys"] == 5
    assert plan["guessing"]["years"] is None


@pytest.mark.parametrize(
    ("arguments", "words", "hint"),
    [
        (("--leak", 500, "--pages", 10), "larger than the 200", "--pages"),
        (("--mailed", 1.5), "1.5", "--mailed"),
        (("--domains", 0), "0 domains", "--domains"),
        (("--domains", -3), "0 domains", "--domains"),
        (("--employees", 4, "--viewers", 5), "5 viewers", "--viewers"),
        (("--employees", 1), "2 insiders", "--insiders"),
        (("--page", 2), "do not fit", "--page"),
        (("--view-rate", 2), "2", "--view-rate"),
        (("--age", -1), "--age", "0 or more"),
        (("nothing",), "no plan nothing: known are mint, reviews, busy", "[plan.nothing]"),
        (("--plot", "chances.pdf"), ".svg or .png", ""),
    ],
)
def test_impossible_numbers_are_refused_with_a_hint(
    planned: Desk, arguments: tuple[object, ...], words: str, hint: str
) -> None:
    planned("plan", *arguments).failed(2, words, hint=hint)


def test_without_domains_it_says_where_to_set_them_or_how_to_try_some(bare: Desk) -> None:
    bare("plan").failed(2, "0 domains", hint="mint.domains")
    bare("plan", "--domains", 8, "--json").ok()


def test_a_picture_is_drawn_whole_or_not_at_all(planned: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "matplotlib", None)
        planned("plan", "--plot", "chances.png").failed(1, "matplotlib", hint="pip install 'canary[plot]'")
    assert not (planned.folder / "chances.png").exists()
    need(find_spec("matplotlib"), "matplotlib")
    planned("plan", "--plot", "chances.svg").ok()
    svg = (planned.folder / "chances.svg").read_text()
    for words in ("Chance by size of the leak", "attributed, 2 compare", "reviews", "busy"):
        assert words in svg
