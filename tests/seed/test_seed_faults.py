"""Bad input is refused with line, column and what to do."""

import codecs
import io

import pytest

from canary.errors import DataError
from canary.seed import survey
from tests.seed.seed_parts import reviews, salts_of, seed

GOOD = b"id,email\n1,a@example.com\n"


@pytest.mark.parametrize(
    ("data", "name", "where", "what"),
    [
        (GOOD + b'2,"b@example.com\n3,c@example.com\n', "x.csv", "line 3, column 3", "never closed"),
        (GOOD + b"2,b@example.com,x\n", "x.csv", "line 3, column 17", "has 3 fields, the header has 2"),
        (GOOD + b'"\n\n",b@example.com\n4\n', "x.csv", "line 6, column 2", "has 1 fields"),
        (b"id;email\r\n1;a@example.com\r\n2\r\n", "x.csv", "line 3, column 2", "has 1 fields"),
        (b"id,email\r1,a@example.com\r2\r", "x.csv", "line 3, column 2", "has 1 fields"),
        (
            codecs.BOM_UTF16_LE + "id,é\n1,a@example.com\nœ\n".encode("utf-16-le"),
            "x.csv",
            "line 3, column 2",
            "1 fields",
        ),
        (b'[{"email": "a@example.com"},\n {"email": }]', "x.json", "line 2, column 12", "not JSON"),
        (b'[{"email": "a@example.com"},\n {"email": "b', "x.json", "line 2, column 12", "not JSON"),
        (b'[{"email": "a@example.com"}\n {}]', "x.json", "line 2, column 2", "',' or ']'"),
        (b'[{"email": "a@example.com"},\n]', "x.json", "line 2, column 1", "an object is expected"),
        (b'[{"email": "a@example.com"}', "x.json", "line 1, column 28", "',' or ']'"),
        (b'[{"email": "a@example.com"}]\nx', "x.json", "line 2, column 1", "nothing may follow"),
        (b'["a@example.com"]', "x.json", "line 1, column 2", "an object is expected"),
        (b'{"a":\n [1]}', "x.json", "line 1, column 1", "an array of objects is expected"),
        (b'{"email": "a@example.com"}\n{"email" 1}\n', "x.jsonl", "line 2, column 10", "not JSON"),
        (
            b'{"email": "a@example.com"}\n[1]\n',
            "x.jsonl",
            "line 2, column 1",
            "object is expected on each line",
        ),
        (b"[" + b'{"a":' * 100_000, "x.json", "line 1, column 2", "nested too deeply"),
        (b"id,email\n", "x.csv", "line 1, column 1", "no records to imitate"),
        (b"", "x.csv", "line 1, column 1", "no records to imitate"),
        (b"[]", "x.json", "line 1, column 1", "no records to imitate"),
        (b"some words\nand more\n", "-", "line 1, column 1", "format cannot be told"),
        (b"PK\x03\x04\x00\x00", "x.xlsx", "line 1, column 1", "no text"),
        (codecs.BOM_UTF16_LE + b"a\x00\n\x00b", "x.csv", "line 2", "not valid UTF-16-LE"),
    ],
)
def test_a_fault_is_named_with_its_place(data: bytes, name: str, where: str, what: str) -> None:
    with pytest.raises(DataError) as caught:
        seed(data, name=name)
    assert f"{name}, {where}" in caught.value.message
    assert what in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 65


def test_an_export_without_addresses_names_the_columns_looked_at() -> None:
    with pytest.raises(DataError, match="looked at: id, city") as caught:
        seed(b"id,city\n1,Oslo\n2,Rome\n", name="x.csv")
    assert "--map email=COLUMN" in caught.value.hint


def test_a_map_to_a_missing_column_names_the_nearest() -> None:
    with pytest.raises(DataError, match="no column 'emial'") as caught:
        seed(reviews(), columns={"email": "emial"})
    assert "--map email=email" in caught.value.hint


def test_a_map_of_an_unknown_role_lists_the_roles() -> None:
    with pytest.raises(DataError, match="'phone' is no role") as caught:
        seed(reviews(), columns={"phone": "name"})
    assert "email, name, given, family" in caught.value.hint


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(DataError, match="'xml'"):
        seed(reviews(), fmt="xml")


def test_a_fault_deep_in_a_large_export_is_found() -> None:
    data = reviews(20_000)
    with pytest.raises(DataError, match="line 20002, column 4: this record has 1 fields"):
        survey(io.BytesIO(data + b"end\n"), salts=salts_of())


def test_an_export_that_was_seeded_for_the_view_before_is_refused() -> None:
    original = reviews(60)
    with pytest.raises(DataError, match="was seeded for this view before"):
        seed(seed(original).data)
