"""Hits become a ranking: whose access exposed them, how probable that is, why, and what to check next."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from canary.inference import (
    HitDecoy,
    Kind,
    Prospect,
    Ranking,
    Row,
    Survey,
    Window,
    check_words,
    checks,
    explanation,
    hopeful,
    rank,
    sentence,
    unsettled,
    window_words,
    windows,
)
from canary.inference.wording import share_of
from canary.investigate.evidence import Question, counted, question_of, shown_of, struck
from canary.investigate.layers import few
from canary.model import BaseRate, Hit
from canary.model.showing import Showing, Unhit
from canary.ports import Exposures, Store

COVERING = 4
LIKELIEST = 8
MOST_COUNTED = 64
WORTH_COUNTING = 0.01
"""An account that is less likely is taken for a typical one: what it was shown is not counted."""

TOLD = 8
WORTH_TELLING = 0.001
REASONS = 4
DECIDED = 8
Counts = dict[tuple[int, ...], Showing]


@dataclass(frozen=True, slots=True)
class Reason:
    """One factor of an explanation: the natural log of what it multiplies the odds against chance by."""

    name: str
    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One explanation: who, how probable, why in words, and every factor that made it.

    `weight` is the sum of the factors, the log of its odds against chance alone. `when` says when what each
    account was shown can have left; it is among the reasons, too.
    """

    kind: str
    explanation: str
    employees: tuple[str, ...]
    probability: float
    because: tuple[str, ...]
    weight: float
    factors: tuple[Reason, ...] = ()
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RankingView:
    """What may be behind hits, the most probable first, and what to check next.

    `total` is the log of the weights of all explanations together. `left_out` counts hit decoys that so many
    were shown that they were not read. `linked` are incidents whose hits were weighed with these.
    """

    said: str = ""
    rows: tuple[Explained, ...] = ()
    next: tuple[str, ...] = ()
    hits: int = 0
    sessions: int = 0
    total: float = 0.0
    left_out: int = 0
    linked: tuple[str, ...] = ()


NOTHING = RankingView()


def ranking_of(
    store: Store,
    hits: Sequence[Hit],
    senders: Mapping[str, Collection[str]] | None = None,
    look: Exposures | None = None,
) -> RankingView:
    """Return what may be behind the hits of an incident.

    `senders` tells of messages, by identifier, by what their sender is known again: what one sender wrote
    within a time is one piece of evidence. Whoever ranks many incidents gives one `look` to all. Raises
    StoreError.
    """
    rate = store.base_rate()
    with nullcontext(look) if look else store.exposures() as open_look:
        return ranking(open_look, struck(hits, rate, senders), rate)


def ranking(look: Exposures, hits: Sequence[HitDecoy], rate: BaseRate) -> RankingView:
    """Return what may be behind hits. Raises StoreError."""
    question = question_of(look, hits, rate)
    if question is None:
        return NOTHING
    ranked, counts = _ranked(look, question)
    return _view(look, question, ranked, counts)


def ranking_json(view: RankingView) -> list[dict[str, Any]]:
    """Return a ranking as JSON."""
    return [
        {
            "explanation": row.explanation,
            "employees": list(row.employees),
            "probability": round(row.probability, 4),
            "because": list(row.because),
        }
        for row in view.rows
    ]


def ranking_lines(view: RankingView, *, explain: bool = False) -> Iterator[str]:
    """Yield a ranking as a person reads it; with every factor where that is asked for."""
    if not view.rows:
        return
    yield view.said
    for row in view.rows:
        yield f"{share_of(row.probability):>8}  {row.explanation}"
        if not explain:
            yield from (f"{'':>10}- {words}" for words in row.because)
        elif row.factors:
            yield from _factor_lines(view, row)
            yield from (f"{'':>10}- {words}" for words in row.when)
    yield from (f"Check next: {words}" for words in view.next)
    if view.linked:
        yield f"Weighed with the hits of {few(view.linked, 6)}, which the same sender links to it"
    if view.left_out:
        yield f"{view.left_out:,} hit decoys were shown to so many that they name nobody: left out"


def _factor_lines(view: RankingView, row: Explained) -> Iterator[str]:
    """Yield the factors as logs that add up, and how the sum becomes the probability."""
    for factor in row.factors:
        yield f"{factor.value:>+19.3f}  {factor.name:<11}  {factor.words}"
    yield f"{row.weight:>+19.3f}  sum; all explanations together {view.total:+.3f}"
    yield f"{'':>21}e^({row.weight:+.3f} - {view.total:.3f}) = {math.exp(row.weight - view.total):.4f}"


def _ranked(look: Exposures, question: Question) -> tuple[Ranking, Counts]:
    """Count who may be likely, rank, and count and rank again what leads uncounted."""
    counts = counted(look, question, [(account,) for account in _covering(question.survey)])
    likely = hopeful(question.survey, {group: shown_of(each) for group, each in counts.items()})
    new: list[tuple[int, ...]] = [(account,) for account in likely[:LIKELIEST]]
    while True:
        counts |= counted(look, question, new)
        alone = {group[0]: shown_of(each) for group, each in counts.items() if len(group) == 1}
        together = {group: shown_of(each) for group, each in counts.items() if len(group) > 1}
        ranked = rank(question.survey, alone, together)
        new = [*_uncounted(ranked, counts), *unsettled(ranked, together)]
        if not new or len(counts) > MOST_COUNTED:
            return ranked, counts


