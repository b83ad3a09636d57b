"""A text becomes 64 bits that differ little where its wording does (SimHash; Charikar, STOC 2002)."""

import re
from collections import Counter
from hashlib import blake2b

BITS = 64
SHINGLE = 3
MOST_WORDS = 1500
LEAST_WORDS = 20
"""Shorter texts have so few shingles that one changed word turns a quarter of the bits."""

LANES = 16
"""Bits for each of eight counters side by side in one number; `MOST_WORDS` never fills one."""

WORD = re.compile(r"[^\W\d_]+|\d+", re.UNICODE)
MOST_WORD = 40
ALIKE_BITS = 12
"""Chosen on 584 real mails: of their 170,236 pairs 47 are as near (22 the very same), 19 are 13 to 16 bits
apart, and from 17 the numbers grow as chance has it. 94 % stay alike with one word in 50 replaced."""

SYLLABIC = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SPREAD = tuple(sum(1 << (LANES * bit) for bit in range(8) if byte >> bit & 1) for byte in range(256))


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared: lower case, numbers as 0, no links and addresses.

    Chinese, Japanese and Korean have a word for each character, since nothing parts them.
    """
    plain = " ".join(
        written[: BITS * MOST_WORD]
        for written in text.lower().split()
        if "@" not in written and "://" not in written and not written.startswith("www.")
    )
    found: list[str] = []
    parted = SYLLABIC.search(plain) is not None
    for match in WORD.finditer(plain):
        word = match[0][:MOST_WORD]
        if word[0].isdigit():
            found.append("0")
        elif parted and SYLLABIC.search(word):
            found.extend(word)
        else:
            found.append(word)
        if len(found) >= MOST_WORDS:
            break
    return found[:MOST_WORDS]


def simhash(text: str) -> int | None:
    """Return 64 bits of the wording: each is the majority of that bit over the hashes of all 3-word shingles.

    None for fewer than `LEAST_WORDS` words. The number of words does not matter, their order within
    three does.
    """
    words = words_of(text)
    if len(words) < LEAST_WORDS:
        return None
    shingles = {" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}
    hashes = b"".join(
        blake2b(shingle.encode("utf-8", "replace"), digest_size=BITS // 8).digest() for shingle in shingles
    )
    # Counted by byte value first, in C: 1,500 shingles take 3 ms, not 9.
    counts = [
        sum(SPREAD[byte] * times for byte, times in Counter(hashes[at :: BITS // 8]).items())
        for at in range(BITS // 8)
    ]
    half, mask = len(shingles), (1 << LANES) - 1
    bits = (counts[bit // 8] >> (LANES * (bit % 8)) & mask for bit in range(BITS))
    return sum(1 << bit for bit, count in enumerate(bits) if 2 * count > half)


def alike(one: int, other: int) -> bool:
    """Say whether two wordings are probably from one template."""
    return distance(one, other) <= ALIKE_BITS


def distance(one: int, other: int) -> int:
    """Return in how many of the 64 bits two wordings differ: 0 for the same, about 32 for strangers."""
    return (one ^ other).bit_count()
