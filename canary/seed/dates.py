"""Dates as an export writes them become moments, and moments are written the same way."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache

DAYS = (
    *(
        "%Y-%m-%d",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%Y%m%d",
        "%d-%m-%Y",
        "%m-%d-%Y",
    ),
    *("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d. %B %Y", "%a, %d %b %Y"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%y-%m-%d"),
)
HOURS = (
    *("", "T%H:%M:%S", " %H:%M:%S", " %H:%M", "T%H:%M", " %I:%M %p", " %I:%M:%S %p"),
    *(", %H:%M", ", %H:%M:%S", ", %I:%M %p", ", %I:%M:%S %p"),
)
PATTERNS = tuple(day + hour for hour in HOURS for day in DAYS)
ISO = frozenset("%Y-%m-%d" + hour for hour in ("", "T%H:%M:%S", " %H:%M:%S", " %H:%M", "T%H:%M"))
DIRECTIVE = re.compile(r"%(.)")
DIGITS = r"[0-9]{1,2}"
DIRECTIVES = {
    "Y": "[0-9]{4}",
    "b": r"[^\W\d_.]+\.?",
    "B": r"[^\W\d_.]+\.?",
    "a": r"[^\W\d_.]+\.?",
    "p": "[A-Za-z.]+",
}
DATED = re.compile(r"(?=.*\d)[\w ,.:/+-]+")
REMEMBERED = 4096
TAIL = re.compile(r"(\.\d{1,9})?(\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?$")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - moments are naive UTC throughout this room
EPOCH_DIGITS = {10: timedelta(seconds=1), 13: timedelta(milliseconds=1)}
EPOCH_EARLIEST = datetime(2000, 1, 1)  # noqa: DTZ001 - the same
EPOCH_LATEST = datetime(2100, 1, 1)  # noqa: DTZ001 - the same
EARLIEST = datetime(2, 1, 1)  # noqa: DTZ001 - the same
LATEST = datetime(9998, 1, 1)  # noqa: DTZ001 - the same
"""What is nearer to an end of the calendar is no date: 9999-12-31 says "for ever"."""

PROBE = 12
SHORTEST, LONGEST = 6, 40
SHARE = 0.95
GRAINS = (timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1))
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC (naive) and the words behind it in the export: fraction digits and zone."""

    at: datetime
    digits: int = 0
    zone: str = ""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How a column writes its dates. `grain` is the finest step that the column takes.

    `pattern` is for strftime, "" for a count of `unit` since 1970. Where not `padded`, a day
    or month below ten has one digit.
    """

    pattern: str
    padded: bool = True
    unit: timedelta = timedelta(seconds=1)
    grain: timedelta = MICROSECOND

    def read(self, text: str) -> Moment | None:
        """Return the moment that a text names, None if it is not written this way."""
        if not self.pattern:
            return self._counted(text)
        return _read(self.pattern, self.padded, text)

    def write(self, moment: Moment) -> str:
        """Return the text that names a moment."""
        if not self.pattern:
            return str((moment.at - EPOCH) // self.unit)
        local = moment.at + _offset(moment.zone)
        fraction = f".{local.microsecond * 1000:09d}"[: moment.digits + 1] if moment.digits else ""
        return _local(self.pattern, self.padded, local) + fraction + moment.zone

    def floored(self, moment: Moment) -> Moment:
        """Return a moment without what is finer than the column's grain."""
        offset = _offset(moment.zone)
        local = moment.at + offset - EPOCH
        return replace(moment, at=EPOCH + local // self.grain * self.grain - offset)

    def _counted(self, text: str) -> Moment | None:
        if text.isascii() and text.isdigit() and (unit := EPOCH_DIGITS.get(len(text))) == self.unit:
            with suppress(OverflowError):
                at = EPOCH + int(text) * unit
                return Moment(at) if EPOCH_EARLIEST < at < EPOCH_LATEST else None
        return None


@lru_cache(REMEMBERED)
def _read(pattern: str, padded: bool, text: str) -> Moment | None:
    """Return the moment that a text names in a pattern, remembered: a column is read several times."""
    digits, zone, fraction = 0, "", timedelta()
    if ":" in text and (tail := TAIL.search(text)):
        text, zone = text[: tail.start()], tail[2] or ""
        if tail[1]:
            digits, fraction = len(tail[1]) - 1, timedelta(seconds=float(tail[1]))
    with suppress(ValueError, OverflowError):
        # ISO 8601 is what most exports have, and is read many times as fast
        quick = padded and pattern in ISO
        local = datetime.fromisoformat(text) if quick else datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is beside it
        if EARLIEST < local < LATEST and _local(pattern, padded, local) == text:
            return Moment(local + fraction - _offset(zone), digits, zone)
    return None


def _local(pattern: str, padded: bool, local: datetime) -> str:
    text = local.strftime(pattern)
    return text if padded else re.sub(r"(?<!\d)0(\d)(?=[/. -])", r"\1", text)


@cache
def _outline(pattern: str) -> re.Pattern[str]:
    """Return what any text in a pattern looks like: it tells quickly that one is in another."""
    parts = DIRECTIVE.split(pattern)
    outline = (
        DIRECTIVES.get(part, DIGITS) if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.compile("".join(outline))


def date_format(values: Sequence[str], *, epoch: bool) -> DateFormat | None:
    """Return how a column's values write dates, None where they do not. `epoch` admits counts since 1970."""
    probe = values[:: max(1, len(values) // PROBE)]
    if not probe or not all(SHORTEST <= len(v) <= LONGEST and DATED.fullmatch(v) for v in probe):
        return None
    best, best_score = None, (SHARE, -1)
    for candidate in _candidates(probe, epoch=epoch):
        moments = [m for m in map(candidate.read, values) if m]
        score = (len(moments) / len(values), _monotone(m.at for m in moments))
        if score > best_score:
            best, best_score = replace(candidate, grain=_grain(moments)), score
        if score == (1.0, 1):
            break
    return best


def _candidates(probe: Sequence[str], *, epoch: bool) -> list[DateFormat]:
    first = probe[0]
    timed, worded = ":" in first, any(c.isalpha() and c not in "TZUGMC" for c in first)
    outlined = {TAIL.sub("", v) if ":" in v else v for v in (first, probe[-1])}
    fitting = [
        DateFormat(pattern, padded)
        for pattern in PATTERNS
        if ("%M" in pattern) == timed and any(w in pattern for w in ("%b", "%B", "%p")) == worded
        if any(map(_outline(pattern).fullmatch, outlined))
        for padded in (True, False)
    ]
    if epoch and len(first) in EPOCH_DIGITS:
        fitting.append(DateFormat("", unit=EPOCH_DIGITS[len(first)]))
    enough = SHARE * len(probe) - 1
    return [
        f
        for f in fitting
        if (f.read(first) or f.read(probe[-1])) and sum(1 for v in probe if f.read(v)) >= enough
    ]


def _monotone(moments: Iterable[datetime]) -> int:
    ordered = list(moments)
    return int(ordered in (sorted(ordered), sorted(ordered, reverse=True)))


def _grain(moments: Sequence[Moment]) -> timedelta:
    for grain in GRAINS:
        if all((m.at + _offset(m.zone) - EPOCH) % grain == timedelta() for m in moments):
            return grain
    return MICROSECOND


def _offset(zone: str) -> timedelta:
    zone = zone.strip().replace(":", "")
    if zone[:1] not in {"+", "-"}:
        return timedelta()
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
    return -offset if zone[0] == "-" else offset
