"""Identifiers become the shape they share, and a number under that shape becomes an identifier."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

DIGITS = string.digits
HEX = (DIGITS + "abcdef", DIGITS + "ABCDEF")
CLASSES = (
    *(DIGITS, string.ascii_uppercase, string.ascii_lowercase),
    *(DIGITS + string.ascii_uppercase, DIGITS + string.ascii_lowercase),
    DIGITS + string.ascii_uppercase + string.ascii_lowercase,
    "-" + DIGITS + string.ascii_uppercase + "_" + string.ascii_lowercase,
)
MOST_DIGITS = 18
COUNTED = re.compile(rf"(.*?)([0-9]{{1,{MOST_DIGITS}}})([^0-9]*)", re.DOTALL)
UUID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([1-8])[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)
VERSION_PLACE, VARIANT_PLACE = 14, 19
SHARE = 0.95
FEW, MANY = 8, 64
LEAST_SPACE = 1 << 12


@dataclass(frozen=True, slots=True)
class Sequential:
    """`prefix` + number + `suffix`; `width` > 0 pads the number with zeros."""

    prefix: str
    suffix: str
    width: int

    def number(self, text: str) -> int | None:
        """Return the number in an identifier, None if it has another shape."""
        if not (text.startswith(self.prefix) and text.endswith(self.suffix)):
            return None
        middle = text[len(self.prefix) : len(text) - len(self.suffix)]
        counted = middle.isascii() and middle.isdigit() and len(middle) <= MOST_DIGITS
        return int(middle) if counted else None

    def text(self, number: int) -> str:
        """Return the identifier with a number."""
        return f"{self.prefix}{number:0{self.width}d}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Patterned:
    """A fixed length with an alphabet for each place; a number in mixed radix names one identifier."""

    alphabets: tuple[str, ...]

    def number(self, text: str) -> int | None:
        """Return the number of an identifier, None if it has another shape."""
        if len(text) != len(self.alphabets):
            return None
        total = 0
        for char, alphabet in zip(text, self.alphabets, strict=True):
            digit = alphabet.find(char)
            if digit < 0:
                return None
            total = total * len(alphabet) + digit
        return total

    def text(self, number: int) -> str:
        """Return the identifier with a number."""
        chars = []
        for alphabet in reversed(self.alphabets):
            number, digit = divmod(number, len(alphabet))
            chars.append(alphabet[digit])
        return "".join(reversed(chars))

    @property
    def size(self) -> int:
        """Return how many identifiers have this shape."""
        return prod(map(len, self.alphabets))


Shape = Sequential | Patterned


def shape_of(values: Sequence[str]) -> Shape | None:
    """Return the shape that nearly all of a column's identifiers share, None if there is none."""
    return _sequential(values) or _patterned(values)


def _sequential(values: Sequence[str]) -> Sequential | None:
    matches = [m for m in map(COUNTED.fullmatch, values) if m]
    if not matches:
        return None
    (prefix, suffix), count = Counter((m[1], m[3]) for m in matches).most_common(1)[0]
    if count < SHARE * len(values) or (len(values) < FEW and _hexadecimal(values)):
        return None
    numbers = [m[2] for m in matches if (m[1], m[3]) == (prefix, suffix)]
    widths = {len(n) for n in numbers}
    padded = len(widths) == 1 and any(n[0] == "0" and len(n) > 1 for n in numbers)
    return Sequential(prefix, suffix, widths.pop() if padded else 0)


def _patterned(values: Sequence[str]) -> Patterned | None:
    (length, count), *_ = Counter(map(len, values)).most_common(1) or [(0, 0)]
    if not length or count < SHARE * len(values):
        return None
    same = [v for v in values if len(v) == length]
    everything = _closure({c for v in same for c in v if c.isalnum()})
    shape = Patterned(tuple(_alphabet(same, place, everything) for place in range(length)))
    return shape if shape.size > max(LEAST_SPACE, 2 * len(values)) else None


def _alphabet(values: Sequence[str], place: int, everything: str) -> str:
    observed = {v[place] for v in values}
    if UUID.fullmatch(values[0]) and place in {VERSION_PLACE, VARIANT_PLACE}:
        return "".join(sorted(observed))
    if len(values) >= MANY:
        return "".join(sorted(observed))
    if len(observed) == 1 and (len(values) > 1 or not values[0][place].isalnum()):
        return observed.pop()
    if everything in HEX:
        return everything
    return observed.pop() if len(values) == 1 and place == 0 else _closure(observed)


def _closure(chars: set[str]) -> str:
    if not chars <= set(DIGITS):
        for alphabet in HEX:
            if chars <= set(alphabet) and chars & set(DIGITS):
                return alphabet
    for alphabet in CLASSES:
        if chars <= set(alphabet):
            return alphabet
    return "".join(sorted(chars))


def _hexadecimal(values: Sequence[str]) -> bool:
    return all(UUID.fullmatch(v) for v in values)


def other_digits(text: str, number: int) -> str:
    """Return a text with every digit but a leading `+` group's replaced, drawn from a number."""
    kept = re.match(r"\+[0-9]{1,3}\b", text)
    start = kept.end() if kept else 0
    chars = list(text)
    for place in (p for p in range(start, len(chars)) if chars[p] in DIGITS):
        first = place == start or chars[place - 1] not in DIGITS
        number, digit = divmod(number, 9 if first else 10)
        chars[place] = str(digit + 1 if first else digit)
    return "".join(chars)
