"""Hits and exposures of an account become a window: when what it was shown can have left."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from math import exp

from canary.inference.answers import Row, Window
from canary.inference.leaks import pooled
from canary.inference.likelihood import log_likelihood
from canary.inference.surveying import Survey
from canary.inference.values import Shown

SURE = 0.05
"""The chance that it left later at which a time bounds when it left."""
MOMENTS = 24
"""So many times between the newest hit decoy and the first hit are weighed."""


def windows(survey: Survey, row: Row, shown: Mapping[int, Shown]) -> tuple[Window, ...]:
    """Return for each account of an explanation when what it was shown can have left.

    Newest-decoy reasoning: not before it was first shown the newest of its hit decoys, not after the first of
    them was hit, unless that was earlier. The later it left, the more decoys without a hit were shown before
    and would have left with it.
    """
    found = (_window(survey, account, shown.get(account)) for account in row.accounts)
    return tuple(window for window in found if window)


def _window(survey: Survey, account: int, shown: Shown | None) -> Window | None:
    mask = survey.masks[account]
    first = [
        (each.first[place], hit.at, hit.decoy, hit.found)
        for bit, (hit, each) in enumerate(zip(survey.hits, survey.seen, strict=True))
        if mask >> bit & 1 and (place := each.place(account)) is not None
    ]
    if not first:
        return None
    after = max(at for at, *_ in first)
    before, newest, found = min((at, decoy, found) for seen, at, decoy, found in first if seen == after)
    copies = any(at + survey.judgement.slack < after for _, at, *_ in first)
    if not copies:
        before = min(at for _, at, *_ in first)
    newer = [at for at in shown.newer if after < at <= before] if shown else []
    bound = _likely_before(survey, mask, shown, newer, (after, before)) if shown and newer else None
    return Window(account, newest, after, before, copies, len(newer), bound, found)


def _likely_before(
    survey: Survey, mask: int, shown: Shown, newer: Sequence[int], span: tuple[int, int]
) -> int | None:
    """Return the time by which it had left but for `SURE`; None where there is none before the first hit.

    All times of the span are alike before any decoy is looked at. At each, it was shown as many decoys fewer
    as were first shown later.
    """
    step = max(1, len(newer) // MOMENTS)
    edges = [span[0], *newer[::step], span[1]]
    logs = [
        log_likelihood(survey, pooled(survey, [mask], [_less(shown, len(newer) - place)], 1))
        for place in (0, *range(1, len(newer) + 1, step))
    ]
    top = max(logs)
    times = [
        exp(log - top) * (late - early) for log, (early, late) in zip(logs, pairwise(edges), strict=True)
    ]
    so_far = list(accumulate(times))
    place = next(place for place, each in enumerate(so_far) if each >= so_far[-1] * (1 - SURE))
    return edges[place + 1] if place + 1 < len(edges) - 1 else None


def _less(shown: Shown, later: int) -> Shown:
    """Return what an account had been shown before so many of its decoys."""
    every = sum(shown.total)
    share = max(0.0, 1 - later / every) if every else 1.0
    view, stable, cohort = (round(number * share) for number in shown.total)
    return replace(shown, total=(view, stable, cohort), records=max(1, round(shown.records * share)))
