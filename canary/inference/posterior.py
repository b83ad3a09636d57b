"""A survey becomes a ranking: every explanation with its probability, and the factors of those that lead."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from canary.inference.answers import Factor, Kind, Ranking, Row
from canary.inference.crowd import crowd
from canary.inference.doubts import SURE, copied_otherwise, moved, other_cause
from canary.inference.factors import apart, likelihood_factors
from canary.inference.leaks import Counts, bulk, pooled
from canary.inference.likelihood import chance, log_likelihood, log_sum
from canary.inference.search import Accounts, Supposed, prior, supposed
from canary.inference.surveying import Survey
from canary.inference.values import Shown
from canary.inference.wording import (
    bulk_prior_words,
    doubt_words,
    nobody_words,
    others_words,
    prior_words,
    smaller_words,
    together_words,
)

MATTERS = 0.01
"""From this probability on an estimate is worth a question to the store."""
TOLD = 20
"""So many explanations are told with their factors."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Logs of what each explanation weighs: with its prior, and with other causes set apart.

    `kept` and `came` go by accounts; `given` is what every explanation gives to nobody. `crowd` are
    coalitions that stand for those not weighed one by one.
    """

    chance: float
    kept: Mapping[Accounts, float]
    came: Mapping[Accounts, float]
    bulk: float
    others: tuple[float, ...]
    given: float
    crowd: tuple[Accounts, ...]

    def of(self, accounts: Accounts) -> float:
        """Return log of what an explanation by accounts weighs in all."""
        return log_sum([self.kept[accounts], self.came.get(accounts, -math.inf)])


def rank(survey: Survey, shown: Mapping[int, Shown], together: Counts | None = None) -> Ranking:
    """Return every explanation of the hits, the most probable first.

    `shown` are counts by account; an account without them is taken for a typical one. `together` are
    counts of what any of several accounts had been shown, a decoy or record once; where they are not known,
    they are estimated. `unsettled` says of which it matters.
    """
    counts = {(account,): each for account, each in shown.items()} | dict(together or {})
    found = supposed(survey, counts)
    doubt = copied_otherwise(survey.groups)
    weights = _weights(survey, found, crowd(survey, counts, found), doubt)
    rows = [
        _row(survey, Kind.NOBODY, (), weights, log_sum([weights.chance, weights.given])),
        _row(survey, Kind.BULK, (), weights, weights.bulk),
        *(_row(survey, Kind.ACCOUNTS, each, weights, weights.of(each)) for each in found),
    ]
    rows += _unnamed(survey, weights)
    total = log_sum([row.weight for row in rows])
    scaled = [replace(row, probability=math.exp(row.weight - total)) for row in rows]
    ordered = sorted(scaled, key=lambda row: (-row.probability, row.kind, row.accounts))
    told = [
        _told(survey, row, found, weights, doubt) if place < TOLD or row.kind is not Kind.ACCOUNTS else row
        for place, row in enumerate(ordered)
    ]
    complete = sum(mask == survey.everything for mask in survey.masks.values())
    complete += sum(number for number, mask in survey.others if mask == survey.everything)
    sizes = len(survey.hits), len(survey.groups), survey.accounts, complete
    return Ranking(tuple(told), _of_account(ordered), *sizes)


def unsettled(ranking: Ranking, together: Counts) -> tuple[Accounts, ...]:
    """Return the probable coalitions whose counts are only estimated, accounts ascending.

    Whoever ranks again with their counts known ends with none, after a few times.
    """
    likely = [row.accounts for row in ranking.rows[:TOLD] if row.probability >= MATTERS]
    return tuple(each for each in likely if len(each) > 1 and each not in together)


def _weights(
    survey: Survey, found: Mapping[Accounts, Supposed], standing: Mapping[Accounts, float], doubt: float
) -> Weights:
    """Return what everything weighs; the chance of noise before the hits is `noise.share`."""
    raw = {accounts: each.weight for accounts, each in found.items()} | dict(standing)
    kept, came, given = moved(raw, survey.masks, survey.groups)
    whole = _bulk_prior(survey) + log_likelihood(survey, bulk(survey))
    others: list[float] = []
    for number, mask in survey.others:
        leak = pooled(survey, [mask], [survey.holdings.typical], 1)
        weight = math.log(number) + prior(survey, [1.0]) + log_likelihood(survey, leak)
        none = other_cause(survey.groups, mask)
        others.append(weight + math.log1p(-none))
        given = log_sum([given, weight + math.log(none)]) if none else given
    if doubt:
        given = log_sum([given, whole + math.log(doubt)])
    by_chance = math.log(survey.noise.share) + chance(survey)
    whole += math.log1p(-min(doubt, 1 - SURE))
    return Weights(by_chance, kept, came, whole, tuple(others), given, tuple(standing))


def _bulk_prior(survey: Survey) -> float:
    return math.log((1 - survey.noise.share) * survey.judgement.bulk)


def _row(survey: Survey, kind: Kind, accounts: Accounts, weights: Weights, weight: float) -> Row:
    covered = 0
    for account in accounts:
        covered |= survey.masks[account]
    number = len(survey.hits) if kind is Kind.BULK else covered.bit_count()
    return Row(kind, accounts, 0.0, weight - weights.chance, covered=number)


def _unnamed(survey: Survey, weights: Weights) -> Iterator[Row]:
    """Yield what explanations weigh together that are not told one by one."""
    if survey.others:
        row = _row(survey, Kind.OTHERS, (), weights, log_sum(weights.others))
        yield replace(row, number=sum(number for number, _ in survey.others))
    if weights.crowd:
        weight = log_sum([weights.of(each) for each in weights.crowd])
        row = _row(survey, Kind.TOGETHER, (), weights, weight)
        yield replace(row, number=len(survey.masks))


def _told(
    survey: Survey, row: Row, found: Mapping[Accounts, Supposed], weights: Weights, doubt: float
) -> Row:
    """Return the row with its factors; they add up to its weight."""
    match row.kind:
        case Kind.NOBODY:
            return replace(
                row, factors=(Factor("other_cause", row.weight, nobody_words(survey.noise.share)),)
            )
        case Kind.OTHERS:
            return replace(row, factors=(Factor("others", row.weight, others_words(row.number)),))
        case Kind.TOGETHER:
            return replace(row, factors=(Factor("together", row.weight, together_words()),))
        case Kind.BULK:
            leak = bulk(survey)
            before = Factor(
                "prior",
                _bulk_prior(survey) - math.log(survey.noise.share),
                bulk_prior_words(survey.judgement.bulk),
            )
        case Kind.ACCOUNTS:
            leak = found[row.accounts].leak
            accounts = max(survey.holdings.accounts, survey.accounts)
            value = found[row.accounts].prior - math.log(survey.noise.share)
            before = Factor("prior", value, prior_words(len(row.accounts), accounts))
    parts = apart(survey, leak)
    factors = [before, *likelihood_factors(survey, leak, parts, accounts=len(row.accounts))]
    factors += _doubts(row, found, weights, doubt)
    return replace(row, factors=tuple(factors), mailed=parts.mailed, unhit=parts.spare)


def _doubts(row: Row, found: Mapping[Accounts, Supposed], weights: Weights, doubt: float) -> Iterator[Factor]:
    """Yield what other causes take from an explanation, and what they bring to it."""
    if row.kind is Kind.BULK:
        yield Factor("other_cause", math.log1p(-min(doubt, 1 - SURE)), doubt_words(doubt))
        return
    taken = weights.kept[row.accounts] - found[row.accounts].weight
    yield Factor("other_cause", taken, doubt_words(-math.expm1(taken)))
    if row.accounts in weights.came:
        value = weights.of(row.accounts) - weights.kept[row.accounts]
        yield Factor("smaller", value, smaller_words())


def _of_account(rows: list[Row]) -> dict[int, float]:
    """Return the probability of each account over all explanations that name it."""
    shares: dict[int, float] = {}
    for row in rows:
        for account in row.accounts:
            shares[account] = shares.get(account, 0.0) + row.probability
    return shares
