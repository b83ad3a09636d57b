"""Surprisal against the model's own arithmetic and against what is drawn."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from math import log2
from statistics import fmean

import pytest

from canary.keyring import Keyring
from canary.model import Persona
from canary.persona import NaturalGenerator
from canary.persona.keyed import TABLES
from canary.persona.strata import Slot, Stratum, strata

KEYRING = Keyring(b"i" * 32, b"d" * 32, b"x" * 32)
FIELD = re.compile(r"\{(\d)\}|(.)")


@cache
def chances(slot: Slot) -> Mapping[str, float]:
    table = TABLES[slot.table]()
    found: Counter[str] = Counter()
    for text, weight in zip(table.texts, table.weights, strict=True):
        found[text if slot.cut is None else text[: slot.cut]] += weight
    return {text: weight / table.total for text, weight in found.items()}


@cache
def pattern(stratum: Stratum) -> tuple[Mapping[str, float], ...]:
    """Return, for each place of a layout, which texts may stand there and how likely each is."""
    return tuple(
        chances(stratum.slots[int(slot)]) if slot else {mark: 1.0}
        for slot, mark in FIELD.findall(stratum.layout)
    )


def chance(places: tuple[Mapping[str, float], ...], text: str) -> float:
    """Return the chance that texts drawn for these places spell a text, over all ways of splitting it."""
    first, *rest = places
    if not rest:
        return first.get(text, 0.0)
    starts = ((text[:end], text[end:]) for end in range(1, len(text)))
    return sum(first[start] * chance(tuple(rest), end) for start, end in starts if start in first)


@cache
def strata_with(separators: str, *, digits: bool) -> list[Stratum]:
    return [
        one for one in strata()
        if re.sub(r"\{\d\}", "", one.layout) == separators and (one.digits != "none") == digits
    ]  # fmt: skip


def likelihood(local: str) -> float:
    """Return the chance that the natural model draws a local part, over all strata and splits."""
    separators = re.sub(r"[a-z0-9]", "", local)
    digits = any(map(str.isdigit, local))
    return sum(one.share * chance(pattern(one), local) for one in strata_with(separators, digits=digits))


def people(count: int, floor: float) -> list[Persona]:
    generator = NaturalGenerator(KEYRING.draw, floor_bits=floor)
    return [generator.persona(b"%d" % seed, f"{seed % 211}.example") for seed in range(count)]


@pytest.mark.parametrize("floor", [0.0, 20.0, 24.0, 30.0])
def test_no_surprisal_is_below_the_floor(floor: float) -> None:
    assert min(person.surprisal for person in people(3000, floor)) >= floor


def test_surprisal_is_an_upper_bound_that_is_tight() -> None:
    """Summed over all ways of drawing the same string it is less by a tenth of a bit on average."""
    excess = sorted(person.surprisal + log2(likelihood(person.local)) for person in people(1500, 24))
    assert excess[0] > -1e-6
    assert fmean(excess) < 0.15
    assert excess[len(excess) * 95 // 100] < 0.6


def test_common_local_parts_come_as_often_as_their_surprisal_says() -> None:
    """The likely ones of one half of 120,000 draws without a floor are counted in the other half."""
    drawn = people(120_000, 0)
    half = len(drawn) // 2
    likely = {person.local: person.surprisal for person in drawn[:half] if person.surprisal < 20}
    expected = sum(half * 2.0**-surprisal for surprisal in likely.values())
    counts = Counter(person.local for person in drawn[half:])
    assert expected > 800
    assert sum(counts[local] for local in likely) == pytest.approx(expected, rel=0.2)
