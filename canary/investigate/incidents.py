"""Hits become incidents: what is joined when, on whose behalf, and what was kept before there were any."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from canary.investigate.joining import decision
from canary.model.casework import Candidate, Decision, Dismissal, Joining, Newcomer
from canary.ports import Casework, Decide

AT_ONCE = 500

Joiner = Callable[[Sequence[str]], Sequence[Joining]]
"""Joins hits that were kept and appraised; safe to be called again, and by several processes at once."""


def joiner(store: Casework, window: timedelta) -> Joiner:
    """Return what joins hits to incidents under a window. It raises StoreError and NotFoundError."""
    decide = deciding(window)
    return lambda hit_ids: store.join(hit_ids, decide)


def deciding(window: timedelta) -> Decide:
    """Return the rules of joining under a window."""

    def decide(
        newcomer: Newcomer, candidates: Sequence[Candidate], dismissals: Sequence[Dismissal]
    ) -> Decision | None:
        return decision(newcomer, candidates, dismissals, window)

    return decide


def join_missing(store: Casework, window: timedelta, told: Callable[[int], None] = lambda _: None) -> int:
    """Join the hits that belong to no incident yet, in the order in which they were kept; return how many.

    What stands is not changed: people have looked at it. `told` hears how many have been looked at so far.
    """
    join, seen, fresh, last = joiner(store, window), 0, 0, ""
    while hit_ids := store.unjoined(last, AT_ONCE):
        fresh += sum(each.fresh for each in join(hit_ids))
        seen += len(hit_ids)
        last = hit_ids[-1]
        told(seen)
    return fresh
