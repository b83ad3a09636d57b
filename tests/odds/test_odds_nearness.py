"""How likely a stranger's guess comes near a decoy is not said to be less than it is."""

import pytest

from canary.address import canonical_local
from canary.dump import locals_of, near
from canary.odds.nearness import nearness_bits, nearness_chance
from canary.persona import NaturalGenerator
from tests.parts import House

DECOYS, GUESSES = 6000, 400


def test_guesses_come_near_decoys_no_oftener_than_said(house: House) -> None:
    people = NaturalGenerator(house.keys.draw, floor_bits=18)
    decoys = {
        canonical_local(each.local): each.surprisal
        for each in (people.persona(b"decoy %d" % n, "one.example") for n in range(DECOYS))
    }
    strangers = NaturalGenerator(lambda purpose, seed: house.keys.draw(purpose, b"x" + seed), floor_bits=0)
    known, seen = locals_of(decoys), {1: 0, 2: 0}
    for n in range(GUESSES):
        guess = canonical_local(strangers.persona(b"guess %d" % n, f"d{n % 37}.example").local)
        distances = [distance for _, distance in near(guess, known)]
        seen[1] += sum(each <= 1 for each in distances)
        seen[2] += len(distances)
    for edits, count in seen.items():
        said = GUESSES * sum(2.0 ** -nearness_bits(bits, edits) for bits in decoys.values())
        assert said / 20 < count < 1.5 * said + 5


@pytest.mark.parametrize("bits", [0.0, 5.0, 18.0, 26.0, 40.0, 80.0])
def test_nearer_is_less_likely_and_exactness_least(bits: float) -> None:
    assert nearness_bits(bits, 2) <= nearness_bits(bits, 1.5) <= nearness_bits(bits, 0.5) <= bits
    assert 0 < nearness_chance(bits, 2, 1, 1) <= nearness_chance(bits, 2, 1000, 50) <= 1
