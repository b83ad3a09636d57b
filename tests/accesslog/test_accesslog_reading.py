"""An access log becomes accesses, whatever wrote it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.accesslog import BadRow, ReadReport, read
from canary.errors import DataError, UsageError
from canary.model import Access, ActorClass

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NINE = datetime(2026, 3, 9, 9, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"


def rows(text: str | bytes, name: str = "-", report: ReadReport | None = None) -> list[Access | BadRow]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(io.BytesIO(data), name=name, now=NOW, report=report))


def only(text: str | bytes, name: str = "-") -> Access:
    (row,) = rows(text, name)
    assert isinstance(row, Access), row
    return row


def test_a_full_csv_row_becomes_the_very_access_that_the_constructor_makes() -> None:
    """The quick way of building an access leaves no trace on it."""
    made = only(
        "at,employee,record,beneficiary,tool,session,client_ip,actor,source_id\n"
        "2026-03-09T09:00:00Z,e.marsh,B07,S1,crm,s-1,10.0.0.1,batch,77\n"
    )
    plain = Access("e.marsh", "B07", NINE, "S1", "crm", "s-1", "10.0.0.1", "batch", "77")
    assert made == plain
    assert hash(made) == hash(plain)
    assert repr(made) == repr(plain)
    assert type(made) is Access
    with pytest.raises(AttributeError):
        made.employee = "other"  # type: ignore[misc]


def test_columns_may_come_in_any_order_under_their_other_names() -> None:
    """Synonyms, case, spaces and hyphens in column names do not matter."""
    access = only(
        "Client IP,ASIN,User,Seller,Time-Stamp,Timestamp\n10.0.0.1,B07,e.marsh,S1,x,2026-03-09T09:00Z\n"
    )
    assert access == Access("e.marsh", "B07", NINE, beneficiary="S1", client_ip="10.0.0.1")


def test_the_likeliest_name_wins_and_other_columns_are_named_once() -> None:
    """Of two columns for one field the one that is called by our own word is read."""
    report = ReadReport()
    found = rows("user,employee,at,record,note,\nx,e.marsh,2026-03-09 09:00,B07,hm,\n" * 1, report=report)
    assert found == [Access("e.marsh", "B07", NINE)]
    assert report.ignored_columns == ["user", "note"]
    assert report.rows == 1


@pytest.mark.parametrize(("mark", "others"), [(",", "; |"), (";", ", |"), ("\t", ",;|"), ("|", ",;")])
def test_the_delimiter_is_found_in_the_header(mark: str, others: str) -> None:
    """The other delimiters are text like any other."""
    access = only(f"at{mark}employee{mark}record\n2026-03-09T09:00{mark}a{others}b{mark}B07\n")
    assert access == Access(f"a{others}b", "B07", NINE)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(end: str) -> None:
    text = end.join(["at,employee,record", "2026-03-09T09:00,a,B07", "", "2026-03-09T09:00,b,B07", ",,", ""])
    assert [row.employee for row in rows(text) if isinstance(row, Access)] == ["a", "b"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-09T09:00:00Z",
        "2026-03-09t09:00:00z",
        "2026-03-09T09:00:00",
        "2026-03-09 09:00:00",
        " 2026-03-09 09:00 ",
        "2026-03-09T10:00:00+01:00",
        "2026-03-09T04:00:00.000-05:00",
        "20260309T090000Z",
        "1773046800",
        "1773046800.0",
        "1773046800000",
    ],
)
def test_times_are_read_as_iso_8601_or_epoch_and_become_utc(written: str) -> None:
    access = only(f"at,employee,record\n{written},a,B07\n")
    assert access.at == NINE
    assert access.at.tzinfo is UTC


def test_quoted_fields_may_hold_line_breaks_delimiters_and_quotes() -> None:
    """Line numbers stay right after them."""
    found = rows(
        'at,employee,note,record\r\n'
        '2026-03-09T09:00,"marsh, e","two\r\nlines, ""quoted""",B07\r\n'
        '2026-03-09T09:00,"a","1\n2\n3",""\r\n'
        'never,b,,B07\r\n'
    )  # fmt: skip
    assert found[0] == Access("marsh, e", "B07", NINE)
    assert [(row.line, row.column, row.field) for row in found[1:] if isinstance(row, BadRow)] == [
        (6, 4, "record"),
        (7, 1, "at"),
    ]


def test_lines_that_are_not_utf_8_are_read_as_windows_1252_and_counted() -> None:
    """Each line for itself: one bad line does not spoil its neighbours."""
    report = ReadReport()
    head = "\ufeffat,employee,record\n2026-03-09T09:00,j.müller,B07\n".encode()
    found = rows(head + "2026-03-09T09:00,j.müller,B08 €\n".encode("cp1252"), report=report)
    assert [(row.employee, row.record) for row in found if isinstance(row, Access)] == [
        ("j.müller", "B07"),
        ("j.müller", "B08 €"),
    ]
    assert report.fallback_encoded == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_by_its_byte_order_mark(encoding: str) -> None:
    text = "\ufeffat\temployee\trecord\r\n" + "2026-03-09T09:00\tj.müller\tB07\r\n" * 10_000
    found = rows(text.encode(encoding))
    assert len(found) == 10_000
    assert set(found) == {Access("j.müller", "B07", NINE)}


