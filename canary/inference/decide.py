"""Explanations and decoys not yet hit become what to check next: the observation that would best decide."""

import math
from collections.abc import Iterable

from canary.inference.answers import Check, Kind, Ranking, Row
from canary.inference.surveying import Survey
from canary.inference.values import Prospect

TOP = 8
"""So many leading explanations are to be decided between."""
TOLD = 3


def checks(survey: Survey, ranking: Ranking, prospects: Iterable[Prospect]) -> tuple[Check, ...]:
    """Return what would best decide between the leading explanations, the best first; at most `TOLD`.

    Each prospect is asked: is the next decoy hit one of these? What one expects to learn is the mutual
    information of that answer and the explanation (Lindley 1956), in bits. Prospects that would change
    nothing are left out.
    """
    rows = [row for row in ranking.rows if row.kind not in {Kind.OTHERS, Kind.TOGETHER}][:TOP]
    total = math.fsum(row.probability for row in rows)
    if not total:
        return ()
    found = [_check(survey, rows, total, prospect) for prospect in prospects]
    useful = sorted((each for each in found if each), key=lambda each: (-each.bits, each.record))
    return tuple(useful[:TOLD])


def _check(survey: Survey, rows: list[Row], total: float, prospect: Prospect) -> Check | None:
    beliefs = [row.probability / total for row in rows]
    chances = [_chance(survey, row, prospect) for row in rows]
    hit = math.fsum(belief * chance for belief, chance in zip(beliefs, chances, strict=True))
    if not 0 < hit < 1:
        return None
    bits = _entropy(hit) - math.fsum(
        belief * _entropy(chance) for belief, chance in zip(beliefs, chances, strict=True)
    )
    after = [belief * chance / hit for belief, chance in zip(beliefs, chances, strict=True)]
    best = max(range(len(rows)), key=lambda each: after[each])
    if bits <= 0 or after[best] <= beliefs[best]:
        return None
    return Check(prospect.record, bits, rows[best], beliefs[best], after[best])


def _chance(survey: Survey, row: Row, prospect: Prospect) -> float:
    """Return the chance that the next decoy hit is one of these, if an explanation is right.

    Any of the decoys that left without a hit so far is equally likely; by chance any that the store holds.
    """
    anywhere = min(1.0, prospect.decoys / survey.noise.held)
    if row.kind is not Kind.ACCOUNTS:
        return anywhere
    among = prospect.decoys if prospect.accounts.intersection(row.accounts) else 0
    inside = min(1.0, among / max(row.unhit, among, 1.0))
    return (1 - survey.noise.share) * inside + survey.noise.share * anywhere


def _entropy(chance: float) -> float:
    """Return the entropy of a yes or no, in bits."""
    if not 0 < chance < 1:
        return 0.0
    return -chance * math.log2(chance) - (1 - chance) * math.log2(1 - chance)
