"""Who else looks at the same records becomes how often somebody else has seen all that was mailed."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from math import expm1

from canary.errors import UsageError

RANKS = 200
MOST = 500
STEPS = 200


@dataclass(frozen=True, slots=True)
class Colleagues:
    """The `employees` who look at the same records, insiders among them.

    `viewers` is how many of them have viewed a record out of the leak, on average and the insider
    included. Records differ: the one of rank i among 200 is viewed in proportion to i^-`skew` (Zipf; 0
    makes all alike), so employee and record meet with chance v_i = 1 - exp(-rate * i^-skew), and
    records that many view are in more leaks. Employees look independently of each other. Raises
    UsageError for what cannot be.
    """

    employees: int = 20
    viewers: float = 6.0
    skew: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.employees <= MOST:
            raise UsageError(
                f"{self.employees:,} employees cannot be reckoned with",
                hint=f"--employees takes 1 to {MOST:,}: those who look at the same records, not the company",
            )
        if not 1 <= self.viewers <= self.employees:
            raise UsageError(
                f"a record cannot have {self.viewers:g} viewers out of {self.employees:,} employees",
                hint="--viewers counts the insider too: 1 to --employees",
            )
        if not 0 <= self.skew <= 3:  # noqa: PLR2004 - said in the hint
            raise UsageError(f"views cannot be skewed by {self.skew:g}", hint="--skew takes 0 to 3")


@lru_cache(maxsize=64)
def moments(colleagues: Colleagues, insiders: int, count: int, digits: int) -> tuple[Decimal, ...]:
    """Return E[v^0] to E[v^(count - 1)] of records that all insiders have viewed, in so many digits.

    The chance that all of them viewed it weighs a record: its weight is v^insiders.
    """
    if colleagues.viewers <= 1:
        return (Decimal(1), *[Decimal(0)] * (count - 1))
    with localcontext() as context:
        context.prec = digits
        chances = [
            Decimal(chance) for chance in _viewing(colleagues.employees, colleagues.viewers, colleagues.skew)
        ]
        powers = [chance**insiders for chance in chances]
        total = sum(powers, start=Decimal(0))
        found = []
        for _ in range(count):
            found.append(sum(powers, start=Decimal(0)) / total)
            powers = [power * chance for power, chance in zip(powers, chances, strict=True)]
    return tuple(found)


@lru_cache(maxsize=64)
def _viewing(employees: int, viewers: float, skew: float) -> tuple[float, ...]:
    """Return each rank's chance to be viewed by an employee, so that the mean of `viewers` is met.

    In a leak a record weighs v, so the others who have viewed it are (employees - 1) sum(v²) / sum(v).
    """
    shares = [rank**-skew for rank in range(1, RANKS + 1)]
    low, high = -60.0, 60.0
    found: tuple[float, ...] = ()
    for _ in range(STEPS):
        middle = (low + high) / 2
        found = tuple(-expm1(-(2.0**middle) * share) for share in shares)
        mean = 1 + (employees - 1) * sum(chance * chance for chance in found) / sum(found)
        low, high = (middle, high) if mean < viewers else (low, middle)
    return found
