"""What is told: who, when it can have left, what would decide, and how fast."""

import time
from array import array

import pytest

from canary.inference import (
    Check,
    HitDecoy,
    Holdings,
    Kind,
    Prospect,
    Ranking,
    Row,
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
        ({"d1": (0, 1, 2), "d2": (0, 1, 2)}, "Consistent with the access of 3 accounts (9"),
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


def test_chance_that_is_likelier_than_each_of_many_and_not_than_all_is_not_told_first() -> None:
    hits = [HitDecoy("d1", HIT_AT, "g1", "R1", Layer.STABLE)]
    asked = survey(hits, {"d1": Seen(range(60), [DAY] * 60)}, HOLDINGS)
    ranking = rank(asked, dict.fromkeys(range(60), FORTY))
    assert ranking.rows[0].kind is Kind.NOBODY
    assert sentence(ranking, str).startswith("Consistent with the access of 60 accounts (8")


def test_what_is_undecided_says_between_what() -> None:
    ranking = Ranking(
        (
            Row(Kind.NOBODY, (), 0.45, 0.0),
            *(Row(Kind.ACCOUNTS, (account,), 0.1, -1.0) for account in range(4)),
            Row(Kind.BULK, (), 0.15, -1.0),
        ),
        dict.fromkeys(range(4), 0.1),
        1,
        1,
        4,
        4,
    )
    assert sentence(ranking, name) == (
        "Undecided: nobody: chance, or another cause than a leak (45.0 %), "
        "or consistent with the access of 4 accounts (40.0 %)."
    )


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
    assert 40 * DAY <= window.likely_before < 60 * DAY
    assert not window.copies
    words = window_words(window, name)
    assert words.startswith("a.lind was first shown the newest hit decoy on 1970-01-30 00:00 UTC")
    assert "none of 20 decoys first shown since was hit" in words


def test_a_leak_of_some_records_is_not_bounded_by_decoys_of_others() -> None:
    """Two of two hundred were hit: that newer ones were not says hardly anything."""
    asked, _ = shown_on(20, 21)
    shown = {0: Shown((200, 0, 0), (2, 0, 0), 200, tuple(day * DAY for day in range(40, 60)))}
    (window,) = windows(asked, rank(asked, shown).rows[0], shown)
    assert (window.newer, window.likely_before) == (20, None)


def test_a_decoy_shown_again_later_may_have_left_when_it_was_first_shown() -> None:
    hits = [HitDecoy("d1", HIT_AT, "g1", "R1")]
    asked = survey(hits, {"d1": Seen((0,), (DAY,), (3,), (90 * DAY,))}, HOLDINGS)
    (window,) = windows(asked, rank(asked, {0: FORTY}).rows[0], {0: FORTY})
    assert window.after == DAY


def test_clocks_that_are_minutes_apart_make_no_second_copy() -> None:
    slow = HIT_AT + 5 * 60_000_000
    hits = [HitDecoy("d1", HIT_AT, "g1", "R1"), HitDecoy("d2", HIT_AT + DAY, "g2", "R2")]
    asked = survey(hits, {"d1": Seen((0,), (slow,)), "d2": Seen((0,), (DAY,))}, HOLDINGS)
    (window,) = windows(asked, rank(asked, {0: FORTY}).rows[0], {0: FORTY})
    assert (window.after, window.before, window.copies) == (slow, HIT_AT, False)
    assert window_words(window, name).endswith("so clocks are minutes apart")


def test_a_list_has_no_hits() -> None:
    hits = [HitDecoy(f"d{n}", HIT_AT, "list", f"R{n}", found=True) for n in range(10)]
    asked = survey(hits, {f"d{n}": Seen((0,), ((20 + n) * DAY,)) for n in range(10)}, HOLDINGS)
    shown = {0: Shown((30, 0, 0), (10, 0, 0), 30, tuple(day * DAY for day in range(40, 60)))}
    (window,) = windows(asked, rank(asked, shown).rows[0], shown)
    words = window_words(window, name)
    assert words.startswith("a.lind was first shown the newest decoy of the list on 1970-01-30")
    assert "none of 20 decoys first shown since was on it" in words
    assert "hit" not in words


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
