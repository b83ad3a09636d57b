"""What accounts were shown becomes who was harmed: records, and through them the customers in them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from canary.investigate.contract import stamp
from canary.investigate.sellers import Registry
from canary.model import Access, ActorClass
from canary.model.casework import CaseFile

BEFORE = timedelta(hours=24)
"""What left may have been looked at some time before a hit decoy was first shown."""

CUSTOMERS = (
    "Customers are known here only as records: who stands in a record, and when, your own system has to tell."
)
COLUMNS = ("record", "beneficiary", "seller", "employee", "accesses", "first", "last", "access_ids")
FORMULA = frozenset("=+-@\t\r")


@dataclass(frozen=True, slots=True)
class Exposed:
    """A record that was exposed through the accesses of an account, those of persons and of what is none.

    `seller` is who profits from it by the registry, "" where nobody is known to; `accesses` ascend by time.
    """

    record: str
    employee: str
    beneficiary: str
    seller: str
    accesses: tuple[Access, ...]

    @property
    def first(self) -> datetime:
        """Return when it was first shown."""
        return self.accesses[0].at

    @property
    def last(self) -> datetime:
        """Return when it was last shown."""
        return self.accesses[-1].at

    @property
    def persons(self) -> int:
        """Return how many of the accesses were a person's."""
        return sum(each.actor_class is ActorClass.PERSON for each in self.accesses)


def window_of(
    case: CaseFile, employees: Iterable[str], since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    """Return the time to look at: from a day before a hit decoy was first shown to them, to the last hit."""
    known = frozenset(employees)
    shown = [access.at for each in case.hits for access in each.hit.accesses if access.employee in known] or [
        case.incident.opened_at
    ]
    return since or min(shown) - BEFORE, until or case.incident.last_at


def exposed(accesses: Iterable[Access], registry: Registry) -> tuple[Exposed, ...]:
    """Return what accesses showed, a record and account at a time, the most looked at first."""
    seen: dict[tuple[str, str], list[Access]] = {}
    for access in accesses:
        seen.setdefault((access.record, access.employee), []).append(access)
    found = []
    for (record, employee), theirs in seen.items():
        theirs.sort(key=lambda access: access.at)
        beneficiary = next((each.beneficiary for each in reversed(theirs) if each.beneficiary), "")
        seller = registry.of_record(record, beneficiary)
        found.append(Exposed(record, employee, beneficiary, seller.id if seller else "", tuple(theirs)))
    return tuple(sorted(found, key=lambda each: (-len(each.accesses), each.record, each.employee)))


def exposed_json(found: Iterable[Exposed]) -> list[dict[str, Any]]:
    """Return what was exposed."""
    return [
        {
            "record": each.record,
            "beneficiary": each.beneficiary or None,
            "seller": each.seller or None,
            "employee": each.employee,
            "accesses": [{"id": access.id, "at": stamp(access.at)} for access in each.accesses],
            "persons": each.persons,
            "first": stamp(each.first),
            "last": stamp(each.last),
        }
        for each in found
    ]


def exposed_rows(found: Iterable[Exposed]) -> Iterator[tuple[str, ...]]:
    """Yield a row of a table for each record and account; no cell is a formula to a spreadsheet."""
    for each in found:
        yield tuple(
            map(
                plain_cell,
                (
                    each.record,
                    each.beneficiary,
                    each.seller,
                    each.employee,
                    str(len(each.accesses)),
                    stamp(each.first) or "",
                    stamp(each.last) or "",
                    " ".join(access.id for access in each.accesses),
                ),
            )
        )


def plain_cell(text: str) -> str:
    """Return a cell that a spreadsheet takes for text: what begins like a formula gets a quote before it."""
    return f"'{text}" if text[:1] in FORMULA else text
