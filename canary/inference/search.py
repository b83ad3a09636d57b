"""Candidates become explanations worth weighing: each account alone, then coalitions grown from the best.

A beam search, not all of them: a coalition is missed if none of the smaller ones it grows from is among the
`BEAM` best, or if an account is none of the `PARTNERS` that explain most of what is left.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from canary.inference.leaks import Counts, leak_of
from canary.inference.likelihood import Leak, beside, log_likelihood
from canary.inference.surveying import Survey

Accounts = tuple[int, ...]
BEAM = 16
PARTNERS = 8
WIDE, NARROW = 5, 2
"""Of more accounts than these only the two best coalitions grow, by two accounts each."""
HOPELESS = 15.0
"""Growing ends where the best coalition is e^15 times less likely than the best explanation so far."""
FAR = 4.6
"""The log of a hundred."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """Accounts supposed to be behind the hits. `prior` and `likelihood` are logs; `weight` is their sum."""

    accounts: tuple[int, ...]
    leak: Leak
    prior: float
    likelihood: float

    @property
    def weight(self) -> float:
        """Return log of the joint chance of the explanation and the hits."""
        return self.prior + self.likelihood


def prior(survey: Survey, weights: Sequence[float]) -> float:
    """Return log of the chance, before any hit is looked at, that just these accounts are behind a leak.

    `weights` are theirs beside an average account. Needs no more of them than there are accounts.
    """
    judgement = survey.judgement
    size = len(weights)
    accounts = max(survey.holdings.accounts, survey.accounts)
    kinds = (1 - survey.noise.share) * (1 - judgement.bulk)
    sizes = (1 - judgement.growing) * judgement.growing ** (size - 1)
    which = math.lgamma(size + 1) - sum(math.log(accounts - taken) for taken in range(size))
    return math.log(kinds * sizes) + which + sum(math.log(weight) for weight in weights)


def supposed(survey: Survey, shown: Counts) -> dict[tuple[int, ...], Supposed]:
    """Return the explanations by accounts that are worth weighing, by their accounts ascending."""
    typical = survey.holdings.typical
    usable = {each for each in survey.masks if shown.get((each,), typical).weight > 0}
    found: dict[tuple[int, ...], Supposed] = {
        (account,): suppose(survey, (account,), shown) for account in sorted(usable)
    }
    alone = _best(found.values())
    beam, best = alone, alone[0].weight if alone else 0.0
    for size in range(2, min(survey.judgement.largest, len(usable)) + 1):
        grown: dict[tuple[int, ...], Supposed] = {}
        width = BEAM if size <= WIDE else NARROW
        for each in beam[:width]:
            partners = _partners(survey, each, usable, alone if size == 2 else ())  # noqa: PLR2004
            for partner in partners[:width]:
                accounts = tuple(sorted((*each.accounts, partner)))
                if accounts not in grown:
                    grown[accounts] = suppose(survey, accounts, shown)
        beam = _best(grown.values())
        found |= grown
        if not beam or beam[0].weight < best - HOPELESS:
            break
        best = max(best, beam[0].weight)
    return found


def hopeful(survey: Survey, shown: Counts) -> list[int]:
    """Return who may be as likely as the likeliest of those counted, or 1 % of that; the likeliest first.

    Taken are accounts without counts, and that all they were shown was hit: what chance must explain beside
    that weighs against them still. Nobody else needs to be counted.
    """
    known = [leak_of(survey, accounts, shown) for accounts in shown if len(accounts) == 1]
    best = max((log_likelihood(survey, leak) for leak in known), default=-math.inf)
    most = {
        account: beside(survey, mask) for account, mask in survey.masks.items() if (account,) not in shown
    }
    fit = [account for account, log in most.items() if log >= best - FAR]
    return sorted(fit, key=lambda account: (-most[account], account))


def suppose(survey: Survey, accounts: Accounts, shown: Counts) -> Supposed:
    """Return what these accounts weigh as an explanation."""
    leak = leak_of(survey, accounts, shown)
    weights = [shown.get((account,), survey.holdings.typical).weight for account in accounts]
    return Supposed(accounts, leak, prior(survey, weights), log_likelihood(survey, leak))


def _best(explanations: Iterable[Supposed]) -> list[Supposed]:
    return sorted(explanations, key=lambda each: (-each.weight, each.accounts))[:BEAM]


def _partners(survey: Survey, first: Supposed, usable: set[int], alone: Sequence[Supposed]) -> list[int]:
    """Return who explains most of what an explanation leaves, and who would be next likely without it."""
    left = survey.everything & ~survey.controls & ~first.leak.mask
    gains = {account: (survey.masks[account] & left).bit_count() for account in usable}
    helpful = sorted((account for account in usable if gains[account]), key=lambda each: (-gains[each], each))
    others = [each.accounts[0] for each in alone[:PARTNERS]]
    taken = dict.fromkeys([*helpful[:PARTNERS], *others])
    return [account for account in taken if account not in first.accounts]
