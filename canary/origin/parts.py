"""A message becomes the text that its reader would see, under caps: bytes, parts, depth, markup, time."""

import binascii
import html
import re
import time
import unicodedata
from codecs import lookup
from dataclasses import dataclass

from canary.origin.fields import Head, head_of
from canary.origin.hypertext import Link, read

PART_HEAD_BYTES = 8192
CHARSET = re.compile(
    r"(utf[-_]?(8|16|32)|us-ascii|ascii|iso[-_]?8859|latin|windows|cp\d|gb|big5|shift|sjis|euc|iso-2022|koi8|mac)",
    re.IGNORECASE,
)
"""Encodings that mail is written in. Others that Python knows are none, or take long (punycode)."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
PIECE = 2048
PARAMETER = re.compile(r"""\b(boundary|charset)\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of a message is read. What is beyond does not exist for the reader."""

    bytes: int = 4 * 1024 * 1024
    parts: int = 60
    depth: int = 8
    body_bytes: int = 192 * 1024
    chars: int = 16 * 1024
    seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be read in a message: text of all its text parts, links behind markup.

    Text is NFKC without invisible characters, so that what looks alike is alike. `capped` says that
    something was left out.
    """

    plain: str = ""
    marked_up: str = ""
    links: tuple[Link, ...] = ()
    capped: bool = False

    @property
    def text(self) -> str:
        """Return both texts, one behind the other."""
        return f"{self.plain}\n{self.marked_up}"


@dataclass(slots=True)
class _Budget:
    parts: int
    ends: float
    capped: bool = False

    def spent(self) -> bool:
        self.capped = self.capped or self.parts <= 0 or time.monotonic() > self.ends
        return self.capped


@dataclass(frozen=True, slots=True)
class _Part:
    head: Head
    body: bytes


def content_of(raw: bytes, caps: Caps = Caps()) -> Content:
    """Return the readable content of a message. Never raises."""
    budget = _Budget(caps.parts, time.monotonic() + caps.seconds, capped=len(raw) > caps.bytes)
    plain: list[str] = []
    marked_up: list[str] = []
    links: list[Link] = []
    room = caps.chars
    for part in _leaves(raw[: caps.bytes], caps, budget):
        kind = _kind(part.head)
        if not kind.startswith("text/") or room <= 0:
            continue
        text = _decoded(part, caps.body_bytes)
        if "html" in kind:
            page = read(text)
            budget.capped = budget.capped or page.capped
            links += page.links
            marked_up.append(_normal(page.text, room))
        else:
            plain.append(_normal(text, room))
        room -= len((marked_up if "html" in kind else plain)[-1])
    capped = budget.capped or room <= 0
    return Content("\n".join(plain), "\n".join(marked_up), tuple(links), capped)


def _leaves(raw: bytes, caps: Caps, budget: _Budget) -> list[_Part]:
    """Return the parts that have no parts, in their order, without recursion: depth is the attacker's."""
    found: list[_Part] = []
    waiting = [(0, len(raw), 0)]
    while waiting and not budget.spent():
        start, end, depth = waiting.pop()
        budget.parts -= 1
        head = head_of(raw[:end] if end < len(raw) else raw, start, caps_of(depth))
        kind = _kind(head)
        boundary = _parameter(head, "boundary")
        if kind.startswith("multipart/") and boundary:
            if depth >= caps.depth:
                budget.capped = True
                continue
            spans = _spans(raw, head.body_at, end, boundary.encode("utf-8"), budget)
            waiting += [(first, last, depth + 1) for first, last in reversed(spans)]
        elif kind == "message/rfc822" and depth < caps.depth:
            waiting.append((head.body_at, end, depth + 1))
        else:
            found.append(_Part(head, raw[head.body_at : min(end, head.body_at + caps.body_bytes)]))
            budget.capped = budget.capped or (
                kind.startswith("text/") and end - head.body_at > caps.body_bytes
            )
    return found


def caps_of(depth: int) -> int:
    """Return how long a head may be: the message's own is longer than a part's."""
    return PART_HEAD_BYTES if depth else 8 * PART_HEAD_BYTES


def _spans(raw: bytes, start: int, end: int, boundary: bytes, budget: _Budget) -> list[tuple[int, int]]:
    """Return where the parts between boundary lines begin and end (RFC 2046 section 5.1.1)."""
    spans: list[tuple[int, int]] = []
    mark = b"--" + boundary
    at = raw.find(mark, start, end)
    first = -1
    while at >= 0 and len(spans) < budget.parts:
        if at == start or raw[at - 1 : at] == b"\n":
            if first >= 0:
                spans.append((first, at))
            after = at + len(mark)
            closing = raw[after : after + 2] == b"--"
            line = raw.find(b"\n", after, end)
            first = line + 1 if line >= 0 else end
            if closing:
                return spans
        at = raw.find(mark, at + 1, end)
    if at >= 0:
        budget.capped = True
    elif first >= 0:
        spans.append((first, end))
    return spans


def _kind(head: Head) -> str:
    field = head.first("content-type")
    return field.text.partition(";")[0].strip().lower() if field else "text/plain"


def _parameter(head: Head, name: str) -> str:
    field = head.first("content-type")
    found = PARAMETER.findall(field.text) if field else []
    return next((quoted or bare for key, quoted, bare in found if key.lower() == name), "")


def _decoded(part: _Part, most: int) -> str:
    """Return a part's text without its transfer encoding (RFC 2045 section 6), whatever it says to be in."""
    field = part.head.first("content-transfer-encoding")
    how = field.text.lower() if field else ""
    body = part.body
    try:
        if "base64" in how:
            body = binascii.a2b_base64(body[: len(body) // 4 * 4])
        elif "quoted" in how:
            body = binascii.a2b_qp(body)
    except ValueError:
        body = _unbroken(body)
    charset = _parameter(part.head, "charset")
    try:
        codec = lookup(charset).name if CHARSET.match(charset) else "utf-8"
        return body[:most].decode("gb18030" if codec == "gb2312" else codec, "replace")
    except (LookupError, ValueError):
        return body[:most].decode("utf-8", "replace")


def _unbroken(body: bytes) -> bytes:
    """Return what is to be had of base64 that is broken: only its own characters, in fours."""
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    try:
        return binascii.a2b_base64(kept[: len(kept) // 4 * 4])
    except ValueError:
        return b""


def _normal(text: str, room: int) -> str:
    """Return the first `room` characters in NFKC, entities resolved, without characters that nobody sees."""
    text = text[:room]
    if "&" in text:
        text = html.unescape(text)
    if text.isascii():
        return text
    short = INVISIBLE.sub("", text)
    found = ""
    for at in range(0, len(short), PIECE):  # one character may become eighteen
        found += unicodedata.normalize("NFKC", short[at : at + PIECE])
        if len(found) >= room:
            break
    return found[:room]
