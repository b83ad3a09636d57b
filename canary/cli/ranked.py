"""An incident's hits become who it may be, ranked: the place where inference is asked."""

from collections.abc import Sequence
from typing import Any

from canary.investigate.joining import identifying
from canary.investigate.ranking import RankingView, ranking_json, ranking_lines, ranking_of
from canary.model.casework import CaseFile
from canary.ports import Store


def ranking_of_case(store: Store, case: CaseFile) -> list[dict[str, Any]]:
    """Return the ranking as JSON: `explanation`, `employees[]`, `probability`, `because[]`."""
    return ranking_json(_ranking(store, case))


def ranked_lines(store: Store, case: CaseFile, *, explain: bool) -> Sequence[str]:
    """Return the ranking in words; with every factor where that is asked for."""
    return list(ranking_lines(_ranking(store, case), explain=explain))


def _ranking(store: Store, case: CaseFile) -> RankingView:
    senders = {
        message: [f"{kind} {value}" for kind, value in identifying(origin.indicators)]
        for message, origin in case.origins.items()
    }
    return ranking_of(store, [each.hit for each in case.hits], senders)
