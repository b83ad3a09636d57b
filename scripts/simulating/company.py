"""A size and a seed become a company: who looks at which record when, a working day at a time."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from canary.model import Access, ActorClass
from scripts.simulating.chance import chance, poisson

START = datetime(2026, 1, 5, tzinfo=UTC)
TEAM = 20
"""So many employees share a catalogue; `canary plan` reckons with the same."""

CATALOGUE = 600
OWN, POPULAR = 0.8, 0.15
"""Shares of looks at the team's own records, and at what the whole company looks at; the rest is anywhere."""

OWN_SKEW, POPULAR_SKEW = 0.8, 1.0
"""Exponents of Zipf's law: what rank r is looked at is in proportion to r^-skew."""

BUSY_SPREAD = 0.7
"""How much busier some are: the standard deviation of the log of looks a day."""

WEEKEND = 0.03
PEAKS = ((10.5, 1.3), (15.0, 1.6))
OPENS, CLOSES = 7.0, 20.0
MOST_POPULAR = 100_000
ONE_CRAWLER_FOR = 500
CRAWLED_A_DAY = 40
SCATTER = 2_654_435_761
"""A prime: ranks in the whole company are spread over the teams."""


@dataclass(frozen=True, slots=True)
class Company:
    """How many employees, for how many days, with how many looks at records a working day each."""

    employees: int
    days: int
    looks: float
    seed: int
    _own: list[float] = field(init=False, repr=False)
    _popular: list[float] = field(init=False, repr=False)
    _busy: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        source = chance(self.seed, "busy")
        mean = -(BUSY_SPREAD**2) / 2
        busy = [self.looks * source.lognormvariate(mean, BUSY_SPREAD) for _ in range(self.employees)]
        object.__setattr__(self, "_busy", busy)
        object.__setattr__(self, "_own", zipf(CATALOGUE, OWN_SKEW))
        object.__setattr__(self, "_popular", zipf(min(self.records, MOST_POPULAR), POPULAR_SKEW))

    @property
    def teams(self) -> int:
        """Return how many teams there are."""
        return -(-self.employees // TEAM)

    @property
    def records(self) -> int:
        """Return how many records there are to be looked at."""
        return self.teams * CATALOGUE

    @property
    def crawlers(self) -> int:
        """Return how many crawlers look at records, each under an account of its own."""
        return max(1, self.employees // ONE_CRAWLER_FOR)

    def day(self, day: int) -> Iterator[Access]:
        """Yield the accesses of a day, in the order of their times."""
        source = chance(self.seed, "day", day)
        at = START + timedelta(days=day)
        share = WEEKEND if at.weekday() >= 5 else 1.0
        looks = [
            (_time(source), number, self._record(source, number))
            for number in range(self.employees)
            for _ in range(poisson(source, self._busy[number] * share))
        ]
        crawled = [
            (source.uniform(0, 24), -1 - number, source.randrange(self.records))
            for number in range(self.crawlers)
            for _ in range(CRAWLED_A_DAY)
        ]
        for hour, number, record in sorted(looks + crawled):
            yield access(number, record, at + timedelta(hours=hour))

    def _record(self, source: Random, number: int) -> int:
        kind = source.random()
        if kind < OWN:
            return number // TEAM * CATALOGUE + drawn(source, self._own)
        if kind < OWN + POPULAR:
            return drawn(source, self._popular) * SCATTER % self.records
        return source.randrange(self.records)


def access(number: int, record: int, at: datetime) -> Access:
    """Return an employee's access; negative numbers are crawlers'."""
    day = (at - START).days
    if number < 0:
        return Access(
            crawler(-1 - number), record_name(record), at, tool="crawler", actor_class=ActorClass.CRAWLER
        )
    return Access(
        employee(number),
        record_name(record),
        at,
        beneficiary=f"seller-{record % 9000:04d}",
        tool="console",
        session=f"s{number:06d}-{day}",
        client_ip=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
    )


def employee(number: int) -> str:
    """Return the account of an employee."""
    return f"e.{number:06d}"


def crawler(number: int) -> str:
    """Return the account of a crawler."""
    return f"svc.crawler-{number}"


def record_name(number: int) -> str:
    """Return what a record is called."""
    return f"product:B{number:09d}"


def zipf(count: int, skew: float) -> list[float]:
    """Return the cumulative weights of ranks by Zipf's law."""
    return list(accumulate((rank + 1) ** -skew for rank in range(count)))


def drawn(source: Random, upto: list[float]) -> int:
    """Return a rank, drawn by cumulative weights."""
    return bisect_left(upto, source.random() * upto[-1])


def _time(source: Random) -> float:
    """Return an hour of the day at which people work."""
    while True:
        hour = source.gauss(*PEAKS[source.random() < 0.5])
        if OPENS <= hour <= CLOSES:
            return hour
