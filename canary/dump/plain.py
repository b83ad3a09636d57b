"""Text that writes an address in another way becomes text that writes it plainly, line for line."""

import re
from collections.abc import Iterable, Iterator

PART_WITHIN = 1 << 16
ESCAPE_WITHIN = 512
WORD_END = re.compile(rb"[A-Za-z0-9](?=[ \t][A-Za-z0-9])")
"""Where no escape that has blanks in it, as `( at )`, can be under way."""

UNESCAPED = re.compile(rb"[A-Za-z0-9@.,;:_-]{12}")
"""Longer than any escape behind the character that begins it: no escape goes across the end of one."""

PERCENT = re.compile(rb"%([2-7][0-9A-Fa-f])")
QUOTED = re.compile(rb"=([2-7][0-9A-Fa-f])")
UNICODE = re.compile(rb"\\u00([2-7][0-9A-Fa-f])")
ENTITY = re.compile(rb"&#(?:0{0,4}(\d{2,3})|[xX]0{0,4}([2-7][0-9A-Fa-f]));")
NAMED = re.compile(rb"&(?:commat|period|lowbar|hyphen|plus|lt|gt|quot|amp|nbsp);")
NAMES = {b"&commat;": b"@", b"&period;": b".", b"&lowbar;": b"_", b"&hyphen;": b"-", b"&plus;": b"+"}
SOFT_BREAK = re.compile(rb"=\r?\n")
PARTED = re.compile(rb"(?:=\r?\n[^\s=]{0,80}(?:=[^\s][^\s=]{0,80}){0,40}){1,8}")
"""The rest of a word behind a soft line break, and behind the next ones."""

AT = re.compile(rb"[ \t]{0,3}[(\[{<][ \t]?(?:at|a|\xc3\xa4t|@)[ \t]?[)\]}>][ \t]{0,3}", re.IGNORECASE)
SPACED = re.compile(rb"(?<=[A-Za-z0-9]) ?@ ?(?=[A-Za-z0-9])")
DOT = re.compile(rb"[ \t]{0,3}[(\[{<][ \t]?(?:dot|punkt|point|\.)[ \t]?[)\]}>][ \t]{0,3}", re.IGNORECASE)
BRACKETS = (b"(", b"[", b"{", b"<")
BRACKETED = re.compile(rb"[(\[{<][ \t]?(?:at|a|\xc3\xa4t|@)[ \t]?[)\]}>]", re.IGNORECASE)
QUOTED_SIGNS = (b"=40", b"=3D", b"=20", b"=3d")


def plain_chunks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield text in chunks that end, where there are lines, with a line, each with its addresses plain.

    As many newlines come out as went in. Memory is bounded by the size of the blocks.
    """
    rest = b""
    for block in blocks:
        data = rest + block if rest else block
        cut = _cut(data)
        rest = data[cut:]
        if cut:
            yield plain(data[:cut])
    if rest:
        yield plain(rest)


def _cut(data: bytes) -> int:
    """Return where to part a text so that no escape, no word and, if it can be helped, no line is parted.

    In 64 KiB without a blank and a newline, something may be.
    """
    start = max(0, len(data) - PART_WITHIN)
    newline = data.rfind(b"\n", start)
    while newline >= 0 and data[max(0, newline - 2) : newline].rstrip(b"\r")[-1:] == b"=":
        newline = data.rfind(b"\n", start, newline)  # a soft line break: the word goes on behind it
    if newline >= 0:
        return newline + 1
    for pattern, within in ((WORD_END, PART_WITHIN), (UNESCAPED, ESCAPE_WITHIN)):
        ends = [found.end() for found in pattern.finditer(data, max(0, len(data) - within))]
        if ends:
            return ends[-1]
    return len(data)


def plain(text: bytes) -> bytes:
    r"""Return a text with `%40`, `=40`, `&#64;`, `\u0040`, `(at)`, the full-width sign and their kin as `@`.

    Each is only looked for where it is; nothing is decoded in a text without an escaped at sign, except
    soft line breaks of quoted-printable, whose newline moves behind the word that they part.
    """
    if b"%" in text and b"%40" in text:
        text = PERCENT.sub(_byte, text)
    if b"=" in text and any(sign in text for sign in QUOTED_SIGNS):
        text = QUOTED.sub(_byte, PARTED.sub(_joined, text))
    if b"\\" in text:
        text = UNICODE.sub(_byte, text).replace(b"\\n", b"  ").replace(b"\\t", b"  ").replace(b"\\r", b"  ")
    if b"&" in text and (b"&#" in text or b"&commat;" in text):
        text = NAMED.sub(_named, ENTITY.sub(_numbered, text))
    if b"\xef" in text:
        text = text.replace(b"\xef\xbc\xa0", b"@").replace(b"\xef\xbc\x8e", b".")
    if any(sign in text for sign in BRACKETS) and BRACKETED.search(text):
        text = DOT.sub(b".", AT.sub(b"@", text))
    return SPACED.sub(b"@", text) if b" @" in text or b"@ " in text else text


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def _joined(found: re.Match[bytes]) -> bytes:
    word, breaks = SOFT_BREAK.subn(b"", found[0])
    return word + b"\n" * breaks


def _numbered(found: re.Match[bytes]) -> bytes:
    code = int(found[1]) if found[1] else int(found[2], 16)
    return bytes([code]) if 32 <= code < 127 else found[0]  # noqa: PLR2004 - printable ASCII


def _named(found: re.Match[bytes]) -> bytes:
    return NAMES.get(found[0], b" ")
