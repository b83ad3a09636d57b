"""A local part becomes yes or no: a person might have it, or nobody would."""

import re
from functools import cache

from canary.persona.tables import packaged

SHORTEST, LONGEST = 3, 40
PARTS = 3
NAME = 3
"""The fewest letters of a name that is not set off by a separator."""

COMMON_FAMILIES = 30_000
"""How many family names are known whatever their length; a rarer one that is short looks like chance."""

LONG_FAMILY = 6

_FORM = re.compile(r"\d{0,3}(?P<text>[a-z]+(?:(?:[._-]|\d{1,2})[a-z]+)*)(?:[._-]?\d{1,8})?")
_BETWEEN = re.compile(r"[._-]|\d+")
_DIGITS = re.compile(r"\d+")


def plausible(local: str) -> bool:
    """Say whether the local part of an address looks like a person's, as `NaturalGenerator` forms them.

    Names of the census, initials and common words, joined or set apart, with digits before, between or
    behind them. Takes at most a few thousand look-ups, whatever it is given.
    """
    matched = _FORM.fullmatch(local.partition("+")[0].lower()) if len(local) <= LONGEST else None
    if matched is None or len(matched["text"]) < SHORTEST:
        return False
    if len(_DIGITS.findall(matched[0])) > 1:
        return False
    parts = _BETWEEN.split(matched["text"])
    if len(parts) > PARTS or not all(_is_part(part) for part in parts):
        return False
    return any(len(part) >= NAME for part in parts)  # not initials alone


def _is_part(text: str) -> bool:
    """Say whether a part is an initial or two, a name, a word, or two of them joined."""
    if len(text) < NAME or text in _beginnings():
        return True
    return text in _words() or text in _families() or any(_is_pair(text, at) for at in range(1, len(text)))


def _is_pair(text: str, at: int) -> bool:
    """Say whether a text is two names or words, or initials with a family name, one ending at `at`."""
    words, families, first, second = _words(), _families(), text[:at], text[at:]
    if len(first) < NAME or (first in _beginnings() and len(second) >= LONG_FAMILY):
        return len(second) > NAME and second in families
    if len(second) == 1:
        return len(first) > NAME and (first in families or first in words)
    if len(second) < NAME or not (first in words or first in families):
        return False
    middle = len(second) > NAME and first in words and second[1:] in families
    return middle or second in words or second in families


@cache
def _families() -> frozenset[str]:
    names = packaged("family.txt.gz").texts
    return frozenset(names[:COMMON_FAMILIES]).union(name for name in names if len(name) >= LONG_FAMILY)


@cache
def _beginnings() -> frozenset[str]:
    """Return the first three letters of given names, which people put before their family names."""
    return frozenset(name[:NAME] for name in packaged("given.txt.gz").texts)


@cache
def _words() -> frozenset[str]:
    names = ("given.txt.gz", "nouns.txt", "adjectives.txt", "prefixes.txt")
    return frozenset(text for name in names for text in packaged(name).texts)
