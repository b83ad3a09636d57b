"""Addresses come out of any text, with their lines, in bounded memory."""
# ruff: noqa: RUF001 - full-width letters are among what is tested

import gzip
import io
import itertools
import json
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.dump import addresses_in, blocks_of
from canary.dump.reading import recoded
from canary.errors import DataError

ANN = "ann.lee7@one.example"


def found_in(text: bytes, size: int = 1 << 20) -> list[tuple[str, int]]:
    blocks = (text[at : at + size] for at in range(0, len(text), size))
    return list(addresses_in(recoded(blocks)))


@pytest.mark.parametrize(
    "text",
    [
        "ann.lee7@one.example",
        "<ann.lee7@one.example>,",
        "Ann Lee <mailto:ann.lee7@one.example>.",
        "'ann.lee7@one.example';",
        '"ann.lee7@one.example"',
        "ann.lee7@one.example...",
        "ann.lee7@one.example.",
        "(ann.lee7@one.example)",
        "x=ann.lee7@one.example&y=2",
        "ann.lee7 (at) one.example",
        "ann.lee7 [AT] one [dot] example",
        "ann.lee7{at}one.example",
        "ann.lee7(a)one.example",
        "ann.lee7 @ one.example",
        "ann.lee7＠one．example",
        "to=3Cann=2Elee7=40one.example=3E",
        "https://x/?e=%3Cann%2Elee7%40one.example%3E",
        "ann.lee7&#64;one.example",
        "ann&#46;lee7&#x40;one.example",
        "ann.lee7&commat;one&period;example",
        "&lt;ann.lee7&#064;one.example&gt;",
        "".join(f"&#{ord(c)};" for c in ANN),
        json.dumps({"e\n": f"\n{ANN}"}),
        r'{"e": "\u003cann.lee7\u0040one.example\u003e"}',
        "1\tAnn\tann.lee7@one.example\t\x00\x01",
        "INSERT INTO t VALUES (1,'ann.lee7@one.example',2)",
    ],
)
def test_an_address_is_found_however_it_is_written(text: str) -> None:
    assert found_in(f"first\n{text}\nlast\n".encode()) == [(ANN, 2)]


def test_what_is_no_address_is_not_taken_for_one() -> None:
    assert found_in(b"@one.example a@b a@.. @@ a@-x user@localhost =40 %40 (at) \n..@one.example a @ b") == []


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_read_with_and_without_their_mark(codec: str) -> None:
    text = "".join(f"{n};Łukasz Ċ;u{n}@one.example\r\n" for n in range(1, 3001)).encode(codec)
    assert found_in(text, size=4097) == [(f"u{n}@one.example", n) for n in range(1, 3001)]


def test_a_soft_line_break_within_an_address_is_joined_and_lines_still_count() -> None:
    text = b"a=20b=\r\nc ann.le=\r\ne7=40one.exa=\r\nmple\r\nnext b@one.example\r\n"
    assert found_in(text) == [(ANN, 2), ("b@one.example", 5)]


@given(st.data())
def test_where_a_block_ends_makes_no_difference(data: st.DataObject) -> None:
    words = st.sampled_from(
        [
            ANN,
            "a%40b.example",
            "a (at) b.example",
            "x\n",
            " ",
            ",",
            "&#64;",
            "=40",
            "\\u0040",
            "@",
            "word",
            "=3D=\n",
        ]
    )
    text = "".join(data.draw(st.lists(words, max_size=40))).encode()
    size = data.draw(st.integers(min_value=700, max_value=2000))
    padded = b" " * data.draw(st.integers(0, 700)) + (b"one two\n" + text + b"\n") * 12
    assert found_in(padded, size) == found_in(padded, len(padded))


def test_a_line_without_end_takes_no_more_memory_than_a_block() -> None:
    block = (b"x" * 300 + b",u7@one.example;") * 2000
    tracemalloc.start()
    count = sum(1 for _ in addresses_in(itertools.repeat(block, 25)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 6 * len(block)


@pytest.mark.parametrize(
    "junk", [b"a", b"@", b"a@", b"=", b"%40", b"&#", b"(at", b"\\", b"\x00", b"=20=\n", b".@a."]
)
def test_junk_is_gone_through_in_time(junk: bytes) -> None:
    text = junk * (2_000_000 // len(junk)) + b"\nann.lee7@one.example\n"
    assert found_in(text)[-1][0] == ANN


def test_a_gzipped_file_is_unpacked_and_a_broken_one_named(tmp_path: Path) -> None:
    path = tmp_path / "list.gz"
    whole = gzip.compress(b"".join(b"u%d@one.example\n" % n for n in range(100_000)))
    path.write_bytes(whole)
    assert sum(1 for _ in addresses_in(blocks_of(path))) == 100_000
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="broken gzip"):
        list(addresses_in(blocks_of(path)))
    with pytest.raises(DataError, match="cannot read"):
        list(blocks_of(tmp_path / "none"))


def test_standard_input_is_read_where_the_file_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BufferedReader(io.BytesIO(gzip.compress(ANN.encode())))

    monkeypatch.setattr(sys, "stdin", Input)
    assert list(addresses_in(blocks_of(Path("-")))) == [(ANN, 1)]


def test_addresses_stream(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"u@one.example\n" * 1000

    assert list(itertools.islice(addresses_in(endless()), 2500))[-1] == ("u@one.example", 2500)
    assert not list(tmp_path.iterdir())
