"""Measured shares become strata: which parts, separators and digits an address has, in which order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import fsum

ROUNDS = 8
PLACES = re.compile(r"\{(\d)\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A draw from a table of which the first `cut` characters show; all of them where it is None."""

    table: str
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """One way of forming an address, and the share of addresses formed so.

    `layout` puts the texts of the slots in their order. The last slot is drawn when all others
    are known, so that the whole can meet a condition. The other fields say what the fit went by.
    """

    share: float
    layout: str
    slots: tuple[Slot, ...]
    shape: str
    separator: str
    digits: str

    def sequence(self) -> tuple[Slot, ...]:
        """Return the slots as they stand in the layout: what is left of it in canonical form."""
        return tuple(self.slots[int(place)] for place in PLACES.findall(self.layout))


# The odds that a separator stands before the digits too.
APART = 0.12

# Letters of a shape; `~` is where a separator may stand.
SLOTS = {
    "g": Slot("given"),
    "f": Slot("family"),
    "i": Slot("given", 1),
    "l": Slot("family", 1),
    "m": Slot("given", 1),
    "t": Slot("given", 3),
    "n": Slot("nouns"),
    "a": Slot("adjectives"),
    "p": Slot("prefixes"),
    "1": Slot("singles"),
    "2": Slot("pairs"),
    "3": Slot("triples"),
    "4": Slot("quads"),
    "d": Slot("dates"),
    "y": Slot("years"),
}

# Shape: share, odds of a separator, odds of having no digits. No public study gives them: they
# are judged by hand, so that lengths agree with what was measured. Separators and digits are taken as
# independent of each other within a shape, for want of a measurement of both together.
SHAPES: Mapping[str, tuple[float, float, float]] = {
    "g~f": (0.430, 0.70, 1.0),
    "i~f": (0.140, 0.30, 0.8),
    "f~g": (0.050, 0.60, 1.0),
    "f~i": (0.025, 0.35, 0.7),
    "g~l": (0.060, 0.35, 0.5),
    "g~m~f": (0.025, 0.60, 1.5),
    "im~f": (0.025, 0.25, 0.8),
    "t~f": (0.015, 0.20, 0.8),
    "g": (0.050, 0.08, 0.02),
    "f": (0.030, 0.08, 0.10),
    "a~n": (0.050, 0.15, 1.2),
    "n~n": (0.020, 0.15, 1.2),
    "n": (0.015, 0.08, 0.02),
    "g~n": (0.030, 0.20, 1.0),
    "n~g": (0.010, 0.20, 0.8),
    "p~g": (0.013, 0.12, 0.5),
    "a~g": (0.012, 0.12, 0.6),
}
# Shares of local parts over 118,000 consumer addresses. The three least of all (a `+tag`, digits
# alone, digits both inside and at the end) are left out.
SEPARATORS = {"": 0.7046, ".": 0.2736, "_": 0.0179, "-": 0.0039}
DIGITS = {
    "none": 0.6020, "1": 0.0457, "2": 0.1310, "3": 0.0733, "4": 0.0865, "5": 0.0105, "6": 0.0091,
    "7+": 0.0082, "inside": 0.0279, "start": 0.0058,
}  # fmt: skip
PATTERNS = {
    "none": {"": 1.0},
    "1": {"1": 1.0},
    "2": {"2": 1.0},
    "3": {"3": 1.0},
    "4": {"4": 1.0},
    "5": {"23": 1.0},
    "6": {"d2": 0.55, "33": 0.45},
    "7+": {"dy": 0.5, "34": 0.5},
    "inside": {"1": 0.65, "2": 0.35},
    "start": {"1": 0.4, "2": 0.3, "3": 0.3},
}


@cache
def strata() -> tuple[Stratum, ...]:
    """Return every way of forming an address; their shares sum up to 1 and have the measured margins.

    Shares are fitted by iterative proportional fitting (Deming and Stephan, 1940).
    """
    ways = tuple(_ways())
    margins = (
        ([way.shape for way in ways], {shape: share for shape, (share, _, _) in SHAPES.items()}),
        ([way.separator for way in ways], SEPARATORS),
        ([way.digits for way in ways], DIGITS),
    )
    shares = [way.share for way in ways]
    for _ in range(ROUNDS):
        for labels, wanted in margins:
            shares = _fitted(shares, labels, wanted)
    return tuple(replace(way, share=share) for way, share in zip(ways, shares, strict=True))


def _fitted(shares: Sequence[float], labels: Sequence[str], wanted: Mapping[str, float]) -> list[float]:
    """Return shares scaled so that those under each label sum up to what is wanted."""
    under: dict[str, list[float]] = {label: [] for label in wanted}
    for share, label in zip(shares, labels, strict=True):
        under[label].append(share)
    whole = fsum(wanted.values())
    scales = {label: wanted[label] / whole / fsum(found) for label, found in under.items()}
    return [share * scales[label] for share, label in zip(shares, labels, strict=True)]


def _ways() -> Iterator[Stratum]:
    """Yield every way of forming an address, with its share before the fit."""
    for shape, (share, parted, bare) in SHAPES.items():
        for separator in SEPARATORS:
            for digits, patterns in PATTERNS.items():
                before = share * (parted if separator else 1.0) * (bare if digits == "none" else 1.0)
                for template, odds in _templates(shape, separator, digits):
                    for pattern, part in patterns.items():
                        yield _stratum(
                            template.replace("#", pattern), before * odds * part, separator, digits, shape
                        )


def _templates(shape: str, separator: str, digits: str) -> Iterator[tuple[str, float]]:
    """Yield a shape with its separators and a `#` for digits in their places, and the odds of each."""
    joined = "~" in shape
    parts = shape.replace("~", separator)
    if digits == "start":
        yield from [("#" + parts, 1.0)] if joined or not separator else []
    elif digits == "inside":
        yield from [(shape.replace("~", "#", 1).replace("~", ""), 1.0)] if joined and not separator else []
    elif digits == "none":
        yield from [(parts, 1.0)] if joined or not separator else []
    elif joined or not separator:
        yield parts + "#", 1.0
        if separator:
            yield parts + separator + "#", APART
    else:
        yield parts + separator + "#", 1.0


def _stratum(template: str, share: float, separator: str, digits: str, shape: str) -> Stratum:
    letters = [letter for letter in template if letter in SLOTS]
    last = next(letter for letter in "fgn" if letter in letters)
    held = len(letters) - 1 - letters[::-1].index(last)
    order = [*(place for place in range(len(letters)) if place != held), held]
    slots = tuple(SLOTS[letters[place]] for place in order)
    fields = iter(range(len(letters)))
    layout = "".join(f"{{{order.index(next(fields))}}}" if letter in SLOTS else letter for letter in template)
    return Stratum(share, layout, slots, shape, separator, digits)
