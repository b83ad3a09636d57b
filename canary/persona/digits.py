"""Weights become the digits that people put into addresses: years, birthdays, runs, and any number."""

from calendar import monthrange
from functools import cache

from canary.persona.tables import Table, table

# Of four final digits; measured over consumer addresses: .0256 and .0030 of .0865.
BIRTH_YEARS, BIRTH_SHARE = range(1940, 2016), 0.296
LATER_YEARS, LATER_SHARE = range(2016, 2027), 0.035
SCALE = 1_000_000
LEAP_YEAR = 2000
PEAK_YEAR = 1989
SINGLE = (6, 22, 14, 10, 7, 8, 6, 11, 8, 9)


def _closeness(year: int) -> int:
    """Return a weight that falls off on both sides of the year of birth most often seen."""
    return max(2, 40 - 2 * abs(year - PEAK_YEAR))


@cache
def dates() -> Table:
    """Return days of the year, as day and month or month and day."""
    weights: dict[str, int] = {}
    for month in range(1, 13):
        for day in range(1, monthrange(LEAP_YEAR, month)[1] + 1):
            for text in (f"{day:02}{month:02}", f"{month:02}{day:02}"):
                weights[text] = weights.get(text, 0) + 1
    return table(weights.items())


@cache
def years() -> Table:
    """Return years of birth in full."""
    return table((str(year), _closeness(year)) for year in BIRTH_YEARS)


@cache
def singles() -> Table:
    """Return one digit."""
    return table((str(digit), weight) for digit, weight in enumerate(SINGLE))


@cache
def pairs() -> Table:
    """Return two digits: half of them a year of birth, doubles more often than others."""
    weights = [12 + 10 * (number % 11 == 0) for number in range(100)]
    for year in BIRTH_YEARS:
        weights[year % 100] += _closeness(year)
    return table((f"{number:02}", weight) for number, weight in enumerate(weights))


@cache
def triples() -> Table:
    """Return three digits: any, low hundreds, runs and repeats more often."""
    weights = [3 + 4 * (100 <= number < 400) + 25 * (number % 111 == 0) for number in range(1000)]  # noqa: PLR2004
    for text, weight in (("123", 220), ("321", 30), ("007", 40), ("786", 15), ("101", 20), ("247", 12)):
        weights[int(text)] += weight
    return table((f"{number:03}", weight) for number, weight in enumerate(weights))


@cache
def quads() -> Table:
    """Return four digits: years in their measured share, days of the year, runs, repeats, any number."""
    weights = [8.0 + 120 * (number % 1111 == 0) for number in range(10_000)]
    days = dates()
    for text, weight in zip(days.texts, days.weights, strict=True):
        weights[int(text)] += 60 * weight
    for text, weight in (("1234", 2500), ("4321", 250), ("2580", 60)):
        weights[int(text)] += weight
    others = sum(w for n, w in enumerate(weights) if n not in BIRTH_YEARS and n not in LATER_YEARS)
    scale = SCALE * (1 - BIRTH_SHARE - LATER_SHARE) / others
    whole = [max(1, round(weight * scale)) for weight in weights]
    for span, share in ((BIRTH_YEARS, BIRTH_SHARE), (LATER_YEARS, LATER_SHARE)):
        near = {year: _closeness(year) for year in span}
        for year in span:
            whole[year] = round(SCALE * share * near[year] / sum(near.values()))
    return table((f"{number:04}", weight) for number, weight in enumerate(whole))
