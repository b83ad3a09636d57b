"""HTML becomes the text that it shows and the links behind it."""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

MOST_TAGS = 2500
"""The parser takes the square of the depth: 50,000 nested `div` take it 7 s, 2,500 some 20 ms."""

MOST_LINKS = 100
MOST_URL = 512
TAG = re.compile(r"<[a-zA-Z]")
HIDDEN = ("script", "style", "title", "template", "noscript")


@dataclass(frozen=True, slots=True)
class Link:
    """A link behind markup. `clicked` says that a reader follows it; else it is fetched, as images are."""

    url: str
    clicked: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows, and where it leads."""

    text: str
    links: tuple[Link, ...]
    capped: bool


def read(page: str) -> Page:
    """Return the text and links of a page, of its first `MOST_TAGS` tags. Never raises."""
    cut = _end(page)
    tree = _parser()(page[:cut])
    for name in HIDDEN:
        for node in tree.css(name):
            node.decompose()
    links = [
        *_links(tree, "a[href],area[href],form[action]", clicked=True),
        *_links(tree, "img[src]", clicked=False),
    ]
    text = tree.body.text(deep=True, separator=" ") if tree.body else ""
    return Page(text, tuple(dict.fromkeys(links)), cut < len(page))


def _end(page: str) -> int:
    for number, found in enumerate(TAG.finditer(page)):
        if number == MOST_TAGS:
            return found.start()
    return len(page)


def _links(tree: "LexborHTMLParser", which: str, *, clicked: bool) -> list[Link]:
    found: list[Link] = []
    for node in tree.css(which)[: 4 * MOST_LINKS]:
        told = node.attributes
        url = (told.get("href") or told.get("action") or told.get("src") or "")[:MOST_URL].strip()
        if url.lower().startswith(
            ("http:", "https:", "//", "mailto:", "tel:", "tg:", "whatsapp:", "weixin:")
        ):
            found.append(Link(url, clicked))
        if len(found) == MOST_LINKS:
            break
    return found


@cache
def _parser() -> "type[LexborHTMLParser]":
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - only who reads HTML pays for it

    return LexborHTMLParser