def test_jsonl_takes_the_same_names_and_numbers_for_identifiers() -> None:
    report = ReadReport()
    found = rows(
        '{"timestamp": 1773046800, "user": 1007, "resource": "B07", "session": null, "color": "red"}\n'
        "\n"
        '{"time": 1773046800.5, "account": "e.marsh", "product_id": "B07", "id": "x-1", "tags": ["a"]}\r\n',
        report=report,
    )
    assert found == [
        Access("1007", "B07", NINE),
        Access("e.marsh", "B07", NINE + timedelta(milliseconds=500), source_id="x-1"),
    ]
    assert report.ignored_columns == ["color", "tags"]


def test_the_name_decides_the_format_unless_one_is_given() -> None:
    line = '{"at": "2026-03-09T09:00", "employee": "a", "record": "B07"}\n'
    assert only(line, name="log.NDJSON") == only(line, name="-")
    with pytest.raises(DataError):
        rows(line, name="log.csv")
    assert list(read(io.BytesIO(line.encode()), name="log.csv", fmt="jsonl", now=NOW)) == [only(line)]
    with pytest.raises(UsageError, match="'xml' is no format"):
        read(io.BytesIO(b""), fmt="xml", now=NOW)


def test_reading_is_streamed() -> None:
    """The first access is there long before the last is read; nothing seeks."""

    class Pipe(io.RawIOBase):
        taken = 0

        def chunks(self) -> Iterator[bytes]:
            yield b"at,employee,record\n"
            while True:
                yield b"2026-03-09T09:00,a,B07\n" * 100

        def __init__(self) -> None:
            super().__init__()
            self.source = self.chunks()

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            self.taken += 1
            return next(self.source)

    pipe = Pipe()
    found = read(pipe, now=NOW)  # type: ignore[arg-type]
    assert next(found) == Access("a", "B07", NINE)
    assert pipe.taken < 4


def test_the_example_logs_are_good_and_agree() -> None:
    now = datetime.now(UTC)
    with (EXAMPLES / "access-log.csv").open("rb") as file:
        table = list(read(file, name="access-log.csv", now=now))
    with (EXAMPLES / "access-log.jsonl").open("rb") as file:
        lines = list(read(file, name="access-log.jsonl", now=now))
    accesses = [row for row in table if isinstance(row, Access)]
    assert len(accesses) == len(table) >= 100
    assert accesses[: len(lines)] == lines
    assert len({access.at.date() for access in accesses}) == 3
    assert 6 <= len({access.employee for access in accesses}) <= 10


names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2000, 1, 2), datetime(2026, 3, 9), timezones=offsets)  # noqa: DTZ001
accesses = st.builds(
    Access,
    names,
    names,
    moments,
    beneficiary=st.none() | names,
    session=st.none() | names,
    source_id=st.none() | names,
)


@given(st.lists(accesses, min_size=1, max_size=20), st.sampled_from([",", ";", "\t"]))
def test_what_a_csv_writer_writes_is_read_back(written: list[Access], mark: str) -> None:
    """Any text in any field, any offset: the same accesses come out, in UTC."""
    import csv  # noqa: PLC0415 - the writer is needed here alone

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(["session", "source_id", "at", "employee", "record", "beneficiary"])
    for a in written:
        writer.writerow([a.session, a.source_id, a.at.isoformat(), a.employee, a.record, a.beneficiary])
    assert rows(out.getvalue()) == written


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("crawler,", (ActorClass.CRAWLER, False)),
        ("QA,true", (ActorClass.QA, True)),
        (",no", (ActorClass.PERSON, False)),
    ],
)
def test_a_log_tells_what_looked_and_whether_decoys_were_shown(
    told: str, expected: tuple[ActorClass, bool]
) -> None:
    made = only(f"at,employee,record,actor class,bare\n2026-03-09T09:00:00Z,bot-7,B07,{told}\n")
    assert (made.actor_class, made.bare) == expected
    line = '{"at": "2026-03-09T09:00:00Z", "employee": "a", "record": "B", "bare": true}\n'
    assert only(line).bare


def test_another_class_is_a_bad_row_that_names_those_there_are() -> None:
    (row,) = rows("at,employee,record,actor_class\n2026-03-09T09:00:00Z,bot-7,B07,robot\n")
    assert isinstance(row, BadRow)
    assert (row.field, row.problem) == ("actor_class", "is none of person, crawler, qa, export, service")
