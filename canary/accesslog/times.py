"""Written times become aware UTC times."""

import re
from datetime import UTC, datetime, timedelta

from canary.errors import UsageError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"-?\d+(\.\d*)?", re.ASCII)
DATE_FIRST = re.compile(r"\d{4}-?(\d\d|W\d\d)", re.ASCII)
MILLISECONDS_FROM = 1e11


def latest(now: datetime) -> datetime:
    """Return the time after which an access cannot have happened; clocks may differ by a day."""
    return now + TOLERANCE


def time_of(text: str, until: datetime) -> datetime:
    """Return the time that is meant by ISO 8601, or by seconds or milliseconds since 1970.

    Without an offset it is UTC; below 10^11 a number counts seconds (that is the year 5138).
    Raises ValueError, its words completing "the time …", also before 2000 and after `until`.
    """
    text = text.strip()
    try:
        at = _counted(float(text)) if NUMBER.fullmatch(text) else _written(text)
    except (ValueError, OverflowError):
        raise ValueError(f"is neither ISO 8601 nor seconds since 1970: {text[:40]!r}") from None
    if at < EARLIEST:
        raise ValueError(f"lies before the year 2000: {text[:40]!r}")
    if at > until:
        raise ValueError(f"lies more than a day in the future: {text[:40]!r}")
    return at


def parse_time(text: str, *, now: datetime) -> datetime:
    """Return the time that somebody typed: `now`, ISO 8601, or seconds since 1970. Raises UsageError."""
    if text.strip().lower() == "now":
        return now
    try:
        return time_of(text, latest(now))
    except ValueError as problem:
        raise UsageError(
            f"the time {problem}", hint="write 2026-03-01T09:30:00Z, 2026-03-01 09:30, 1772357400 or now"
        ) from None


def _counted(number: float) -> datetime:
    seconds = number if abs(number) < MILLISECONDS_FROM else number / 1000
    return EPOCH + timedelta(seconds=seconds)


def _written(text: str) -> datetime:
    if not DATE_FIRST.match(text):
        raise ValueError
    at = datetime.fromisoformat(text.upper())
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
