"""The ground floor: canonical addresses and headers that cannot hurt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.address import canonical, split
from canary.mail import HEAD_BYTES, VALUE_CHARS, head_of, headers_of


@pytest.mark.parametrize(
    "form",
    [
        "ann.bell@one.example",
        "ANN.BELL@ONE.EXAMPLE",
        "annbell@one.example.",
        "a.n_n-bell+shop@one.example",
        ' "ann.bell"@one.example ',
        '"ann"."bell"@one.example',
        '"a\\nn.bell"@one.example',
    ],
)
def test_what_a_broker_does_to_an_address_leaves_its_canonical_form(form: str) -> None:
    assert canonical(form) == "annbell@one.example"


@pytest.mark.parametrize("form", ["bellann@one.example", "annbell@two.example", "annbel@one.example"])
def test_other_addresses_have_another_canonical_form(form: str) -> None:
    assert canonical(form) != "annbell@one.example"


def test_an_internationalised_domain_is_compared_in_ascii() -> None:
    assert canonical("ann@bücher.example") == canonical("ann@xn--bcher-kva.EXAMPLE")


@given(st.text())
def test_any_text_has_a_canonical_form_that_is_stable(text: str) -> None:
    assert canonical(canonical(text)) == canonical(canonical(canonical(text)))


def test_an_address_is_split_at_its_last_at() -> None:
    assert split('"a@b"@c.example') == ('"a@b"', "c.example")
    assert split("nobody") == ("nobody", "")


def test_headers_are_decoded_and_made_one_line() -> None:
    headers = headers_of(
        b"From: =?utf-8?q?J=C3=BCrgen?= <j@seller.example>\r\n"
        b"Subject: =?utf-8?b?UGxlYXNlIGNoYW5nZQ==?=\r\n =?utf-8?q?_it=1B[31m?=\r\n\r\nbody"
    )
    assert headers.sender == "Jürgen <j@seller.example>"
    assert headers.subject == "Please change it [31m"


def test_raw_utf_8_in_headers_is_read_and_other_bytes_are_replaced() -> None:
    headers = headers_of("Subject: Grüße, 你好\r\n".encode() + b"From: caf\xe9 <a@b.example>\r\n\r\n")
    assert headers.subject == "Grüße, 你好"
    assert headers.sender == "caf\N{REPLACEMENT CHARACTER} <a@b.example>"


def test_headers_are_capped() -> None:
    headers = headers_of(b"Subject: " + b"x" * 100_000 + b"\r\n\r\n")
    assert len(headers.subject) == VALUE_CHARS
    assert len(head_of(b"x" * 1_000_000)) == HEAD_BYTES


def test_the_body_is_no_header() -> None:
    assert headers_of(b"From: a@b.example\n\nSubject: body").subject == ""
    assert head_of(b"A: b\r\n\r\nbody") == b"A: b"


@given(st.binary(max_size=2000))
def test_no_bytes_make_headers_fail_or_move_the_cursor(raw: bytes) -> None:
    for start in (b"", b"From: ", b"Subject: =?utf-8?q?"):
        headers = headers_of(start + raw)
        assert headers.sender.isprintable()
        assert headers.subject.isprintable()
