"""Words for a time become a time."""

from datetime import datetime, timedelta

from canary.accesslog import parse_time
from canary.config.kinds import span_of
from canary.errors import CanaryError, UsageError

FARTHEST = timedelta(days=36500)


def time_of(flag: str, text: str, now: datetime) -> datetime:
    """Return the time that an option names. Raises UsageError."""
    try:
        return parse_time(text, now=now)
    except CanaryError as error:
        raise UsageError(f"{flag}: {error.message}", hint=error.hint) from None


def until_of(flag: str, text: str, now: datetime) -> datetime:
    """Return the time to come that an option names: a time, or a span from now such as 90d.

    Raises UsageError.
    """
    try:
        until = now + span_of(text)
    except (ValueError, OverflowError):
        until = time_of(flag, text, now + FARTHEST)
    if not now < until < now + FARTHEST:
        raise UsageError(f"{flag} needs a time to come")
    return until


def since_of(text: str, now: datetime, flag: str = "--since") -> datetime:
    """Return the time of `--since`: a time, or a span before now such as 24h. Raises UsageError."""
    try:
        return now - span_of(text)
    except (ValueError, OverflowError):
        return time_of(flag, text, now)
