"""Surprisal against the model drawn by itself, without key, code or floor: what a guesser draws."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import product
from math import inf, sqrt

import pytest

from canary.address import canonical_local
from canary.keyring import Keyring
from canary.model import Decoy, Persona
from canary.persona import NaturalGenerator, bits_to_guess, surprisal
from canary.persona.chance import chance, spelled
from canary.persona.keyed import TABLES
from canary.persona.strata import Slot, strata

KEYRING = Keyring(b"i" * 32, b"d" * 32, b"x" * 32)
GUESSES = 400_000


@cache
def people(count: int, floor: float, domains: int = 211) -> list[Persona]:
    generator = NaturalGenerator(KEYRING.draw, floor_bits=floor)
    return [generator.persona(b"%d" % seed, f"{seed % domains}.example") for seed in range(count)]


@cache
def guesses() -> Counter[str]:
    """Return what is drawn from strata and tables alone, in canonical form, with how often it came."""
    luck = random.Random(20261122)  # noqa: S311 - the same guesses every time
    ways = luck.choices(strata(), [one.share for one in strata()], k=GUESSES)
    wanted = Counter(slot for way in ways for slot in way.slots)
    drawn = {slot: iter(_drawn(luck, slot, count)) for slot, count in wanted.items()}
    return Counter(
        canonical_local(way.layout.format(*(next(drawn[slot]) for slot in way.slots))) for way in ways
    )


def _drawn(luck: random.Random, slot: Slot, count: int) -> Sequence[str]:
    table = TABLES[slot.table]()
    return [text[: slot.cut] for text in luck.choices(table.texts, table.weights, k=count)]


@pytest.mark.parametrize("floor", [0.0, 20.0, 24.0, 30.0])
def test_no_surprisal_is_below_the_floor(floor: float) -> None:
    assert min(person.surprisal for person in people(3000, floor)) >= floor


def test_surprisal_is_the_sum_over_all_that_is_canonically_the_same() -> None:
    """Each sequence of slots by itself, split in every way: what the quick sum is held against."""
    sequences: defaultdict[tuple[Slot, ...], float] = defaultdict(float)
    for one in strata():
        sequences[one.sequence()] += one.share
    words = [
        *(canonical_local(each.local) for each in people(250, 24)),
        "annabel",
        "jo",
        "joreed1",
        "7an",
        "jj",
    ]
    for word in words:
        summed = sum(share * spelled(slots, word) for slots, share in sequences.items())
        assert chance(word) == pytest.approx(summed, rel=1e-12)


def test_a_persona_says_the_surprisal_of_its_address() -> None:
    for person in people(500, 24):
        assert person.surprisal == pytest.approx(surprisal(person.local), rel=1e-12)


@pytest.mark.parametrize("local", ["margaret-h", "j-diaz", "paul_1"])
def test_no_separator_makes_an_address_harder_to_guess(local: str) -> None:
    bare = canonical_local(local)
    assert surprisal(local) == surprisal(bare) == surprisal(f"{bare}+shop") < 20
    assert bare not in {canonical_local(person.local) for person in people(5000, 24)}


@pytest.mark.parametrize("local", ["", "1234", "xqzkvwpt", "anna1reed2", "josé", "a@b", "anna" * 500])
def test_what_the_model_never_draws_is_infinitely_surprising(local: str) -> None:
    assert surprisal(local) == inf


def test_the_commonest_guesses_come_as_often_as_their_surprisal_says() -> None:
    """Chi-squared over the 300 that are expected most; they are chosen by the model, not by the draws."""
    names = [TABLES[table]().texts[:60] for table in ("given", "family")]
    words = {*names[0], *names[1], *map("".join, product(*names))}
    words |= {name + digit for name in names[0] for digit in ("1", "2", "7", "12", "123", "1234")}
    likely = sorted(words, key=chance)[-300:]
    expected = [chance(word) * GUESSES for word in likely]
    assert min(expected) > 3
    squares = sum((guesses()[word] - mean) ** 2 / mean for word, mean in zip(likely, expected, strict=True))
    assert abs(squares - 300) < 4 * sqrt(2 * 300)
    assert sum(guesses()[word] for word in likely) == pytest.approx(
        sum(expected), abs=4 * sqrt(sum(expected))
    )


@pytest.mark.parametrize("floor", [0, 18])
def test_guesses_meet_decoys_as_often_as_the_decoys_surprisals_add_up_to(floor: float) -> None:
    """A guess meets one of a domain's decoys with the sum of 2^-surprisal, which has a mean a decoy."""
    chances = {canonical_local(each.local): 2.0**-each.surprisal for each in people(25_000, floor, 1)}
    met = sum(guesses()[word] for word in chances)
    expected = sum(chances.values()) * GUESSES
    error = sqrt(sum(each * GUESSES for each in chances.values()))
    assert expected > 300
    assert met == pytest.approx(expected, abs=4 * error)


def test_a_decoy_that_kept_the_surprisal_of_its_spelling_is_as_easy_to_guess_as_its_canonical_form() -> None:
    older = Decoy("j-diaz@one.example", "J", "Diaz", datetime(2026, 1, 2, tzinfo=UTC), 0, 25.4, "natural-1")
    assert bits_to_guess(older) == surprisal("jdiaz")
    assert bits_to_guess(replace(older, generator="natural-2")) == 25.4
    assert bits_to_guess(replace(older, surprisal=9.0)) == 9.0
