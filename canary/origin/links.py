"""Text becomes the web links in it, and a link the domain that it leads to."""

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from canary.origin.domains import Name, name_of

if TYPE_CHECKING:
    from linkify_it import LinkifyIt  # type: ignore[import-untyped]

MOST_WORDS = 300
MOST_CHARS = 6000
MOST_WORD = 200
MOST_PATH = 80
"""The link finder's patterns are slow on hostile text: 170 ms for 16 KB of opened brackets. It is given only
the words that could hold a link, which bounds it to about 10 ms."""

LIKELY = re.compile(r"[\w-]\.[^\W\d_]{2}|://")
URL = re.compile(
    r"(?:https?:)?//(?:[^/?#\s@]{0,200}@)?(\[[0-9a-f:.]+\]|[^/?#:\s\\]{1,253})(?::\d+)?([^?#\s]*)",
    re.IGNORECASE,
)


def links_in(text: str) -> list[str]:
    """Return the web links in a text, each once, also those without `http://`."""
    words: list[str] = []
    chars = 0
    for word in text.split():
        if len(words) >= MOST_WORDS or chars > MOST_CHARS:
            break
        if LIKELY.search(word, 0, MOST_WORD):
            words.append(word[:MOST_WORD])
            chars += len(words[-1])
    if not words:
        return []
    return list(
        dict.fromkeys(found.url for found in _finder().match("\n".join(words)) or () if "//" in found.url)
    )


def host_of(url: str) -> Name | None:
    """Return the domain that a link leads to; None if it leads to none."""
    found = URL.match(url.strip())
    return name_of(unquote(found[1])) if found else None


def path_of(url: str) -> str:
    """Return the path of a link, without its query and the slash at its end, capped."""
    found = URL.match(url.strip())
    return found[2].rstrip("/")[:MOST_PATH] if found else ""


@cache
def _finder() -> "LinkifyIt":
    from linkify_it import LinkifyIt  # noqa: PLC0415 - only who looks for links pays for it
    from linkify_it.tlds import TLDS  # type: ignore[import-untyped] # noqa: PLC0415

    return LinkifyIt(options={"fuzzy_email": False}).tlds(TLDS)
