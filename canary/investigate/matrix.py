"""An incident becomes its table: accounts by indicators by records, and how many decoys say so."""

from collections.abc import Iterator
from dataclasses import dataclass

from canary.model import Access, Hit, Indicator, Layer, Strength
from canary.model.casework import CaseFile

MOST_POSSIBLE = 3
NO_INDICATOR = Indicator("none", "", Strength.HINTS)


@dataclass(frozen=True, slots=True)
class Cell:
    """What an account's record and an indicator have in common: hit decoys, and hits.

    A `named` account was shown view-unique decoys among them; another one was shown shared decoys, as
    `others` more accounts were.
    """

    account: str
    record: str
    indicator: Indicator
    decoys: int
    hits: tuple[str, ...]
    named: bool
    others: int = 0


def matrix(case: CaseFile) -> tuple[Cell, ...]:
    """Return the cells of accounts by indicators by records, those with the most decoys first.

    A hit without an identifying indicator stands in a cell without one.
    """
    met: dict[tuple[str, str, Indicator, bool, int], tuple[set[str], list[str]]] = {}
    for each in case.hits:
        for account, record, named, others in _shown(each.hit):
            for indicator in indicators_of(case, each.hit) or (NO_INDICATOR,):
                decoys, hits = met.setdefault((account, record, indicator, named, others), (set(), []))
                decoys.add(each.hit.decoy.id)
                hits.append(each.hit.id)
    cells = (
        Cell(account, record, indicator, len(decoys), tuple(hits), named, others)
        for (account, record, indicator, named, others), (decoys, hits) in met.items()
    )
    return tuple(sorted(cells, key=lambda cell: (not cell.named, -cell.decoys, cell.account, cell.record)))


def indicators_of(case: CaseFile, hit: Hit) -> tuple[Indicator, ...]:
    """Return the identifying indicators of what hit a decoy."""
    origin = case.origins.get(hit.message.id) if hit.message else None
    return tuple(
        each for each in (origin.indicators if origin else ()) if each.strength is Strength.IDENTIFIES
    )


def records_of(case: CaseFile) -> dict[str, str]:
    """Return the records of the hit decoys, each with its beneficiary, "" where none was told."""
    found: dict[str, str] = {}
    for each in case.hits:
        for access in each.hit.accesses:
            found[access.record] = access.beneficiary or found.get(access.record, "")
    return found


def first_of(accesses: tuple[Access, ...]) -> dict[str, Access]:
    """Return the first access of each account."""
    found: dict[str, Access] = {}
    for access in accesses:
        found.setdefault(access.employee, access)
    return found


def _shown(hit: Hit) -> Iterator[tuple[str, str, bool, int]]:
    """Yield account and record, whether it is named, and how many others were shown the decoy."""
    seen = first_of(hit.accesses)
    if hit.touch:
        record = hit.accesses[0].record if hit.accesses else ""
        yield hit.touch.employee, record, True, 0
    elif hit.decoy.layer is Layer.VIEW:
        for account, access in seen.items():
            yield account, access.record, True, 0
    else:
        for account, access in list(seen.items())[:MOST_POSSIBLE]:
            yield account, access.record, False, len(seen) - 1