def _covering(survey: Survey) -> list[int]:
    """Return the account that was shown most of the hit decoys, and then those shown most of the rest."""
    masks, left, found = survey.masks, survey.everything, []
    for _ in range(COVERING):
        best = max(masks, key=lambda each: ((masks[each] & left).bit_count(), -each), default=None)
        if best is None or not masks[best] & left:
            break
        found.append(best)
        left &= ~masks[best]
    return found


def _uncounted(ranked: Ranking, counts: Counts) -> list[tuple[int]]:
    """Return the accounts of the leading explanations that were not counted yet."""
    leading = [row for row in ranked.rows[:TOLD] if row.probability >= WORTH_COUNTING]
    accounts = dict.fromkeys(account for row in leading for account in row.accounts)
    return [(account,) for account in accounts if (account,) not in counts]


def _view(look: Exposures, question: Question, ranked: Ranking, counts: Counts) -> RankingView:
    rows = [
        row
        for place, row in enumerate(ranked.rows)
        if row.kind is Kind.NOBODY or place == 0 or (place < TOLD and row.probability >= WORTH_TELLING)
    ]
    prospects, examples = _prospects(ranked, counts)
    found = checks(question.survey, ranked, prospects)
    named = {account for row in (*rows, *(each.leader for each in found)) for account in row.accounts}
    places = {account: question.viewings.accounts[account] for account in named}
    names = look.employees(places.values())

    def name(account: int) -> str:
        return names.get(places[account], "an account without accesses")

    named_checks = [
        replace(each, record=accesses[0].record)
        for each in found
        if (accesses := look.accesses(examples[each.record].example, 1)[0])
    ]
    shown = {group[0]: shown_of(each) for group, each in counts.items() if len(group) == 1}
    lead = ranked.rows[0]
    return RankingView(
        sentence(ranked, name, named_checks[0] if named_checks else None),
        tuple(_explained(row, ranked, name, windows(question.survey, row, shown)) for row in rows),
        tuple(check_words(each, name) for each in named_checks),
        ranked.hits,
        ranked.sessions,
        lead.weight - math.log(lead.probability),
        question.left_out,
    )


def _explained(row: Row, ranked: Ranking, name: Callable[[int], str], left: Sequence[Window]) -> Explained:
    factors = tuple(Reason(each.name, each.value, each.words) for each in row.factors)
    strongest = sorted(factors, key=lambda each: -abs(each.value))[:REASONS]
    several = len(strongest) > 1
    because = [each.words + (f" ({_odds(each.value)})" if several else "") for each in strongest]
    if not factors:
        because.append(f"shown {row.covered:,} of the {ranked.hits:,} hit decoys")
    when = tuple(window_words(each, name) for each in left) if row.kind is Kind.ACCOUNTS and factors else ()
    return Explained(
        row.kind.value,
        explanation(row, name),
        tuple(name(account) for account in row.accounts),
        row.probability,
        (*because, *when),
        row.weight,
        factors,
        when,
    )


def _odds(value: float) -> str:
    """Return in words what a factor does to the odds."""
    times = math.exp(min(abs(value), 690.0))
    told = f"{times:.2g}" if times < 100 else f"{times:,.0f}" if times < 1e6 else f"{times:.0e}"  # noqa: PLR2004
    return f"odds times {told}" if value >= 0 else f"odds divided by {told}"


def _prospects(ranked: Ranking, counts: Counts) -> tuple[list[Prospect], dict[str, Unhit]]:
    """Return what another hit might be on, and an example of each.

    Records that the same of the leading accounts were shown decide the same: of these the one with the most
    decoys. Of what several were shown only shared decoys leave it open whose it was.
    """
    leading = dict.fromkeys(account for row in ranked.rows[:DECIDED] for account in row.accounts)
    seen: dict[bytes, dict[int, Unhit]] = {}
    for account in leading:
        showing = counts.get((account,))
        for record, unhit in showing.unhit.items() if showing else ():
            seen.setdefault(record, {})[account] = unhit
    best: dict[frozenset[int], tuple[int, bytes, Unhit]] = {}
    for record, by_account in seen.items():
        alone = len(by_account) == 1
        sizes = {account: unhit.shared + (unhit.own if alone else 0) for account, unhit in by_account.items()}
        accounts = frozenset(account for account, size in sizes.items() if size)
        most = max(sizes.values())
        if most and (accounts not in best or most > best[accounts][0]):
            example = next(unhit for account, unhit in by_account.items() if sizes[account] == most)
            best[accounts] = (most, record, example)
    prospects = [Prospect(record.hex(), size, accounts) for accounts, (size, record, _) in best.items()]
    return prospects, {record.hex(): example for _, record, example in best.values()}
