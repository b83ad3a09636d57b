"""Paths of the envelope, honest and hostile."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.sink.path import ADDRESS_OCTETS, after_keyword, path_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<anna@example.net>", ("anna@example.net", "")),
        (" <anna@example.net> SIZE=3 ", ("anna@example.net", " SIZE=3")),
        ("anna@example.net", ("anna@example.net", "")),
        ("anna@example.net BODY=7BIT", ("anna@example.net", "BODY=7BIT")),
        ("<>", ("", "")),
        ("<@a.example,@b.example:anna@example.net>", ("anna@example.net", "")),
        ("<postmaster>", ("postmaster", "")),
        ("<.anna..reed.@example.net>", (".anna..reed.@example.net", "")),
        ('<"anna reed"@example.net>', ('"anna reed"@example.net', "")),
        ('<"a\\"b@c>"@example.net>', ('"a\\"b@c>"@example.net', "")),
        ("<anna@[192.0.2.1]>", ("anna@[192.0.2.1]", "")),
        ("<anna@[IPv6:2001:db8::1]>", ("anna@[IPv6:2001:db8::1]", "")),
        ("<josé@bücher.example>", ("josé@bücher.example", "")),
        ("<a@b@c>", ("a@b@c", "")),
        ("<a@b@[192.0.2.1]>", ("a@b@[192.0.2.1]", "")),
        ("<a@b_c.example>", ("a@b_c.example", "")),
        ("<a%b!c/d=e@example.net>", ("a%b!c/d=e@example.net", "")),
        ("<anna@example.net.>", ("anna@example.net.", "")),
    ],
)
def test_a_path_is_read(text: str, expected: tuple[str, str]) -> None:
    assert path_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        ">",
        "<anna@example.net",
        "<anna reed@example.net>",
        "<a@b..example>",
        "<a@.b.example>",
        "<a@-b.example>",
        "<a@b-.example>",
        "<a@b.example->",
        "<a@b.example>SIZE=3",
        "<@example.net>",
        "<anna@>",
        "<@a.example:>",
        "<a\x00b@example.net>",
        "<a\r\n@example.net>",
        '<"open@example.net>',
        "<a\u2028b@example.net>",
        "anna@example.net>",
        "<<anna@example.net>",
        f"<{'a' * (ADDRESS_OCTETS - 11)}@example.net>",
        f"<{'é' * 495}@example.net>",
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    assert path_of(text) is None


def test_an_address_may_have_a_thousand_octets() -> None:
    address = "a" * (ADDRESS_OCTETS - len("@example.net")) + "@example.net"
    assert path_of(f"<{address}>") == (address, "")


def test_a_keyword_is_found_in_any_case() -> None:
    assert after_keyword("FROM:", "fRoM:<>") == "<>"
    assert after_keyword("TO:", "FROM:<>") is None


@given(st.text(alphabet=st.sampled_from('<>@"\\:,. a[]\x00é'), max_size=300))
def test_an_address_never_carries_what_could_end_a_line_or_a_path(text: str) -> None:
    parsed = path_of(text)
    if parsed is not None:
        assert not set(parsed[0]) & set("\r\n\x00")
        assert len(parsed[0].encode()) <= ADDRESS_OCTETS


@pytest.mark.parametrize("piece", ['"', '"a"', "\\", "a.", "@", "<", '"\\', ":@", "a@"])
def test_hostile_paths_cost_no_time(piece: str) -> None:
    text = "<" + piece * (2000 // len(piece))
    began = time.thread_time()
    for _ in range(10):
        path_of(text)
    assert time.thread_time() - began < 0.1
