"""An address becomes what somebody types off a photograph of it: a misread letter or two."""

from random import Random

LOOKS_LIKE = {
    "l": "1i", "1": "li", "o": "0a", "0": "o", "i": "lj", "m": "n", "n": "mr", "u": "v", "v": "u", "e": "c",
    "c": "e", "5": "s", "s": "5z", "a": "o", "g": "q9", "q": "g", "t": "f", "f": "t", "8": "b", "b": "8h",
}  # fmt: skip
TWICE = 0.3


def mistyped(address: str, source: Random) -> str:
    """Return an address with one error in its local part, or two: a letter misread, left out, or swapped."""
    local, _, domain = address.rpartition("@")
    for _ in range(2 if source.random() < TWICE else 1):
        local = _erred(local, source)
    return f"{local}@{domain}"


def _erred(local: str, source: Random) -> str:
    at, kind = source.randrange(len(local)), source.random()
    if kind < 0.6:
        return local[:at] + source.choice(LOOKS_LIKE.get(local[at], "x")) + local[at + 1 :]
    if kind < 0.8 and len(local) > 3:
        return local[:at] + local[at + 1 :]
    at = min(at, len(local) - 2)
    return local[:at] + local[at + 1] + local[at] + local[at + 2 :]
