"""Text from outside becomes text that is safe to show: one line, capped, defanged, escaped."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from canary.quoting import ELLIPSIS, capped, clean, defanged

__all__ = [
    "Quote",
    "Sentence",
    "capped",
    "clean",
    "defanged",
    "defanged_quote",
    "escaped",
    "mrkdwn",
    "quoted",
    "spoken",
    "unmarked",
]

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
EMOJI_CODE = re.compile(r":(?=[\w+'-]*[^\W\d])([\w+'-]+):")
EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
LOOKALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})


@dataclass(frozen=True, slots=True)
class Quote:
    """Something that is not our own words: a value, or a command to copy.

    Made by `quoted` and `defanged_quote`, so that `text` is clean; `limit` bounds it again once escaped.
    """

    text: str
    limit: int


Sentence = tuple[str | Quote, ...]
"""Our own words with quotes among them."""


def quoted(text: str, limit: int) -> Quote:
    """Return a value of the ledger or a command, clean and at most `limit` characters."""
    return Quote(clean(text, limit) or "(empty)", limit)


def defanged_quote(text: str, limit: int) -> Quote:
    """Return an attacker's words, clean, defanged and at most `limit` characters."""
    return Quote(capped(defanged(clean(text, limit)), limit) or "(empty)", limit)


def escaped(text: str, limit: int) -> str:
    """Return a text with `& < >` as entities, at most `limit` characters, no entity cut.

    Slack decodes these three everywhere (https://docs.slack.dev/messaging/formatting-message-text).
    """
    pieces: list[str] = []
    length = 0
    for char in text:
        piece = ENTITIES.get(char, char)
        length += len(piece)
        pieces.append(piece)
        if length > limit:
            while pieces and length > limit - 1:
                length -= len(pieces.pop())
            return "".join(pieces) + ELLIPSIS
    return "".join(pieces)


def unmarked(text: str) -> str:
    """Return a text in which Slack's mrkdwn finds nothing to format: lookalikes stand for its marks.

    An underscore inside a word marks nothing and stays, so that identifiers can be copied.
    """
    text = EDGE_UNDERSCORE.sub("\u02cd", text.translate(LOOKALIKES))
    return EMOJI_CODE.sub("\ua789\\1\ua789", text)


def mrkdwn(sentence: Iterable[str | Quote]) -> str:
    """Return a sentence for a Slack mrkdwn text: our words escaped, quotes as code."""
    return "".join(
        f"`{escaped(part.text.replace('`', LOOKALIKES[ord('`')]), part.limit)}`"
        if isinstance(part, Quote)
        else escaped(part, len(part) * 5)
        for part in sentence
    )


def spoken(sentence: Iterable[str | Quote]) -> str:
    """Return a sentence as plain text."""
    return "".join(part.text if isinstance(part, Quote) else part for part in sentence)
