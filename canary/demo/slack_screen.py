"""A Slack message becomes what its reader sees, as text for a terminal."""

import re
from collections.abc import Iterator
from textwrap import fill
from typing import Any

COLUMNS = 100
GAP = 4
CODE = re.compile(r"`([^`\n]+)`")
MARK = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^\n]*?\S)\1(?![\w*_~])")
LINK = re.compile(r"<([^<>|\n]*)(?:\|([^<>\n]*))?>")
HANGING = re.compile(r"(?:• |\d+\. )?")


def render(payload: dict[str, Any]) -> str:
    """Return a message as its reader sees it: at most 100 columns, marks taken off, entities decoded.

    Of a message with blocks `text` is only the notification, and not shown.
    """
    blocks = payload.get("blocks")
    if not blocks:
        return "\n".join(_lines(read(payload.get("text", ""), marked=True)))
    return "\n\n".join("\n".join(_block(block)) for block in blocks)


def read(text: str, *, marked: bool) -> str:
    """Return the characters that Slack shows for a text, as mrkdwn or as plain text."""
    shown = (
        "".join(part if at % 2 else _unmarked(part) for at, part in enumerate(CODE.split(text)))
        if marked
        else text
    )
    decoded = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in decoded)


def _unmarked(text: str) -> str:
    text = LINK.sub(lambda link: link[2] or link[1], text)
    while (bare := MARK.sub(r"\2", text)) != text:
        text = bare
    return text


def _block(block: dict[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            lines = list(_lines(_text(block["text"])))
            yield from lines
            yield "=" * max(map(len, lines))
        case "section":
            if "text" in block:
                yield from _lines(_text(block["text"]))
            yield from _columns([_text(field) for field in block.get("fields", ())])
        case "context":
            for element in block["elements"]:
                yield from _lines(_text(element))
        case "actions":
            yield "  ".join(f"[ {_text(element['text'])} ]" for element in block["elements"])
        case _:
            yield "-" * COLUMNS


def _text(text: dict[str, Any]) -> str:
    return read(text["text"], marked=text["type"] == "mrkdwn")


def _columns(fields: list[str]) -> Iterator[str]:
    width = (COLUMNS - GAP) // 2
    for at in range(0, len(fields), 2):
        left, right = (
            [line for text in fields[place : place + 1] for line in _lines(text, width)]
            for place in (at, at + 1)
        )
        for row in range(max(len(left), len(right))):
            one = left[row] if row < len(left) else ""
            other = right[row] if row < len(right) else ""
            yield f"{one.ljust(width + GAP)}{other}".rstrip()


def _lines(text: str, width: int = COLUMNS) -> Iterator[str]:
    for line in text.split("\n"):
        lead = HANGING.match(line)
        indent = " " * len(lead[0]) if lead else ""
        yield from fill(line, width, subsequent_indent=indent, break_on_hyphens=False).split("\n")
