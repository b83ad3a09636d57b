"""Hits and exposures of an account become a window: when what it was shown can have left."""

import math
from collections.abc import Mapping

from canary.inference.answers import Row, Window
from canary.inference.surveying import Survey
from canary.inference.values import Shown

SURE = 0.05
"""The chance that decoys shown before what left did leave and were still not hit, at which they bound it."""


def windows(survey: Survey, row: Row, shown: Mapping[int, Shown]) -> tuple[Window, ...]:
    """Return for each account of an explanation when what it was shown can have left.

    Newest-decoy reasoning: not before it was shown the newest of its hit decoys, not after that was hit. If
    it left after j newer decoys without a hit were shown, all of these left with it and none was mailed,
    which has the chance (1 - mailed)^j. `mailed` is known of rows with factors only.
    """
    found = (_window(survey, account, row.mailed, shown.get(account)) for account in row.accounts)
    return tuple(window for window in found if window)


def _window(survey: Survey, account: int, mailed: float, shown: Shown | None) -> Window | None:
    mask = survey.masks[account]
    first = [
        (each.first[place], hit.at, hit.decoy)
        for bit, (hit, each) in enumerate(zip(survey.hits, survey.seen, strict=True))
        if mask >> bit & 1 and (place := each.place(account)) is not None
    ]
    if not first:
        return None
    after, before, newest = max(first)
    newer = [at for at in shown.newer if after < at <= before] if shown else []
    needed = math.ceil(math.log(SURE) / math.log1p(-mailed)) if 0 < mailed < 1 else math.inf
    bound = newer[int(needed) - 1] if len(newer) >= needed else None
    copies = any(at < after for _, at, _ in first)
    return Window(account, newest, after, before, copies, len(newer), bound)
