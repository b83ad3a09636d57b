"""The posterior's properties: what must raise it, what must lower it, what must not move it."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.inference import (
    HitDecoy,
    Holdings,
    Judgement,
    Kind,
    Ranking,
    Seen,
    Shown,
    hopeful,
    rank,
    survey,
    unsettled,
)
from canary.inference.noise import noise_of
from canary.model import BaseRate, HitClass, Layer
from tests.inference.world import DAY, HIT_AT, Company

QUIET = BaseRate(decoys=40_000, controls=2_000, hits=3)
HOLDINGS = Holdings(1000, QUIET)
FORTY = Shown((40, 0, 0), (2, 0, 0), 40)
companies = st.integers(0, 10_000).map(Company)


def hit(number: int, group: str = "", **told: Any) -> HitDecoy:
    return HitDecoy(f"d{number}", HIT_AT, group or f"g{number}", f"R{number}", **told)


def seen(*accounts: int, first: int = DAY) -> Seen:
    return Seen(accounts, [first] * len(accounts))


def ranked(
    hits: list[HitDecoy], exposures: dict[str, Seen], shown: dict[int, Shown] | None = None, **told: Any
) -> Ranking:
    holdings = replace(HOLDINGS, **told)
    counts = shown if shown is not None else {a: FORTY for each in exposures.values() for a in each.accounts}
    return rank(survey(hits, exposures, holdings), counts)


def nobody(ranking: Ranking) -> float:
    return next(row.probability for row in ranking.rows if row.kind is Kind.NOBODY)


@settings(max_examples=25, deadline=None)
@given(companies, st.randoms(use_true_random=False))
def test_probabilities_add_up_to_one_and_no_order_matters(company: Company, mixer: random.Random) -> None:
    hits, _ = company.case()
    _, ranking = company.ask(hits)
    assert math.fsum(row.probability for row in ranking.rows) == pytest.approx(1)
    mixer.shuffle(hits)
    assert company.ask(hits)[1] == ranking


@settings(max_examples=25, deadline=None)
@given(companies)
def test_the_factors_add_up_to_the_posterior(company: Company) -> None:
    hits, _ = company.case()
    _, ranking = company.ask(hits)
    total = math.fsum(math.exp(row.weight) for row in ranking.rows)
    told = [row for row in ranking.rows if row.factors]
    assert {Kind.NOBODY, Kind.BULK} <= {row.kind for row in told}
    for row in told:
        weight = math.fsum(factor.value for factor in row.factors)
        assert weight == pytest.approx(row.weight, abs=1e-6)
        assert math.exp(weight) / total == pytest.approx(row.probability, rel=1e-6, abs=1e-12)


def test_a_first_hit_on_a_view_unique_decoy_points_to_its_account_and_is_no_proof() -> None:
    ranking = ranked([hit(1)], {"d1": seen(7)})
    assert ranking.rows[0].accounts == (7,)
    assert 0.5 < ranking.rows[0].probability < 0.9


def test_decoys_of_one_record_in_one_session_are_as_doubtful_as_one_of_them() -> None:
    hits = [replace(hit(n, "same"), record="R1") for n in range(10)]
    ranking = ranked(hits, {f"d{n}": seen(7) for n in range(10)})
    assert ranking.rows[0].probability == pytest.approx(1 - Judgement().doubts[HitClass.MAIL], abs=1e-3)


def test_ten_decoys_of_one_session_are_one_leak_ten_sessions_are_ten() -> None:
    exposures = {f"d{n}": seen(7) for n in range(10)}
    one = ranked([hit(n, "same") for n in range(10)], exposures)
    ten = ranked([hit(n) for n in range(10)], exposures)
    again = ranked([hit(n, "same") for n in range(10)] * 3, exposures)
    assert one.rows[0].accounts == ten.rows[0].accounts == (7,)
    doubt = Judgement().doubts[HitClass.MAIL]
    assert one.rows[0].probability == pytest.approx(1 - doubt / 10, abs=1e-3)
    assert ten.rows[0].probability > 0.999
    assert again == one


@pytest.mark.parametrize("late", [False, True], ids=["never shown", "shown after the hit"])
def test_an_account_that_cannot_have_leaked_the_hit_decoys_is_no_explanation(late: bool) -> None:
    others = [8, *([9] if late else [])]
    after = Seen(tuple(others), [DAY, HIT_AT + DAY][: len(others)])
    ranking = ranked([hit(1), hit(2)], {"d1": after, "d2": after}, {8: FORTY, 9: FORTY})
    assert 9 not in ranking.of_account
    assert ranking.of_account[8] > 0.9


def test_an_account_that_was_shown_half_of_the_hits_needs_chance_for_the_rest() -> None:
    ranking = ranked(
        [hit(n) for n in range(4)], {f"d{n}": seen(7, 8) if n < 2 else seen(7) for n in range(4)}
    )
    assert ranking.of_account[7] > 0.99
    assert ranking.of_account[8] < 0.01


def test_the_more_accounts_were_shown_a_stable_decoy_the_less_it_says_of_each() -> None:
    tops = [
        max(ranked([hit(1, layer=Layer.STABLE)], {"d1": seen(*range(number))}).of_account.values())
        for number in (1, 2, 5, 20, 400)
    ]
    assert tops == sorted(tops, reverse=True)
    assert tops[-1] < 1 / 250


def test_accounts_weighed_in_classes_weigh_what_they_weigh_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hits = [hit(1, layer=Layer.STABLE), hit(2, layer=Layer.STABLE)]
    exposures = {"d1": seen(*range(60)), "d2": seen(*range(20))}
    apart = ranked(hits, exposures, {})
    monkeypatch.setattr("canary.inference.surveying.CANDIDATES", 10)
    classed = ranked(hits, exposures, {})
    assert classed.of_account[3] == pytest.approx(apart.of_account[3], rel=0.05)
    (others,) = [row for row in classed.rows if row.kind is Kind.OTHERS]
    assert others.number == 50


def test_two_who_compared_their_screens_are_found_by_record_stable_decoys() -> None:
    mixer = random.Random(5)  # noqa: S311 - a world that can be drawn again
    team = {account: set(mixer.sample(range(600), 150)) for account in range(20)}
    pooled = sorted(team[3] | team[11])
    taken = mixer.sample(pooled, 30)
    hits = [hit(record, f"g{place // 5}", layer=Layer.STABLE) for place, record in enumerate(taken)]
    exposures = {f"d{r}": seen(*(a for a, views in team.items() if r in views)) for r in taken}
    shown = {
        account: Shown((60, 150, 0), (len(views & set(taken)) // 2, len(views & set(taken)), 0), 150)
        for account, views in team.items()
    }
    ranking = ranked(hits, exposures, shown)
    assert ranking.rows[0].accounts == (3, 11)
    assert ranking.rows[0].probability > 0.95
    extent = next(factor for factor in ranking.rows[0].factors if factor.name == "extent")
    assert "compared" in extent.words or "differs between two screens" in extent.words


def test_hits_on_everybodys_decoys_are_a_copy_of_the_store() -> None:
    ranking = ranked([hit(n) for n in range(12)], {f"d{n}": seen(n) for n in range(12)})
    assert ranking.rows[0].kind is Kind.BULK
    assert ranking.rows[0].probability > 0.95


def test_hits_on_controls_raise_noise_in_the_store_and_in_the_question() -> None:
    quiet = ranked([hit(1)], {"d1": seen(7)})
    noisy = ranked([hit(1)], {"d1": seen(7)}, rate=replace(QUIET, control_hits=1))
    control = HitDecoy("c1", HIT_AT, "g1", control=True)
    beside = ranked([hit(1), control], {"d1": seen(7)})
    assert nobody(quiet) + 0.2 < nobody(noisy)
    assert nobody(quiet) + 0.2 < nobody(beside)


def test_one_control_hit_makes_one_decoy_doubtful_and_not_several_of_one_account() -> None:
    """Of 2,000 controls: twenty hits on 40,000 decoys are to be expected, and three were seen."""
    noisy = replace(QUIET, control_hits=1)
    alone = [
        ranked([hit(n) for n in range(number)], {f"d{n}": seen(7) for n in range(number)}, rate=noisy)
        for number in (1, 2, 4)
    ]
    assert [round(ranking.of_account[7], 1) for ranking in alone] == [0.3, 1.0, 1.0]


def test_a_control_that_guesses_explain_says_little_of_decoys_that_are_hard_to_guess() -> None:
    rate = replace(QUIET, control_hits=1)
    quiet, guessing = (
        ranked([hit(1, surprisal=44.0, tries=tries)], {"d1": seen(7)}, rate=replace(rate, strays=tries))
        for tries in (0, 2_000_000)
    )
    assert quiet.of_account[7] + 0.1 < guessing.of_account[7]


def test_strays_that_would_have_met_more_decoys_had_they_been_guesses_are_none() -> None:
    """Of 28 bits: two million guesses meet 300 of 40,000 decoys, and three were hit in all."""
    noise = noise_of(replace(HOLDINGS, rate=replace(QUIET, strays=2_000_000)), Judgement())
    assert noise.aimed < 0.01
    assert noise.share < 0.25


def test_guesses_tried_before_the_hit_raise_noise_most_for_addresses_easily_guessed() -> None:
    tried = replace(QUIET, strays=2_000_000)
    low, high = (
        nobody(ranked([hit(1, surprisal=bits, tries=2_000_000)], {"d1": seen(7)}, rate=tried))
        for bits in (24.0, 40.0)
    )
    assert nobody(ranked([hit(1)], {"d1": seen(7)})) < low
    assert high < low


@pytest.mark.parametrize(
    ("lesser", "told"),
    [
        ("a probe", {"hit_class": HitClass.PROBE}),
        ("a bounce", {"hit_class": HitClass.BOUNCE}),
        ("a near miss", {"near": True}),
        ("a file's envelope", {"ours": False}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lesser_hits_count_less(lesser: str, told: dict[str, Any]) -> None:
    assert lesser
    full = ranked([hit(1)], {"d1": seen(7)}).of_account[7]
    assert ranked([hit(1, **told)], {"d1": seen(7)}).of_account[7] < full


def test_chance_meets_a_decoy_nearly_far_more_often_than_exactly() -> None:
    alike = replace(Judgement(), near_doubt=Judgement().doubts[HitClass.MAIL])
    exact, near = (
        rank(survey([hit(1, near=close)], {"d1": seen(7)}, HOLDINGS, alike), {7: FORTY})
        for close in (False, True)
    )
    assert near.of_account[7] < exact.of_account[7] / 100


def test_an_account_that_would_have_leaked_more_is_less_likely() -> None:
    exposures = {f"d{n}": seen(7, 8) for n in range(3)}
    busy = Shown((2000, 0, 0), (300, 0, 0), 500)
    ranking = ranked([hit(n) for n in range(3)], exposures, {7: FORTY, 8: busy})
    assert ranking.of_account[7] > 10 * ranking.of_account[8]


def test_an_account_that_is_seldom_behind_a_leak_weighs_less() -> None:
    exposures = {"d1": seen(7, 8), "d2": seen(7, 8)}
    crawler = replace(FORTY, weight=0.1)
    ranking = ranked([hit(1), hit(2)], exposures, {7: FORTY, 8: crawler})
    assert ranking.rows[0].accounts == (7,)
    assert ranking.of_account[7] > 8 * ranking.of_account[8]


def test_whoever_may_be_likely_were_all_it_was_shown_hit_is_to_be_counted() -> None:
    exposures = {f"d{n}": seen(7, 8, *([9] if n == 0 else [])) for n in range(3)}
    asked = survey([hit(n) for n in range(3)], exposures, HOLDINGS)
    assert hopeful(asked, {(7,): FORTY}) == [8]
    assert hopeful(asked, {(7,): FORTY, (8,): FORTY}) == []
    assert hopeful(asked, {}) == [7, 8, 9]


def test_only_controls_hit_accuse_nobody() -> None:
    ranking = ranked([HitDecoy("c1", HIT_AT, "g", control=True)], {})
    assert not ranking.of_account
    assert ranking.rows[0].kind is Kind.NOBODY


def test_nothing_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is asked"):
        survey([], {}, HOLDINGS)


def known_together(size: int) -> dict[tuple[int, ...], Shown]:
    return {(7, 8): Shown((0, size, 0), (0, 4, 0), size)}


def test_a_coalition_is_weighed_by_what_it_was_shown_together_where_that_is_known() -> None:
    exposures = {"d1": seen(7, 8), "d2": seen(7, 8), "d3": seen(7), "d4": seen(8)}
    hits = [hit(n, layer=Layer.STABLE) for n in (1, 2, 3, 4)]
    asked = survey(hits, exposures, HOLDINGS)
    shown = {7: Shown((0, 60, 0), (0, 3, 0), 60), 8: Shown((0, 60, 0), (0, 3, 0), 60)}
    estimated = rank(asked, shown)
    assert unsettled(estimated, {}) == ((7, 8),)
    few, many = (known_together(size) for size in (61, 120))
    weights = [
        next(row.weight for row in rank(asked, shown, known).rows if row.accounts == (7, 8))
        for known in (few, {}, many)
    ]
    assert weights == sorted(weights, reverse=True)
    assert unsettled(rank(asked, shown, few), few) == ()
