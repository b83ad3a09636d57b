"""Words for a time become a time."""

from datetime import datetime

from canary.accesslog import parse_time
from canary.config.kinds import span_of
from canary.errors import CanaryError, UsageError


def time_of(flag: str, text: str, now: datetime) -> datetime:
    """Return the time that an option names. Raises UsageError."""
    try:
        return parse_time(text, now=now)
    except CanaryError as error:
        raise UsageError(f"{flag}: {error.message}", hint=error.hint) from None


def since_of(text: str, now: datetime) -> datetime:
    """Return the time of `--since`: a time, or a span before now such as 24h. Raises UsageError."""
    try:
        return now - span_of(text)
    except (ValueError, OverflowError):
        return time_of("--since", text, now)
