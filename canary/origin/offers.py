"""Text becomes what it is about: products, orders, and the money it offers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MOST_FOUND = 30
ASIN = r"(?<![A-Z0-9])(B0[A-Z0-9]{8})(?![A-Z0-9])"
ASIN_IN_LINK = r"/(?:dp|gp/product|product-reviews|gp/aw/d|exec/obidos/ASIN)/([A-Z0-9]{10})(?![A-Z0-9])"
ORDER = r"(?<![\d-])(\d{3}-\d{7}-\d{7})(?![\d-])"
CURRENCY = r"(us\$|usd|\$|eur|€|gbp|£|cny|rmb|jpy|¥|cad|aud|元|dollars?|euros?|pounds?)"
AMOUNT = r"(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,6}(?:[.,]\d{1,2})?)"
BEFORE = re.compile(r"(?<![a-z0-9])" + CURRENCY + r"\s?" + AMOUNT + r"(?!\d)")
AFTER = re.compile(r"(?<![\d.,$€£¥])" + AMOUNT + r"\s?" + CURRENCY + r"(?![a-z])")

CODES = {
    "us$": "USD", "usd": "USD", "$": "USD", "dollar": "USD", "dollars": "USD",
    "eur": "EUR", "€": "EUR", "euro": "EUR", "euros": "EUR",
    "gbp": "GBP", "£": "GBP", "pound": "GBP", "pounds": "GBP",
    "cny": "CNY", "rmb": "CNY", "元": "CNY", "jpy": "JPY", "¥": "CNY", "cad": "CAD", "aud": "AUD",
}  # fmt: skip
"""`¥` is read as yuan: that is who writes to reviewers; a `$` as US dollars."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """What products and orders look like, each a name and patterns whose first group is the value.

    The patterns are configuration, so the administrator's: they are run over a stranger's text and must
    not be able to take long (no nested repetition). An ASIN written in a link may be a book's (ISBN-10).
    """

    products: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({"asin": (ASIN, ASIN_IN_LINK)})
    )
    orders: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({"amazon": (ORDER,)})
    )


def identifiers_in(text: str, patterns: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield (name, identifier) for what has the form of a product or an order, as it was written."""
    for name, forms in patterns.items():
        for form in forms:
            for number, found in enumerate(re.finditer(form, text)):
                if number == MOST_FOUND:
                    break
                yield name, found[1]


def amounts_in(text: str) -> Iterator[str]:
    """Yield amounts of money as `USD 20` or `EUR 9.99`."""
    lower = text.lower()
    for pattern, amount, currency in ((BEFORE, 2, 1), (AFTER, 1, 2)):
        for number, found in enumerate(pattern.finditer(lower)):
            if number == MOST_FOUND:
                break
            yield f"{CODES[found[currency]]} {_plain(found[amount])}"


def _plain(amount: str) -> str:
    """Return an amount with a point before its cents and no other mark."""
    if re.search(r",\d{3}(?:\D|$)", amount):
        amount = amount.replace(",", "")
    whole, _, cents = amount.replace(",", ".").partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{cents:0<2}" if cents.strip("0") else whole
