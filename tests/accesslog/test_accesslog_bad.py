"""What is no access comes out as a bad row with its place; what is no log at all is an error."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.accesslog import BadRow, read
from canary.errors import DataError
from canary.model import Access

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def rows(text: str | bytes, name: str = "-") -> list[Access | BadRow]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(io.BytesIO(data), name=name, now=NOW))


def bad(text: str | bytes) -> BadRow:
    (row,) = rows(text)
    assert isinstance(row, BadRow), row
    return row


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("yesterday", "neither ISO 8601 nor seconds"),
        ("09/03/2026 10:00", "neither ISO 8601 nor seconds"),
        ("2026-02-30T10:00:00Z", "neither ISO 8601 nor seconds"),
        ("9" * 40, "neither ISO 8601 nor seconds"),
        ("2026-03-12T00:00:00Z", "more than a day in the future"),
        ("1799-03-12T00:00:00Z", "before the year 2000"),
        ("0001-01-01T00:00:00+09:00", "neither ISO 8601 nor seconds"),
        ("0", "before the year 2000"),
        ("", "is missing"),
    ],
)
def test_a_bad_time_is_a_bad_row_that_says_why(written: str, problem: str) -> None:
    row = bad(f"employee,at,record\na.b,{written},B07\n")
    assert (row.line, row.column, row.field) == (2, 5, "at")
    assert problem in row.problem


@pytest.mark.parametrize(
    "text", ["at,employee,record\n{},a,B\n", '{{"at": "{}", "employee": "a", "record": "B"}}\n']
)
def test_a_clock_may_be_a_day_ahead(text: str) -> None:
    assert rows(text.format("2026-03-11T12:00:00Z"))[0] == Access("a", "B", NOW + timedelta(days=1))
    assert "future" in bad(text.format("2026-03-11T12:00:01Z")).problem


@pytest.mark.parametrize("field", ["employee", "record"])
@pytest.mark.parametrize("empty", ["", "   ", "\u00a0"])
def test_a_row_without_employee_or_record_is_bad(field: str, empty: str) -> None:
    """Spaces alone are nothing."""
    values = {"at": "2026-03-09T09:00", "employee": "a", "record": "B07"} | {field: empty}
    for text in (",".join(values) + "\n" + ",".join(values.values()) + "\n", json.dumps(values)):
        row = bad(text)
        assert (row.field, row.problem) == (field, "is missing")


def test_good_rows_around_bad_ones_are_kept() -> None:
    """Bad rows stop nothing; lines and columns lead to them."""
    found = rows(
        "at,employee,record,tool\n"
        "2026-03-09T09:00,a,B07,crm\n"
        "2026-03-09T09:00,,B07,crm\n"
        "2026-03-09T09:00,a,B07,crm,extra\n"
        "2026-03-09T09:00,a\x1bb,B07\n"
        f"2026-03-09T09:00,a,B07,{'x' * 1025}\n"
        "2026-03-09T09:00,b,B07\n"
    )
    assert [row.employee for row in found if isinstance(row, Access)] == ["a", "b"]
    assert [str(row) for row in found if isinstance(row, BadRow)] == [
        "line 3, column 18: employee is missing",
        "line 4, column 28: the row has 5 fields, the header 4",
        "line 5, column 18: employee contains an unprintable character (U+001B)",
        "line 6, column 24: tool is longer than 1024 characters",
    ]


def test_a_line_break_within_an_identifier_is_bad() -> None:
    row = bad('at,employee,record\n2026-03-09T09:00,"a\nb",B07\n')
    assert (row.line, row.column, row.field) == (2, 18, "employee")
    assert "U+000A" in row.problem


@pytest.mark.parametrize(
    "open_row",
    ['2026-03-09T09:00,"a,B07', '2026-03-09T09:00,"a"x,B07', '2026-03-09T09:00,"a""b,B07'],
)
@pytest.mark.parametrize("after", [1, 5000])
def test_a_quote_that_is_never_closed_costs_one_row(open_row: str, after: int) -> None:
    """The rows after it are read as if it had not been there, however many it swallowed."""
    good = [f"2026-03-09T09:00,after{n},B07" for n in range(after)]
    found = rows("\n".join(["at,employee,record", open_row, *good]))
    assert [row.employee for row in found if isinstance(row, Access)] == [f"after{n}" for n in range(after)]
    (row,) = [row for row in found if isinstance(row, BadRow)]
    assert (row.line, row.column) == (2, 18)
    assert row.problem.startswith("malformed CSV")
    assert row.raw == open_row.encode()


def test_many_unclosed_quotes_are_many_bad_rows() -> None:
    found = rows("at,employee,record\n" + '2026-03-09T09:00,"a"b,B07\n' * 3000)
    assert [row.line for row in found if isinstance(row, BadRow)] == list(range(2, 3002))


def test_bytes_that_mean_nothing_in_any_encoding_are_bad() -> None:
    row = bad(b"at,employee,record\n2026-03-09T09:00,a\x81b,B07\n")
    assert (row.field, row.raw) == ("employee", b"2026-03-09T09:00,a\x81b,B07")


def test_malformed_json_is_a_bad_row_with_line_and_column() -> None:
    found = rows(
        '{"at": "2026-03-09T09:00", "employee": "a", "record": "B07"}\n'
        '{"at": "2026-03-09T09:00", "employee": }\n'
        "[1]\n"
        '{"at": "2026-03-09T09:00", "employee": ["a"], "record": "B07"}\n'
        '{"at": "2026-03-09T09:00", "employee": "\\ud800", "record": "B07"}\n'
        + "[" * 100_000
        + "\n"
        + '{"at": ' + "1" * 5000 + "}\n"
    )  # fmt: skip
    assert isinstance(found[0], Access)
    assert [(row.line, row.column, row.field) for row in found[1:] if isinstance(row, BadRow)] == [
        (2, 40, ""),
        (3, 1, ""),
        (4, 28, "employee"),
        (5, 28, "employee"),
        (6, 1, ""),
        (7, 1, ""),
    ]
    assert all(len(row.raw) <= 200 for row in found if isinstance(row, BadRow))


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "standard input, line 1, column 1: there is nothing here", "at (or time"),
        (b"\n\n", "there is nothing here", "employee"),
        (b"when,who\n1,2\n", "no column for at, employee, record", "it has 'when', 'who'"),
        (b"at,record,employe\n", "no column for employee", "is 'employe' the employee?"),
        (b"employee,record\na,b\n", "no column for at", "time, timestamp, date"),
        (b"at,employee,at,record\n", "line 1, column 13: the header names 'at' twice", "rename"),
        (b'"at,employee,record\n', "the header row is malformed CSV", "columns for"),
        (b'  [{"at": 1}]', "one JSON array", "jq"),
        (b"PK\x03\x04....", "a ZIP archive or spreadsheet", "CSV"),
        (b"\x1f\x8b....", "compressed with gzip", "gunzip"),
        (b"a\0t\0", "zero bytes", "UTF-8"),
        (b"\xff\xfea\0\x00\xd8a", "not UTF-16", ""),
    ],
)
def test_what_is_no_access_log_at_all_is_an_error_that_helps(data: bytes, message: str, hint: str) -> None:
    with pytest.raises(DataError) as error:
        rows(data)
    assert message in error.value.message
    assert hint in error.value.hint


def test_the_error_names_the_file() -> None:
    with pytest.raises(DataError, match=r"^exports/log\.csv, line 1, column 1: "):
        rows("a,b\n", name="exports/log.csv")


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"a" * size

    with pytest.raises(DataError, match="longer than 1 MiB"):
        list(read(Endless(), now=NOW))  # type: ignore[arg-type]


@given(st.binary(max_size=400), st.sampled_from(["csv", "jsonl"]))
def test_no_bytes_break_the_reader(data: bytes, fmt: str) -> None:
    """Garbage gives bad rows or a DataError, never another exception."""
    stream = io.BytesIO(b"at,employee,record\n" + data)
    try:
        for row in read(stream, fmt=fmt, now=NOW):
            assert isinstance(row, Access | BadRow)
    except DataError as error:
        assert error.message  # noqa: PT017
