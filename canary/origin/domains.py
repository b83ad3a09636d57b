"""A domain as written becomes its ASCII form, its organisation, and a warning where it reads like another."""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from canary.address import canonical_domain

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MOST_CHARS = 253
MOST_LABEL = 63
PUNYCODE = "xn--"

HOST_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
"""An underscore is in no host name, but in what senders write, and in DNS."""

LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏкмнтвгԛԝ" + "αορνικτυηωβεχ" + "ıɡɑḷẹọạịụ" + "0135",
    "aeopcyxijsdhlkmhtbrqw" + "aopvikturwbex" + "igaleoaiu" + "olse",
)
"""Letters that are read as Latin ones: Cyrillic, Greek, a few Latin ones with marks, and digits.

After the confusables of Unicode TS 39, of which these are the ones seen in phishing domains; a fuller
table would find more names that are alike by chance."""

TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that may stand together in one label ("highly restrictive", Unicode TS 39 section 5.2)."""


@dataclass(frozen=True, slots=True)
class Name:
    """A domain that somebody named. `ascii` is what DNS knows (A-labels, RFC 5890), in lower case.

    `organisation` is the part that somebody registered, by the public suffix list; "" for an address or a
    bare suffix. `note` warns in our own words, "" where there is nothing to say: `shown` is never to be
    displayed instead of `ascii`.
    """

    ascii: str
    organisation: str = ""
    shown: str = ""
    note: str = ""


@lru_cache(maxsize=4096)
def name_of(domain: str) -> Name | None:
    """Return what a written domain is; None for what is no domain at all. Never raises."""
    written = domain.strip().strip(".").strip("[]")[: 2 * MOST_CHARS]
    plain = ascii_of(written)
    if not plain:
        return None
    shown = _unicode(plain)
    return Name(plain, organisation(plain), "" if shown == plain else shown, _note(shown))


def ascii_of(domain: str) -> str:
    """Return the ASCII form in lower case, or an address as it is; "" for what no DNS could know."""
    if len(domain) > MOST_CHARS:
        return ""
    text = unicodedata.normalize("NFKC", domain).lower().rstrip(".")
    plain = canonical_domain(text) if len(text) <= MOST_CHARS else ""
    if is_address(plain):
        return plain
    labels = plain.split(".")
    fits = all(0 < len(label) <= MOST_LABEL for label in labels) and len(plain) <= MOST_CHARS
    return plain if fits and HOST_CHARS.issuperset(plain) else ""


def is_address(domain: str) -> bool:
    """Say whether this is an IP address, also as a literal (`IPv6:…`, RFC 5321 section 4.1.3)."""
    try:
        ip_address(domain.removeprefix("ipv6:"))
    except ValueError:
        return False
    return True


@cache
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - a tenth of a second, only where it is asked

    return PublicSuffixList()


@lru_cache(maxsize=4096)
def organisation(domain: str) -> str:
    """Return the organisational domain of an ASCII domain (RFC 7489 section 3.2); "" if it has none."""
    if not domain or is_address(domain):
        return ""
    return _suffixes().privatesuffix(domain.lower().rstrip(".")) or ""


def _unicode(plain: str) -> str:
    labels = []
    for label in plain.split("."):
        try:
            shown = label[4:].encode("ascii").decode("punycode") if label.startswith(PUNYCODE) else label
        except (UnicodeError, ValueError, OverflowError):
            shown = label
        labels.append(shown if shown.isprintable() else label)
    return ".".join(labels)


def scripts_of(label: str) -> frozenset[str]:
    """Return the scripts of a label's letters by their Unicode names (LATIN, CYRILLIC, CJK …)."""
    return frozenset(unicodedata.name(c, "UNNAMED").split()[0] for c in label if c.isalpha())


def _note(shown: str) -> str:
    for label in shown.split("."):
        scripts = scripts_of(label)
        if len(scripts) > 1 and not any(scripts <= together for together in TOGETHER):
            names = " and ".join(sorted(script.title() for script in scripts))
            return f"mixes {names} letters" + _resembles(shown)
    return "not in Latin letters" + _resembles(shown) if not shown.isascii() and _resembles(shown) else ""


def _resembles(shown: str) -> str:
    plain = shown.translate(LOOKALIKES)
    return f", reads like {plain}" if plain.isascii() and plain != shown else ""
