"""Text from outside becomes text that is safe to show: one line, capped, defanged."""

import re
import unicodedata

ELLIPSIS = "…"
MARKS_IN_A_ROW = 2
INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

HTTP = re.compile(r"http(?=s?://)", re.IGNORECASE)
OTHER_SCHEME = re.compile(r"(?<!hxxp)(?<!hxxps)://", re.IGNORECASE)
BARE_SCHEME = re.compile(r"\b(callto|data|facetime|javascript|mailto|skype|sms|tel):", re.IGNORECASE)
DOT = re.compile(r"[.\u3002\uff0e\uff61](?=\w)")
AT = re.compile(r"[@\uff20\ufe6b]")


def clean(text: str, limit: int) -> str:
    """Return one line without control, bidi, zero-width and unassigned characters or stacked marks.

    At most `limit` characters; what is cut ends in an ellipsis.
    """
    kept: list[str] = []
    marks = 0
    for char in text[: 4 * limit]:
        category = unicodedata.category(char)
        marks = marks + 1 if category.startswith("M") else 0
        if category in {"Cf", "Me"} or marks > MARKS_IN_A_ROW:
            continue
        kept.append(char if char.isprintable() and char not in INVISIBLE_LETTERS else " ")
    return capped(" ".join("".join(kept).split()), limit)


def capped(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters; what is cut ends in an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def defanged(text: str) -> str:
    """Return a text in which no address or link is clickable: `hxxp://`, `[.]`, `[@]`."""
    text = HTTP.sub("hxxp", text)
    text = OTHER_SCHEME.sub("[://]", text)
    text = BARE_SCHEME.sub(r"\1[:]", text)
    text = DOT.sub("[.]", text)
    return AT.sub("[@]", text)
