"""No byte of an original record changes, whatever the dialect, encoding, line end or layout."""

import codecs
import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seed.seed_parts import (
    HEADER,
    objects_of,
    reviews,
    rows_of,
    seed,
    without_elements,
    without_records,
)

PLAIN = st.text('abc ,;|\t"\n\r\\/é€日Ċ', max_size=12)
WESTERN = st.text('abc ,;"\néüß\\', max_size=12)
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8-sig": codecs.BOM_UTF8}
CODECS = {"utf-8-sig": "utf-8"}


@settings(max_examples=60)
@given(st.data())
def test_delimited_records_come_out_byte_for_byte(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"]))
    bodies = data.draw(st.lists(WESTERN if encoding == "cp1252" else PLAIN, min_size=1, max_size=12))
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    delimiter = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    buffer = io.StringIO(newline="")
    dialect = csv.unix_dialect if data.draw(st.booleans()) else csv.excel
    writer = csv.writer(buffer, dialect, delimiter=delimiter, lineterminator=newline)
    writer.writerow(HEADER)
    for n, body in enumerate(bodies):
        row = [
            n + 1,
            "Ann Poe",
            f"ann{n}@example.com",
            5,
            "",
            body.translate(dict.fromkeys(map(ord, "\r\n" if newline == "\r" else "\r"))),
            "US",
            "2026-01-02",
        ]
        writer.writerow(row)
    text = buffer.getvalue()
    if data.draw(st.booleans()):
        text = text.removesuffix(newline)
    original = MARKS.get(encoding, b"") + text.encode(CODECS.get(encoding, encoding))

    done = seed(original, fmt="csv", view=data.draw(st.integers(0, 99)))

    mark = MARKS.get(encoding, b"")
    assert done.data.startswith(mark)
    out = done.data[len(mark) :].decode(CODECS.get(encoding, encoding))
    positions = [p.position for p in done.placements]
    assert len(positions) == min(3, len(bodies))
    assert without_records(out, positions, newline) == text
    rows = list(csv.DictReader(io.StringIO(out, newline=""), delimiter=delimiter))
    assert [rows[p.position]["email"] for p in done.placements] == [p.decoy.address for p in done.placements]


@settings(max_examples=40)
@given(st.data())
def test_array_elements_come_out_byte_for_byte(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(PLAIN, min_size=1, max_size=10))
    indent = data.draw(st.sampled_from([None, 0, 2, "\t"]))
    separators = data.draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]))
    records = [
        {
            "id": n,
            "who": {"email": f"ann{n}@example.com", "full_name": f"Ann Poe{chr(97 + n)}"},
            "body": body,
            "tags": ["a", n],
        }
        for n, body in enumerate(bodies)
    ]
    text = json.dumps(records, indent=indent, separators=separators, ensure_ascii=data.draw(st.booleans()))
    mark = data.draw(st.sampled_from([b"", codecs.BOM_UTF8]))
    original = mark + (text + data.draw(st.sampled_from(["", "\n"]))).encode()

    done = seed(original, view=data.draw(st.integers(0, 99)))

    positions = [p.position for p in done.placements]
    assert without_elements(done.data.decode(), positions).encode() == original
    found = objects_of(done.data.removeprefix(mark))
    for placement in done.placements:
        decoy = found[placement.position]
        assert list(decoy) == ["id", "who", "body", "tags"]
        assert decoy["who"] == {"email": placement.decoy.address, "full_name": placement.decoy.name}


@settings(max_examples=30)
@given(st.data())
def test_lines_of_json_come_out_byte_for_byte(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(PLAIN, min_size=1, max_size=10))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    lines = [
        json.dumps({"body": body, "email": f"ann{n}@example.com", "n": n}, ensure_ascii=n % 2 == 0)
        for n, body in enumerate(bodies)
    ]
    text = newline.join(lines) + data.draw(st.sampled_from(["", newline]))

    done = seed(text.encode(), fmt="jsonl", view=data.draw(st.integers(0, 99)))

    out = done.data.decode()
    positions = [p.position for p in done.placements]
    newline = newline if newline in text else "\n"
    left = [line for n, line in enumerate(out.split(newline)) if n not in positions]
    assert newline.join(left) == text


def test_a_tsv_may_use_quotes_as_letters() -> None:
    rows = [
        "id\temail\tbody",
        '1\ta@example.com\t5" pipe',
        '2\tb@example.com\tsaid "no',
        "3\tc@example.com\tx",
    ]
    original = ("\n".join(rows) + "\n").encode()
    done = seed(original, name="x.tsv", count=1)
    lines = done.data.decode().split("\n")
    decoy = lines.pop(done.placements[0].position + 1)
    assert "\n".join(lines).encode() == original
    assert decoy.count("\t") == 2


def test_blank_lines_stay_and_are_no_records() -> None:
    original = b"id,email\n\n1,a@example.com\n\n2,b@example.com\n\n"
    done = seed(original, name="x.csv", count=2)
    for placement in done.placements:
        assert rows_of(done.data)[placement.position]["email"] == placement.decoy.address
    kept = [line for line in done.data.split(b"\n") if b"decoy.example" not in line]
    assert b"\n".join(kept) == original


@pytest.mark.parametrize("count", [1, 2])
def test_the_smallest_exports_work(count: int) -> None:
    original = reviews(count)
    done = seed(original, count=3)
    assert len(done.placements) == count
    assert [p.decoy.slot for p in done.placements] == list(range(count))
    assert any("of 3 decoys" in warning for warning in done.warnings)


def test_a_decoy_is_quoted_like_its_neighbours() -> None:
    quoted = "\n".join(",".join(f'"{v}"' for v in row.values()) for row in rows_of(reviews(30)))
    original = (",".join(f'"{h}"' for h in HEADER) + "\n" + quoted + "\n").encode()
    done = seed(original)
    for line in done.data.decode().splitlines():
        assert line.startswith('"')
        assert line.count('","') == len(HEADER) - 1


def test_an_accented_name_is_plain_where_the_encoding_lacks_the_letters() -> None:
    from canary.seed.encoding import Encoding, unaccented  # noqa: PLC0415 - the small parts of one room

    assert not Encoding("cp1252", "cp1252").can("Łukasz Çelik日")
    assert unaccented("Çelik") == "Celik"
