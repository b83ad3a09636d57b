"""What is not weighed one by one: coalitions that stand for others, and how surely what is found is said."""

import math
import random
from collections import Counter, defaultdict
from itertools import combinations

import pytest

from canary.inference import HitDecoy, Kind, Seen, Shown, Survey, rank, survey
from canary.inference.crowd import crowd
from canary.inference.likelihood import log_sum
from canary.inference.search import suppose, supposed
from canary.inference.values import Holdings
from canary.model import BaseRate, Layer
from tests.inference.world import DAY, HIT_AT, Company

HOLDINGS = Holdings(1000, BaseRate(decoys=40_000, controls=2_000, hits=12))
HALF = Shown((0, 20, 0), (0, 5, 0), 20)
Counts = dict[tuple[int, ...], Shown]


def half_seen(seed: int, *, accounts: int = 60, hits: int = 12) -> tuple[Survey, Counts]:
    """Return hits on record-stable decoys, each of which half of the accounts were shown."""
    chance = random.Random(seed)  # noqa: S311 - a world that can be drawn again
    struck = [HitDecoy(f"d{n}", HIT_AT, f"g{n}", f"R{n}", Layer.STABLE) for n in range(hits)]
    exposures = {
        each.decoy: Seen(who, [DAY] * len(who))
        for each in struck
        for who in [[account for account in range(accounts) if chance.random() < 0.5]]
    }
    return survey(struck, exposures, HOLDINGS), {(account,): HALF for account in range(accounts)}


@pytest.mark.parametrize("seed", range(3))
def test_some_pairs_stand_for_all_that_the_search_did_not_find(seed: int) -> None:
    asked, shown = half_seen(seed, hits=8)
    found = supposed(asked, shown)
    standing = crowd(asked, shown, found)
    pairs = list(combinations(sorted(asked.masks), 2))
    weights = {pair: suppose(asked, pair, shown).weight for pair in pairs}
    missed = log_sum(weight for pair, weight in weights.items() if pair not in found)
    estimated = log_sum(weight for pair, weight in standing.items() if len(pair) == 2)
    assert estimated == pytest.approx(missed, abs=1.0)
    everything = log_sum(weights.values())
    whole = log_sum([estimated, *(found[pair].weight for pair in pairs if pair in found)])
    assert whole == pytest.approx(everything, abs=0.5)


def test_where_half_is_seen_by_all_no_pair_is_named_among_the_many_that_explain_as_well() -> None:
    asked, shown = half_seen(4, hits=8)
    ranking = rank(asked, {account: each for (account,), each in shown.items()})
    complete = sum(
        asked.masks[one] | asked.masks[other] == asked.everything
        for one, other in combinations(asked.masks, 2)
    )
    assert complete > 20
    named = [row.probability for row in ranking.rows if row.kind is Kind.ACCOUNTS and len(row.accounts) > 1]
    assert max(named) < 0.05
    (together,) = [row for row in ranking.rows if row.kind is Kind.TOGETHER]
    assert together.probability > max(named)


def test_where_all_coalitions_were_weighed_none_stand_for_others() -> None:
    asked, shown = half_seen(1, accounts=3, hits=4)
    assert crowd(asked, shown, supposed(asked, shown)) == {}


def test_twenty_sources_of_one_broker_are_not_taken_for_a_copied_store() -> None:
    """Each of them hit five times, in a company of a thousand: a copy would have hit others."""
    hits = [HitDecoy(f"d{n}", HIT_AT, f"g{n}", f"R{n}") for n in range(100)]
    exposures = {f"d{n}": Seen((n % 20,), (DAY,)) for n in range(100)}
    asked = survey(hits, exposures, HOLDINGS)
    ranking = rank(asked, dict.fromkeys(range(20), Shown((40, 0, 0), (5, 0, 0), 40)))
    assert ranking.rows[0].accounts == tuple(range(20))


def test_what_is_said_is_right_as_often_as_said_where_half_is_seen_by_all() -> None:
    said: dict[float, float] = defaultdict(float)
    right: Counter[float] = Counter()
    number: Counter[float] = Counter()
    accused = innocent = 0
    for seed in range(5):
        company = Company(seed, accounts=40, records=24, seen=(10, 14))
        for _ in range(10):
            hits, truth = company.case()
            _, ranking = company.ask(hits)
            for row in ranking.rows[:3]:
                within = next(edge for edge in (0.2, 0.5, 0.9, 1.1) if row.probability < edge)
                if row.kind is not Kind.TOGETHER:
                    number[within] += 1
                    said[within] += row.probability
                    right[within] += (frozenset(row.accounts) or row.kind.value) == truth
            if ranking.rows[0].accounts and ranking.rows[0].probability >= 0.9:
                accused += 1
                innocent += isinstance(truth, frozenset) and not truth.issuperset(ranking.rows[0].accounts)
    for within, times in number.items():
        spread = math.sqrt(said[within] * max(1 - said[within] / times, 0.01)) / times
        assert abs(said[within] - right[within]) / times < 0.02 + 3 * spread, within
    assert accused > 3
    assert innocent == 0
