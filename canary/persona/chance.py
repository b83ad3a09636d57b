"""A canonical local part becomes the chance that the natural model draws it, however it is spelled."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from math import inf, log2, prod
from string import digits as ten
from typing import NamedTuple

from canary.address import canonical_local, split
from canary.model import Decoy
from canary.persona.keyed import TABLES
from canary.persona.strata import Slot, strata

_APART = re.compile(r"([a-z]*)([0-9]+)([a-z]+)")

SPELLING_KEPT = "natural-1"

Weights = Mapping[str, int]
Slots = tuple[Slot, ...]


class Digits(NamedTuple):
    """Tables from which digits are drawn, each with the length of its texts; the product of their totals."""

    tables: tuple[tuple[int, Weights], ...]
    total: int

    def chance(self, text: str) -> float:
        """Return the chance that digits are drawn, as many as these tables give."""
        weight, at = 1, 0
        for size, weights in self.tables:
            weight *= weights.get(text[at : at + size], 0)
            at += size
        return weight / self.total


class Way(NamedTuple):
    """A first text, a last one and, in a triple, one of the `initials` between them.

    `share` is that of the sequence, divided by the totals of its tables.
    """

    share: float
    firsts: Weights
    initials: Weights
    lasts: Weights


class Joined(NamedTuple):
    """Letters with no digits between them.

    `known` has the texts of all tables, and as bits in which tables each is. `alone`, `pairs` and `triples`
    give the ways whose first and last texts are in such tables.
    """

    known: Mapping[str, int]
    alone: Callable[[int, int], tuple[Way, ...]]
    pairs: Callable[[int, int], tuple[Way, ...]]
    triples: Callable[[int, int], tuple[Way, ...]]

    def chance(self, text: str, _: str) -> float:
        """Return the chance that letters are drawn, over all ways of splitting them.

        Of two texts that meet the longer is looked up first: it is mostly unknown.
        """
        known, half, total = self.known.get, len(text) // 2, 0.0
        if whole := known(text):
            total += sum(way.share * way.lasts[text] for way in self.alone(whole, whole))
        for place in range(1, half + 1):
            if last := known(text[place:]):
                total += self._met(text, place, known(text[:place]), known(text[: place - 1]), last)
        first = known(text[:half])
        for place in range(half + 1, len(text)):
            before, first = first, known(text[:place])
            if (first or before) and (last := known(text[place:])):
                total += self._met(text, place, first, before, last)
        return total

    def _met(self, text: str, place: int, first: int | None, before: int | None, last: int) -> float:
        """Return the chance of a text whose last part begins at a place; the other numbers are bits."""
        total = 0.0
        if first:
            for share, firsts, _, lasts in self.pairs(first, last):
                total += share * firsts[text[:place]] * lasts[text[place:]]
        if before:
            for share, firsts, initials, lasts in self.triples(before, last):
                weight = firsts[text[: place - 1]] * initials.get(text[place - 1], 0)
                total += share * weight * lasts[text[place:]]
        return total


class Parted(NamedTuple):
    """Letters before and behind digits: the sequences of either side, and the share of the two."""

    sides: tuple[tuple[Slots, Slots, float], ...]

    def chance(self, left: str, right: str) -> float:
        """Return the chance that these letters are drawn on their sides."""
        return sum(share * spelled(one, left) * spelled(other, right) for one, other, share in self.sides)


def surprisal(local: str) -> float:
    """Return -log2 of the chance that the natural model draws a local part however spelled, in bits.

    Infinite where it never does. Summed are all strata, all separators (which are not canonical) and all
    ways of splitting letters into names, initials and words (ann + abel = anna + bel). That is exact but for
    the 0.3 % of what the model draws that is not minted, being shorter than 4 or longer than 30 characters.
    """
    found = chance(canonical_local(local))
    return -log2(found) if found else inf


def bits_to_guess(decoy: Decoy) -> float:
    """Return the surprisal in bits of what a guess must be to meet a decoy: of its canonical form.

    That is what is kept, but for decoys of `natural-1`, which kept that of their spelling: theirs is
    reckoned from the address.
    """
    if decoy.generator != SPELLING_KEPT:
        return decoy.surprisal
    return min(decoy.surprisal, surprisal(split(decoy.address)[0]))


def chance(word: str) -> float:
    """Return the chance that the natural model draws a canonical local part."""
    left = word.rstrip(ten)
    digits, right = word[len(left) :], ""
    if not left.isalpha():  # digits before letters, which is rare
        matched = _APART.fullmatch(word)
        if matched is None:
            return 0.0
        left, digits, right = matched.groups()
    total = 0.0
    for drawn, letters in _contexts().get((bool(left), len(digits), bool(left and right)), ()):
        total += drawn.chance(digits) * letters.chance(left or right, right)
    return total


def spelled(slots: Slots, text: str) -> float:
    """Return the chance that what is drawn for slots spells a text, over all ways of splitting it."""
    first, *rest = slots
    weights, total = _weights(first)
    if not rest:
        return weights.get(text, 0) / total
    after = tuple(rest)
    return sum(
        weight / total * spelled(after, text[end:])
        for end in range(1, len(text))
        if (weight := weights.get(text[:end]))
    )


@cache
def _contexts() -> Mapping[tuple[bool, int, bool], tuple[tuple[Digits, Joined | Parted], ...]]:
    """Return what spells words, by whether letters come first, how many digits there are, letters behind."""
    shares: defaultdict[tuple[Slots, bool], defaultdict[tuple[Slots, Slots], float]]
    shares = defaultdict(lambda: defaultdict(float))
    for one in strata():
        slots = one.sequence()
        places = [place for place, slot in enumerate(slots) if TABLES[slot.table]().texts[0].isdigit()]
        start, end = (places[0], places[-1] + 1) if places else (len(slots), len(slots))
        left, right = slots[:start], slots[end:]
        shares[slots[start:end], bool(left)][(left, right) if left else (right, ())] += one.share
    found: defaultdict[tuple[bool, int, bool], list[tuple[Digits, Joined | Parted]]] = defaultdict(list)
    for (drawn, first), sides in shares.items():
        digits = _digits(drawn)
        size = sum(length for length, _ in digits.tables)
        joined = {left: share for (left, right), share in sides.items() if not right}
        parted = tuple((left, right, share) for (left, right), share in sides.items() if right)
        if joined:
            found[first, size, False].append((digits, _joined(joined)))
        if parted:
            found[first, size, True].append((digits, Parted(parted)))
    return {key: tuple(ways) for key, ways in found.items()}


def _digits(slots: Slots) -> Digits:
    weighed = [_weights(slot) for slot in slots]
    tables = tuple((len(next(iter(weights))), weights) for weights, _ in weighed)
    return Digits(tables, prod(total for _, total in weighed))


def _joined(shares: Mapping[Slots, float]) -> Joined:
    each = {slots: share / prod(_weights(slot)[1] for slot in slots) for slots, share in shares.items()}
    known, bits = _known()

    def ways(length: int) -> Callable[[int, int], tuple[Way, ...]]:
        @cache
        def found(first: int, last: int) -> tuple[Way, ...]:
            return tuple(
                Way(share, _weights(slots[0])[0], _weights(slots[length // 2])[0], _weights(slots[-1])[0])
                for slots, share in each.items()
                if len(slots) == length and first & bits[slots[0]] and last & bits[slots[-1]]
            )

        return found

    return Joined(known, ways(1), ways(2), ways(3))


@cache
def _known() -> tuple[Mapping[str, int], Mapping[Slot, int]]:
    """Return for each text the bits of the slots that may show it, and these.

    One table to look in spares most of the look-ups: few ends of a word are in any.
    """
    slots = dict.fromkeys(slot for one in strata() for slot in one.sequence())
    bits = {slot: 1 << place for place, slot in enumerate(slots)}
    known: dict[str, int] = {}
    for slot, bit in bits.items():
        known |= {text: known.get(text, 0) | bit for text in _weights(slot)[0]}
    return known, bits


@cache
def _weights(slot: Slot) -> tuple[Weights, int]:
    """Return the weights of what shows of a slot, and their sum."""
    table = TABLES[slot.table]()
    if slot.cut is None:
        return dict(zip(table.texts, table.weights, strict=True)), table.total
    weights: defaultdict[str, int] = defaultdict(int)
    for text, weight in zip(table.texts, table.weights, strict=True):
        weights[text[: slot.cut]] += weight
    return dict(weights), table.total
