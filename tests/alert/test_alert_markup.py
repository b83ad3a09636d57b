import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.alert.markup import (
    capped,
    clean,
    defanged,
    defanged_quote,
    escaped,
    mrkdwn,
    quoted,
    spoken,
    unmarked,
)

ANYTHING = st.text(max_size=400) | st.text(alphabet="&<>`*_~:@.!|/h\n\u202e\u200b\u0301a", max_size=400)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("see http://evil.example/x", "see hxxp://evil[.]example/x"),
        ("HTTPS://Evil.Example", "hxxpS://Evil[.]Example"),
        ("ftp://evil.example", "ftp[://]evil[.]example"),
        ("slack://open", "slack[://]open"),
        ("mailto:a@b.example", "mailto[:]a[@]b[.]example"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("evil\u3002example and a\uff20b", "evil[.]example and a[@]b"),
        ("@here, @channel", "[@]here, [@]channel"),
        ("A sentence. Another.", "A sentence. Another."),
    ],
)
def test_nothing_of_an_attacker_is_clickable(text: str, safe: str) -> None:
    assert defanged(text) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\r\nb\tc", "a b c"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("pay\u200bpal\ufeff", "paypal"),
        ("\x1b[31mred", "[31mred"),
        ("\ud800x", "x"),
        ("a" + "\u0301" * 50, "a\u0301\u0301"),
        ("\u2800\u3164 blank", "blank"),
    ],
)
def test_only_what_can_be_seen_is_kept(text: str, safe: str) -> None:
    assert clean(text, 100) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("*bold* ~gone~ `code`", "\u2217bold\u2217 \u223cgone\u223c \u02cbcode\u02cb"),
        ("_slanted_ but hit_1 stays", "\u02cdslanted\u02cd but hit_1 stays"),
        (":rotating_light: at 14:03:22", "\ua789rotating_light\ua789 at 14:03:22"),
    ],
)
def test_mrkdwn_finds_nothing_to_format(text: str, safe: str) -> None:
    assert unmarked(text) == safe


def test_quotes_stay_inside_their_code_span() -> None:
    """A value with backticks and Slack's control characters neither ends its span nor mentions anybody."""
    sentence = ("shown to ", quoted("x` <!channel> *y*", 80), ".")
    assert mrkdwn(sentence) == "shown to `x\u02cb &lt;!channel&gt; *y*`."
    assert spoken(sentence) == "shown to x` <!channel> *y*."


def test_an_empty_quote_says_so() -> None:
    assert spoken((quoted("\u200b", 10),)) == "(empty)"


@given(text=ANYTHING, limit=st.integers(5, 120))
def test_an_escaped_text_keeps_its_limit_and_whole_entities(text: str, limit: int) -> None:
    safe = escaped(text, limit)
    assert len(safe) <= limit
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", safe)


@given(text=ANYTHING, limit=st.integers(1, 120))
def test_a_cleaned_text_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    safe = clean(text, limit)
    assert len(safe) <= limit
    assert safe.isprintable()


@given(text=ANYTHING, limit=st.integers(10, 120))
def test_a_defanged_quote_has_no_address_and_no_link(text: str, limit: int) -> None:
    safe = defanged_quote(text, limit).text
    assert len(safe) <= limit
    assert not re.search(r"https?://|(?<!\[)@|\.\w", safe, re.IGNORECASE)


def test_a_capped_text_says_that_it_was_cut() -> None:
    assert capped("abcdef", 4) == "abc…"
