"""An incident becomes the evidence of its whole campaign: with the hits that the same sender links to it.

An incident holds hits that were chosen for being one account's. Ranked by itself it cannot tell that account
from a copied store, of which every account has some hits: what else the sender hit must be weighed with it.
"""

from collections.abc import Iterator, Sequence

from canary.investigate.evidence import WITHIN
from canary.investigate.linking import certain
from canary.model import Incident
from canary.model.casework import CaseFile
from canary.model.incident import IncidentState
from canary.ports import Store

MOST_LINKED, MOST_HITS = 32, 2_000
"""So many linked incidents, and hits of them, are weighed: those nearest in time."""


def linked_files(store: Store, files: Sequence[CaseFile]) -> list[CaseFile]:
    """Return the incidents that one sender links to these: proven, or by several ways to be answered.

    Their hits are within `WITHIN` of each other: a broker who buys again a year later has bought another
    list. What was dismissed is left out. Raises StoreError.
    """
    known = {case.incident.id for case in files}
    found = {each.id: (apart, each) for case in files for apart, each in _near(case) if each.id not in known}
    chosen: list[str] = []
    hits = 0
    for _, incident in sorted(found.values(), key=lambda pair: (pair[0], pair[1].id))[:MOST_LINKED]:
        hits += incident.hits
        if hits <= MOST_HITS:
            chosen.append(incident.id)
    return [store.incident(each) for each in chosen]


def _near(case: CaseFile) -> Iterator[tuple[float, Incident]]:
    for link in case.links:
        apart = _apart(case.incident, link.incident)
        dismissed = link.incident.state is IncidentState.DISMISSED or link.incident.merged_into
        if apart <= WITHIN.total_seconds() and not dismissed and certain(link.shared):
            yield apart, link.incident


def _apart(one: Incident, other: Incident) -> float:
    """Return the seconds between the hits of two incidents, 0 where they overlap."""
    return max(
        (other.opened_at - one.last_at).total_seconds(), (one.opened_at - other.last_at).total_seconds(), 0.0
    )
