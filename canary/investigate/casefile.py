"""An incident becomes lines that a person reads top to bottom, and JSON."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from canary.investigate.contract import stamp
from canary.investigate.joining import plain, shown
from canary.investigate.layers import few
from canary.investigate.linking import link_json, link_line
from canary.investigate.matrix import Cell, matrix, records_of
from canary.investigate.sellers import Interest, interest_json
from canary.investigate.timeline import Moment, timeline
from canary.model import AuditEntry, Incident
from canary.model.casework import CaseFile

MOST_MOMENTS = 60
MOST_CELLS = 30
MOST_LINKS = 20
LAST = 10
"""Of a list that is too long the end is told, too."""

Explanation = Mapping[str, Any]
"""A row of a ranking: `explanation`, `employees[]`, `probability`, `because[]`."""


def incident_json(incident: Incident) -> dict[str, Any]:
    """Return an incident as it stands in a list."""
    return {
        "id": incident.id,
        "state": incident.state.value,
        "opened_at": stamp(incident.opened_at),
        "last_at": stamp(incident.last_at),
        "hits": incident.hits,
        "employees": list(incident.accounts),
        "merged_into": incident.merged_into or None,
    }


def case_json(case: CaseFile, interests: Sequence[Interest]) -> dict[str, Any]:
    """Return an incident with everything known of it; strangers' words stand as they were written."""
    return incident_json(case.incident) | {
        "hit_ids": [{"hit": each.hit.id, "because": each.words} for each in case.hits],
        "records": [
            {"record": record, "beneficiary": beneficiary or None}
            for record, beneficiary in records_of(case).items()
        ],
        "timeline": [_moment_json(each) for each in timeline(case)],
        "matrix": [_cell_json(each) for each in matrix(case)],
        "sellers": [interest_json(each) for each in interests],
        "links": [link_json(each) for each in case.links],
        "audit": [audit_json(each) for each in case.audit],
    }


def audit_json(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry of the audit."""
    return {
        "id": entry.id,
        "incident": entry.incident,
        "at": stamp(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "words": entry.words,
    }


def case_lines(case: CaseFile, interests: Sequence[Interest], ranked: Sequence[str] = ()) -> Iterator[str]:
    """Yield what is known of an incident. `ranked` says who it may be, in words, each a line."""
    incident = case.incident
    yield f"{incident.id}  {incident.state.value}  {_time(incident.opened_at)} to {_time(incident.last_at)}"
    yield ""
    names = [plain(name) for name in incident.accounts]
    hits = "1 hit" if incident.hits == 1 else f"{incident.hits:,} hits"
    if names:
        yield f"Exposed through the access of: {few(names, 20)} ({hits})"
    else:
        yield f"No decoy of one account's own was hit: shared ones name nobody by themselves ({hits})"
    yield from _section("Who it may be", list(ranked), len(ranked))
    yield from _section("Who wins by it, who wrote", [f"- {each.words}" for each in interests], MOST_LINKS)
    yield from _section("What happened", [_moment_line(each) for each in timeline(case)], MOST_MOMENTS)
    yield from _section("Accounts, records, senders", [_cell_line(each) for each in matrix(case)], MOST_CELLS)
    yield from _section("Linked by the sender", [link_line(each) for each in case.links], MOST_LINKS)
    yield from _section("Why these hits", _reasons(case), MOST_CELLS)
    yield ""
    yield "This names accounts, not culprits: screens are shared, laptops infected, accounts stolen."


def _section(head: str, lines: Sequence[str], most: int) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield head
    if len(lines) <= most:
        yield from (f"  {line}" for line in lines)
        return
    yield from (f"  {line}" for line in lines[: most - LAST])
    yield f"  … {len(lines) - most:,} more (--json lists them) …"
    yield from (f"  {line}" for line in lines[-LAST:])


def _reasons(case: CaseFile) -> list[str]:
    """Return why hits are here, those with the same reason on one line."""
    reasons: dict[str, list[str]] = {}
    for each in case.hits:
        reasons.setdefault(each.words, []).append(each.hit.id)
    return [f"{few(hits, 6)}: {words}" for words, hits in reasons.items()]


def _moment_line(moment: Moment) -> str:
    about = f"  ({few(moment.about, 4)})" if moment.about else ""
    return f"{_time(moment.at)}  {moment.kind:<11}  {moment.words}{about}"


def _moment_json(moment: Moment) -> dict[str, Any]:
    return {"at": stamp(moment.at), "kind": moment.kind, "words": moment.words, "about": list(moment.about)}


def _cell_line(cell: Cell) -> str:
    who = plain(cell.account) + ("" if cell.named else _possible(cell.others))
    sender = f"{cell.indicator.kind} {shown(cell.indicator.value)}" if cell.indicator.value else "-"
    decoys = "1 decoy" if cell.decoys == 1 else f"{cell.decoys:,} decoys"
    return f"{who}  {plain(cell.record)}  {sender}  {decoys}"


def _possible(others: int) -> str:
    return f" (or {'another' if others == 1 else f'{others:,} others'})" if others else " (shared decoy)"


def _cell_json(cell: Cell) -> dict[str, Any]:
    sender = cell.indicator if cell.indicator.value else None
    return {
        "employee": cell.account,
        "named": cell.named,
        "others": cell.others,
        "record": cell.record,
        "indicator": {"kind": sender.kind, "value": sender.value} if sender else None,
        "decoys": cell.decoys,
        "hits": list(cell.hits),
    }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
