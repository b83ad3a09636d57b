"""Any text becomes the addresses in it, with their lines, in one pass and bounded memory."""

import re
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache

from canary.dump.plain import plain_chunks

LOCAL = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"
"""What a local part is made of here. More is allowed (RFC 5321 section 4.1.2), but in lists the other
characters are what addresses are quoted, joined and escaped with; decoys have none of them."""

LOCAL_BYTES = 64
DOMAIN_BYTES = 253
BEFORE = LOCAL_BYTES
AFTER = DOMAIN_BYTES + 1
AT = re.compile(rb"@([A-Za-z0-9\x80-\xff][A-Za-z0-9.\x80-\xff-]{2,252})")


def addresses_in(blocks: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    """Yield every address with the number of its line, counted from 1, in the order of the text.

    An address that stands there twice is yielded twice; case is kept. The text may be anything: what
    glues to an address with a character that can be in one (`nbob@…` after a broken escape) is taken for
    part of it.
    """
    line, kept, start = 1, b"", 0
    for chunk in plain_chunks(blocks):
        text = kept + chunk if kept else chunk
        end = len(text) if text.endswith(b"\n") else max(start, len(text) - AFTER)
        line = yield from _scanned(text, start, end, line)
        keep = max(0, end - BEFORE)
        kept, start = text[keep:], end - keep
    yield from _scanned(kept, start, len(kept), line)


def _scanned(text: bytes, start: int, end: int, line: int) -> Generator[tuple[str, int], None, int]:
    """Yield the addresses whose at sign is in [start, end), and return the line that `end` is in."""
    counted = start
    for found in AT.finditer(text, start):
        at = found.start()
        if at >= end:
            break
        window = text[max(0, at - LOCAL_BYTES) : at]
        local = window[len(window.rstrip(LOCAL)) :].strip(b".+-")
        domain = _domain(found[1])
        if local and domain:
            line += text.count(b"\n", counted, at)
            counted = at
            yield f"{local.decode('ascii')}@{domain}", line
    return line + text.count(b"\n", counted, end)


@lru_cache(maxsize=1 << 14)
def _domain(written: bytes) -> str:
    """Return a domain without what follows it; "" if it has no dot."""
    domain = written.partition(b"..")[0].rstrip(b".-")
    return domain.decode("utf-8", "ignore").rstrip(".-") if b"." in domain else ""
