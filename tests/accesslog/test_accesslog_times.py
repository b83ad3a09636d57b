"""A time that somebody typed is understood or explained."""

from datetime import UTC, datetime

import pytest

from canary.accesslog import parse_time
from canary.errors import UsageError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("NOW ", NOW),
        ("2026-03-09", datetime(2026, 3, 9, tzinfo=UTC)),
        ("2026-03-09 09:30", datetime(2026, 3, 9, 9, 30, tzinfo=UTC)),
        ("2026-03-09T09:30:15.25+02:00", datetime(2026, 3, 9, 7, 30, 15, 250_000, UTC)),
        ("1773046800", datetime(2026, 3, 9, 9, tzinfo=UTC)),
        ("1773046800123", datetime(2026, 3, 9, 9, 0, 0, 123_000, UTC)),
    ],
)
def test_a_typed_time_is_understood(text: str, meant: datetime) -> None:
    assert parse_time(text, now=NOW) == meant


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tomorrow", "the time is neither ISO 8601 nor seconds since 1970: 'tomorrow'"),
        ("", "neither"),
        ("2026-03-12", "more than a day in the future"),
        ("1999-12-31", "before the year 2000"),
        ("\x1b[2J" * 100, "\\x1b"),
    ],
)
def test_another_time_is_a_usage_error(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_time(text, now=NOW)
    assert problem in error.value.message
    assert error.value.message.isprintable()
    assert len(error.value.message) < 250
    assert "2026-03-01T09:30:00Z" in error.value.hint
