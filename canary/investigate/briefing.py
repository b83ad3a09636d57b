"""An alert becomes a briefing: whom its incident points to, what changed, what would decide, who wins."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock

from canary.inference.wording import share_of
from canary.investigate.joining import identifying, plain
from canary.investigate.layers import few
from canary.investigate.linked import linked_files
from canary.investigate.linking import link_line
from canary.investigate.ranking import RankingView, ranking_of
from canary.investigate.sellers import Registry, interests
from canary.model import Alert, Briefing, Hit, Incident, Lead
from canary.model.casework import CaseFile
from canary.ports import Exposures, Store

MOST_ROWS = 3
MOST_CHECKS = 2
MOST_LINKS = 3
MOST_INTERESTS = 3
MOST_FILES = 3
"""Of so many incidents at the most all hits are ranked; of more those that the alert is about."""

OFTEN = 8
GROWN = 1.2
"""An incident of more hits than `OFTEN` is judged again once it has grown by this factor."""

MOST_REMEMBERED = 10_000
ACCOUNTS = "accounts"

Judge = Callable[[Sequence[str]], None]
"""Is told which incidents hits have joined, and has told at once what is news."""


def case_ranking(store: Store, case: CaseFile, look: Exposures | None = None) -> RankingView:
    """Return what may be behind the hits of an incident; many share one `look`. Raises StoreError."""
    return _ranking(store, [case], look)


def briefed(store: Store, alert: Alert, threshold: float) -> Briefing:
    """Return what is known of the incidents of an alert; `threshold` is that of `news_of`.

    Raises StoreError.
    """
    if alert.case is None:
        return Briefing()
    several = alert.case.flood or len(alert.case.incidents) > MOST_FILES
    files = [] if several else [store.incident(each.id) for each in alert.case.incidents]
    view = _ranking(store, files) if files else ranking_of(store, alert.hits)
    lead = lead_of(view)
    registry = Registry.of(store.sellers()) if files else Registry()
    return Briefing(
        lead,
        news_of(alert.case.before, lead, threshold),
        view.said,
        tuple((row.probability, row.explanation) for row in view.rows[:MOST_ROWS]),
        view.next[:MOST_CHECKS],
        tuple(line for case in files for line in _links(case, alert.case.incidents))[:MOST_LINKS],
        tuple(each.words for case in files for each in interests(case, registry))[:MOST_INTERESTS],
    )


def lead_of(view: RankingView) -> Lead:
    """Return whom the most probable explanation names."""
    if not view.rows:
        return Lead()
    first = view.rows[0]
    return Lead(first.employees if first.kind == ACCOUNTS else (), first.probability)


def news_of(before: Lead | None, now: Lead, threshold: float) -> str:
    """Say how whom an incident points to has changed, "" where it has not.

    It points to somebody from the threshold on. Nothing is news where nothing was told before.
    """
    if before is None:
        return ""
    was, is_now = before.beyond(threshold), now.beyond(threshold)
    now_words = f"It now points to {_named(now)}, {share_of(now.probability)}"
    if is_now and not was:
        return f"{now_words}; it did not when this was told last."
    if is_now and set(now.employees) != set(before.employees):
        return f"{now_words}; before it was {_named(before)}."
    if was and not is_now:
        then = f"(said with {share_of(before.probability)})"
        return f"It no longer points to {_named(before)} {then}; read it anew before anything is done."
    return ""


def judging(store: Store, threshold: float) -> Judge:
    """Return what looks whether growth that waits to be told is news, and then has it told at once."""
    seen: dict[str, int] = {}
    lock = Lock()

    def judge(incident_ids: Sequence[str]) -> None:
        """Look at some incidents. Raises StoreError."""
        with lock:
            for each in store.behind(incident_ids):
                case = store.incident(each)
                if _worth_a_look(case.incident, seen):
                    lead = lead_of(case_ranking(store, case))
                    if any(news_of(before, lead, threshold) for before in store.leads(each)):
                        store.hasten([each])

    return judge


def _worth_a_look(incident: Incident, seen: dict[str, int]) -> bool:
    """Say whether an incident has grown enough to be ranked again, and remember how large it was then."""
    last = seen.get(incident.id, 0)
    if incident.hits > OFTEN and incident.hits < last * GROWN:
        return False
    if len(seen) >= MOST_REMEMBERED:
        seen.clear()
    seen[incident.id] = incident.hits
    return True


def _ranking(store: Store, files: Sequence[CaseFile], look: Exposures | None = None) -> RankingView:
    """Return what may be behind incidents, weighed with those that the same sender links to them."""
    linked = linked_files(store, files)
    senders = {
        message: [f"{kind} {value}" for kind, value in identifying(origin.indicators)]
        for case in (*files, *linked)
        for message, origin in case.origins.items()
    }
    hits: list[Hit] = [each.hit for case in (*files, *linked) for each in case.hits]
    view = ranking_of(store, hits, senders, look)
    return replace(view, linked=tuple(case.incident.id for case in linked)) if view.rows else view


def _links(case: CaseFile, about: Sequence[Incident]) -> list[str]:
    known = {each.id for each in about}
    return [link_line(each) for each in case.links if each.incident.id not in known]


def _named(lead: Lead) -> str:
    return few([plain(each) for each in lead.employees])
