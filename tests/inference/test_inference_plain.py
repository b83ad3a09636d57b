"""The posterior against plain sums over every explanation, and against questions drawn from the model."""

import math
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations

import pytest

from canary.inference import HitDecoy
from canary.inference.likelihood import LEAST, MAILED
from canary.inference.noise import noise_of
from canary.model import Layer
from tests.inference.world import JUDGEMENT, Company


def plain_chance(left: dict[str, float], size: int, names: set[str], by_noise: float) -> float:
    """Sum the chance of just these hits over the mailed shares; `size` counts decoys without a name."""
    told = []
    for mailed in [each for each in MAILED if each * (sum(left.values()) + size) >= LEAST]:
        others = (1 - mailed) ** size
        spared = others * math.prod(1 - mailed * left[name] for name in left if name not in names)
        unseen = others * math.prod(1 - mailed * each for each in left.values())
        hit = math.prod(mailed * left.get(name, 0.0) + by_noise for name in names)
        told.append(spared * (hit - by_noise ** len(names)) / (1 - unseen))
    return math.fsum(told) / len(told) if told else 0.0


def plain_weight(company: Company, accounts: tuple[int, ...], names: set[str], by_noise: float) -> float:
    """Weigh one account or pair: its prior, over everything or some records, compared or not."""
    size = len(accounts)
    mine = [each for each in company.planted if not each.shown_to.isdisjoint(accounts)]
    touched = {each.record for each in mine if each.name in names}
    every = sum(len(company.views[account]) for account in accounts)
    price = math.comb(every, len(touched)) * len(touched) * (len(touched) + 1) * (1 - 1 / (every + 1))
    total = 0.0
    whole, compared = {Layer.VIEW: 1.0, Layer.STABLE: 1.0, Layer.COHORT: 1.0}, {Layer.STABLE: 1.0}
    compared |= {Layer.VIEW: 0.0, Layer.COHORT: 0.5}
    for share, survives in (
        ((0.95, whole), (0.05, compared)) if size == 1 else ((0.5, whole), (0.5, compared))
    ):
        for chance, records in ((0.5, {each.record for each in mine}), (0.5 / price, touched)):
            left = {each.name: survives[each.layer] for each in mine if each.record in records}
            if any(left.get(name) for name in names):
                total += share * chance * plain_chance(left, 0, names, by_noise)
    return total * 0.75 * 0.25 ** (size - 1) * 0.95 / math.comb(company.accounts, size)


def plain(company: Company, hits: list[HitDecoy]) -> dict[tuple[int, ...] | str, float]:
    """Return every explanation's probability where all hits are one session, by plain sums."""
    noise = noise_of(company.holdings, JUDGEMENT)
    names = {each.decoy for each in hits}
    draw = math.exp(round(-math.log(noise.held) * 4) / 4)
    by_noise = noise.share * draw
    record = {each.name: each.record for each in company.planted if each.name in names}
    shown = sorted({a for each in company.planted if each.name in names for a in each.shown_to})
    weights: dict[tuple[int, ...] | str, float] = {
        accounts: plain_weight(company, accounts, names, by_noise)
        for size in (1, 2)
        for accounts in combinations(shown, size)
    }
    held = dict.fromkeys(names, 1.0)
    doubts: dict[tuple[int, ...] | str, float] = {
        accounts: 0.1 / max(1, len(touched))
        for accounts in weights
        if not isinstance(accounts, str)
        for touched in [
            {
                record[each.name]
                for each in company.planted
                if each.name in names and each.shown_to & {*accounts}
            }
        ]
    }
    doubts["bulk"] = 0.1
    weights["bulk"] = 0.05 * plain_chance(held, noise.held - len(names), names, by_noise)
    leaks = (1 - noise.share) * math.exp(-noise.share)
    weights = {key: leaks * weight for key, weight in weights.items()}
    other = math.fsum(doubts[key] * weight for key, weight in weights.items())
    weights = {key: (1 - doubts[key]) * weight for key, weight in weights.items()}
    alone = 0.7 * 0.3 ** (len(names) - 1) * math.factorial(len(names)) * draw ** len(names)
    weights["nobody"] = other + noise.share * alone
    return {key: weight / math.fsum(weights.values()) for key, weight in weights.items()}


@pytest.mark.parametrize("seed", range(8))
def test_probabilities_are_those_of_a_plain_sum_over_all_explanations(seed: int) -> None:
    """In one session, so that no pair loses a member to another cause, and with records of one's own."""
    company = Company(seed, accounts=6, apart=True)
    names = sorted(company.random.sample([each.name for each in company.planted], 1 + seed % 4))
    hits = [company.struck(name, "g") for name in names]
    expected = plain(company, hits)
    _, ranking = company.ask(hits, replace(JUDGEMENT, largest=2))
    found = {row.accounts or row.kind.value: row.probability for row in ranking.rows}
    assert found == pytest.approx(expected, rel=1e-6)


def test_what_is_said_to_be_likely_is_right_as_often_as_said() -> None:
    said: dict[float, float] = defaultdict(float)
    right: Counter[float] = Counter()
    number: Counter[float] = Counter()
    for seed in range(12):
        company = Company(seed)
        for _ in range(12):
            hits, truth = company.case()
            _, ranking = company.ask(hits)
            for row in ranking.rows[:4]:
                within = next(edge for edge in (0.2, 0.5, 0.8, 0.95, 1.1) if row.probability < edge)
                number[within] += 1
                said[within] += row.probability
                right[within] += (frozenset(row.accounts) or row.kind.value) == truth
    for within, times in number.items():
        spread = math.sqrt(said[within] * max(1 - said[within] / times, 0.01)) / times
        assert abs(said[within] - right[within]) / times < 0.02 + 3 * spread, within
    assert number[1.1] > 20
