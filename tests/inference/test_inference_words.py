"""What is told: who, when it can have left, what would decide, and how fast."""

import time
from array import array

import pytest

from canary.inference import (
    Check,
    HitDecoy,
    Holdings,
    Prospect,
    Ranking,
    Seen,
    Shown,
    Survey,
    check_words,
    checks,
    explanation,
    rank,
    sentence,
    survey,
    window_words,
    windows,
)
from canary.model import BaseRate, Layer
from tests.inference.world import DAY, HIT_AT

NAMES = ("a.lind", "b.okafor", "c.ruiz", "d.sato")
HOLDINGS = Holdings(1000, BaseRate(decoys=40_000, controls=2_000, hits=3))
FORTY = Shown((40, 40, 0), (4, 4, 0), 40)


def name(account: int) -> str:
    return NAMES[account]


def stable(exposures: dict[str, tuple[int, ...]]) -> tuple[Survey, Ranking]:
    hits = [HitDecoy(each, HIT_AT, each, f"R-{each}", Layer.STABLE) for each in exposures]
    seen = {each: Seen(accounts, [DAY] * len(accounts)) for each, accounts in exposures.items()}
    asked = survey(hits, seen, HOLDINGS)
    return asked, rank(asked, dict.fromkeys(range(4), FORTY))


@pytest.mark.parametrize(
    ("exposures", "beginning"),
    [
        ({"d1": (0,), "d2": (0, 1), "d3": (0,)}, "Exposed only through the access of a.lind (9"),
        ({"d1": (0, 1, 2), "d2": (0, 1, 2)}, "Consistent with the access of 3 accounts."),
        (
            {"d1": (0,), "d2": (0,), "d3": (0,), "d4": (1,), "d5": (1,), "d6": (1,)},
            "Exposed most probably through the access of a.lind and b.okafor together (9",
        ),
        ({"d1": ()}, "Most probably nobody: chance, or another cause than a leak ("),
    ],
    ids=["one", "three alike", "two together", "nobody"],
)
def test_the_leading_explanation_is_told_in_words_that_can_be_known(
    exposures: dict[str, tuple[int, ...]], beginning: str
) -> None:
    _, ranking = stable(exposures)
    assert sentence(ranking, name).startswith(beginning)
    told = " ".join(explanation(row, name) for row in ranking.rows)
    assert "leaked by" not in told


def test_no_probability_is_told_as_certain() -> None:
    _, ranking = stable({f"d{n}": (0,) for n in range(20)})
    assert sentence(ranking, name) == "Exposed only through the access of a.lind (> 99.9 %)."


def best(asked: Survey, ranking: Ranking, *prospects: Prospect) -> Check:
    return checks(asked, ranking, prospects)[0]


def test_the_record_that_tells_the_leading_accounts_apart_is_what_to_check_next() -> None:
    asked, ranking = stable({"d1": (0, 1), "d2": (0, 1)})
    both = Prospect("R-both", 1, frozenset({0, 1}))
    neither = Prospect("R-neither", 1, frozenset({2}))
    check = best(asked, ranking, both, neither, Prospect("R-one", 1, frozenset({1, 2})))
    assert check.record == "R-one"
    assert check.leader.accounts == (1,)
    assert check.after > 0.8 > check.before
    assert sentence(ranking, name, check).endswith("; the next decoy hit on record R-one would decide.")
    assert "bring “exposed through the access of b.okafor” from" in check_words(check, name)


def test_what_would_change_nothing_is_not_suggested() -> None:
    asked, ranking = stable({"d1": (0, 1), "d2": (0, 1)})
    assert checks(asked, ranking, []) == ()
    assert checks(asked, ranking, [Prospect("R-none", 0, frozenset({1}))]) == ()


def shown_on(*days: int, newer: tuple[int, ...] = ()) -> tuple[Survey, dict[int, Shown]]:
    hits = [HitDecoy(f"d{day}", HIT_AT, f"g{day}", f"R{day}") for day in days]
    seen = {f"d{day}": Seen((0,), (day * DAY,)) for day in days}
    return survey(hits, seen, HOLDINGS), {0: Shown((12, 0, 0), (len(days), 0, 0), 12, newer)}


def test_the_newest_hit_decoy_bounds_when_it_left_and_newer_ones_without_a_hit_the_other_way() -> None:
    asked, shown = shown_on(*range(20, 30), newer=tuple(day * DAY for day in range(40, 60)))
    (window,) = windows(asked, rank(asked, shown).rows[0], shown)
    assert (window.newest, window.after, window.before) == ("d29", 29 * DAY, HIT_AT)
    assert window.likely_before is not None
    assert 40 * DAY <= window.likely_before < 50 * DAY
    assert not window.copies
    words = window_words(window, name)
    assert words.startswith("a.lind was shown the newest hit decoy first on 1970-01-30 00:00 UTC")
    assert "none of 20 decoys first shown since was hit" in words


def test_too_few_newer_decoys_bound_nothing() -> None:
    asked, shown = shown_on(20, newer=(40 * DAY,))
    (row,) = [row for row in rank(asked, shown).rows if row.accounts]
    (window,) = windows(asked, row, shown)
    assert window.likely_before is None


def test_an_older_hit_before_the_newest_decoy_was_shown_means_several_copies() -> None:
    hits = [HitDecoy("d1", 10 * DAY, "g1", "R1"), HitDecoy("d2", HIT_AT, "g2", "R2")]
    asked = survey(hits, {"d1": Seen((0,), (DAY,)), "d2": Seen((0,), (50 * DAY,))}, HOLDINGS)
    (window,) = windows(asked, rank(asked, {0: FORTY}).rows[0], {0: FORTY})
    assert window.copies
    assert "not all left at once" in window_words(window, name)


def test_a_thousand_hits_over_a_million_exposures_take_less_than_two_seconds() -> None:
    """Two accounts among 100,000, each shown half of the decoys; every other one about a hundredth."""
    hits = [HitDecoy(f"d{n}", HIT_AT, f"g{n // 3}", f"R{n}", Layer.STABLE) for n in range(1000)]
    exposures = {}
    for number in range(1000):
        accounts = array("I", [number % 2, *range(2 + number * 7919 % 97, 100_000, 97)])
        exposures[f"d{number}"] = Seen(accounts, array("q", [DAY]) * len(accounts))
    holdings = Holdings(100_000, BaseRate(decoys=5_000_000, controls=5_000, hits=1_500))
    begun = time.process_time()
    asked = survey(hits, exposures, holdings)
    ranking = rank(asked, dict.fromkeys(asked.masks, Shown((0, 900, 0), (0, 600, 0), 900)))
    assert time.process_time() - begun < 2
    assert ranking.rows[0].accounts == (0, 1)
