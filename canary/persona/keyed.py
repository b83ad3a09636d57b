"""Strata, tables and a code become ways of drawing that know each text's chance and checksum."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import fsum
from typing import NamedTuple

from canary.persona import digits
from canary.persona.code import MODULUS, Code
from canary.persona.strata import Slot, Stratum, strata
from canary.persona.tables import Table, packaged

SEPARATOR = re.compile(r"[._-]")
SHARE_UNITS = 1 << 30
TABLES: Mapping[str, Callable[[], Table]] = {
    "given": lambda: packaged("given.txt.gz"),
    "family": lambda: packaged("family.txt.gz"),
    "nouns": lambda: packaged("nouns.txt"),
    "adjectives": lambda: packaged("adjectives.txt"),
    "prefixes": lambda: packaged("prefixes.txt"),
    "singles": digits.singles,
    "pairs": digits.pairs,
    "triples": digits.triples,
    "quads": digits.quads,
    "dates": digits.dates,
    "years": digits.years,
}
PERSON = ("given", "family")


class Source(NamedTuple):
    """A slot bound to its table; a tuple, because the drawing loop unpacks it.

    `starts` gives the chance and the residue of each beginning of `cut` characters; it is
    None where the whole text shows.
    """

    texts: tuple[str, ...]
    weights: tuple[int, ...]
    upto: tuple[int, ...]
    total: int
    residues: bytes
    cut: int | None
    starts: Mapping[str, tuple[float, int]] | None


class Group(NamedTuple):
    """The texts of a table that have one residue, their weights, and the running sums of these."""

    texts: tuple[str, ...]
    weights: tuple[int, ...]
    upto: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A stratum bound to its sources.

    Drawn are the `free` slots, then the held one from the group with the residue needed (`total`
    is the weight of its whole table), then the `unseen` names. In this order `given` and `family`
    are the places of the person's names. `plain` is the layout in canonical form, `share` that of
    all strata that have it.
    """

    share: float
    layout: str
    plain: str
    free: tuple[Source, ...]
    groups: tuple[Group, ...]
    total: int
    unseen: tuple[Source, ...]
    given: int
    family: int


@dataclass(frozen=True, slots=True)
class Form:
    """The ways with one separator and one number of digits, and the running sums of their shares."""

    ways: tuple[Way, ...]
    upto: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """All forms of a local part, and the running sums of their shares."""

    forms: tuple[Form, ...]
    upto: tuple[int, ...]


def model(code: Code) -> Model:
    """Return the natural model under a code."""
    shares: defaultdict[tuple[Slot, ...], float] = defaultdict(float)
    for stratum in strata():
        shares[stratum.sequence()] += stratum.share

    @cache
    def source(slot: Slot) -> Source:
        return _source(slot, code)

    @cache
    def groups(slot: Slot) -> tuple[Group, ...]:
        return _groups(source(slot))

    def way(stratum: Stratum) -> Way:
        *free, held = stratum.slots
        tables = [slot.table for slot in stratum.slots]
        unseen = [table for table in PERSON if table not in tables]
        given, family = ([*tables, *unseen].index(table) for table in PERSON)
        return Way(
            shares[stratum.sequence()],
            stratum.layout,
            SEPARATOR.sub("", stratum.layout),
            tuple(map(source, free)),
            groups(held),
            source(held).total,
            tuple(source(Slot(table)) for table in unseen),
            given,
            family,
        )

    forms: dict[tuple[str, str], list[Stratum]] = {}
    for stratum in strata():
        forms.setdefault((stratum.separator, stratum.digits), []).append(stratum)
    return Model(
        tuple(Form(tuple(map(way, found)), _upto(one.share for one in found)) for found in forms.values()),
        _upto(fsum(one.share for one in found) for found in forms.values()),
    )


def _upto(shares: Iterable[float]) -> tuple[int, ...]:
    return tuple(accumulate(max(1, round(share * SHARE_UNITS)) for share in shares))


def _source(slot: Slot, code: Code) -> Source:
    table = TABLES[slot.table]()
    residues = code.sums(table.texts) if slot.cut is None else b""
    starts = None if slot.cut is None else _starts(table, slot.cut, code)
    return Source(table.texts, table.weights, table.upto, table.total, residues, slot.cut, starts)


def _starts(table: Table, cut: int, code: Code) -> dict[str, tuple[float, int]]:
    weights: dict[str, int] = {}
    for text, weight in zip(table.texts, table.weights, strict=True):
        weights[text[:cut]] = weights.get(text[:cut], 0) + weight
    chances = (weight / table.total for weight in weights.values())
    return dict(zip(weights, zip(chances, code.sums(weights), strict=True), strict=True))


def _groups(source: Source) -> tuple[Group, ...]:
    texts: list[list[str]] = [[] for _ in range(MODULUS)]
    weights: list[list[int]] = [[] for _ in range(MODULUS)]
    for text, weight, residue in zip(source.texts, source.weights, source.residues, strict=True):
        texts[residue].append(text)
        weights[residue].append(weight)
    return tuple(
        Group(tuple(some), tuple(each), tuple(accumulate(each)))
        for some, each in zip(texts, weights, strict=True)
    )
