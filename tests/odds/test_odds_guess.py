"""What can be guessed, against guesses that are made; and how often domains repeat."""

import random
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

import pytest

from canary.address import canonical_local
from canary.errors import UsageError
from canary.odds.domains import Domains
from canary.odds.guess import Meeting, Volume, guessing, meeting, meeting_at, remedy, told_unsafe
from canary.odds.layers import Layers
from canary.persona import NaturalGenerator

EIGHT = Domains.weighing([1.0] * 8)


def drawer(key: bytes) -> Callable[[bytes, bytes], bytes]:
    return lambda purpose, seed: blake2b(purpose + seed, key=key).digest()


def test_the_chance_of_a_guess_is_that_of_guesses_made_without_the_key() -> None:
    """Guesses come from another key and hundreds of domains, so that no code is common to them.

    Decoys are of hundreds of domains too: in one that is full likely addresses are taken, and met once.
    """
    minted = NaturalGenerator(drawer(b"ours"), floor_bits=20)
    met = meeting(minted)
    decoys: Counter[str] = Counter()
    for number in range(15_000):
        decoys[canonical_local(minted.persona(b"%d" % number, f"{number % 300}.example").local)] += 1
    stranger = NaturalGenerator(drawer(b"theirs"), floor_bits=0)
    hits = sum(
        decoys[canonical_local(stranger.persona(b"%d" % guess, f"{guess % 499}.example").local)]
        for guess in range(30_000)
    )
    expected = met.chance * 15_000 * 30_000
    assert 0.6 < hits / expected < 1.5, (hits, expected)
    assert met.error < 0.05


def test_a_higher_floor_is_harder_to_guess() -> None:
    low, high = (
        meeting(NaturalGenerator(drawer(b"ours"), floor_bits=bits), 2000).chance for bits in (16, 24)
    )
    assert low > 8 * high


def test_decoys_are_counted_from_views_records_controls_and_what_is_there() -> None:
    layers = Layers("all", 0.5, 2, 5, 1, 2, controls=100)
    assert Volume(10, 2, 100).expected(layers) == round((10 * 365 * 2 + 300) * 1.1)
    assert Volume(10, 2, 100, held=5000).expected(layers) == round((10 * 365 * 2 + 300) * 1.1) + 5000
    assert Volume(10, 2, 100, decoys=7).expected(layers) == 7


def test_the_fullest_domain_decides_and_room_is_what_keeps_the_limit() -> None:
    met, layers = Meeting(2.5e-8, 0.05), Layers("views")
    even = guessing(layers, Volume(decoys=80_000), EIGHT, met, 10_000, 0.001)
    assert (even.fullest, even.room, even.safe) == (10_000, 320_000, True)
    assert even.chance == pytest.approx(2.5e-4)
    assert even.hits == pytest.approx(2.5)
    assert even.rule == pytest.approx(23.29, abs=0.01)
    skewed = guessing(layers, Volume(decoys=80_000), Domains.weighing([93, *[1] * 7]), met, 10_000, 0.001)
    assert (skewed.fullest, skewed.safe) == (74_400, False)
    assert guessing(layers, Volume(decoys=320_000), EIGHT, met, 0, 0.001).safe
    assert not guessing(layers, Volume(decoys=321_000), EIGHT, met, 0, 0.001).safe


def test_the_years_until_it_is_full_are_those_that_fill_it() -> None:
    met, layers = Meeting(2.5e-8, 0.05), Layers("views", stable=1)
    found = guessing(layers, Volume(1000, 1, 500), EIGHT, met, 0, 0.001)
    assert found.years
    full = guessing(layers, Volume(1000, found.years, 500), EIGHT, met, 0, 0.001)
    assert full.decoys == pytest.approx(full.room, abs=2)
    assert guessing(Layers("none", 0.0, stable=1), Volume(), EIGHT, met, 0, 0.001).years is None


def test_the_remedy_is_enough() -> None:
    met = meeting_at(20)
    layers, volume = Layers("views"), Volume(decoys=250_000)
    found = guessing(layers, volume, EIGHT, met, 0, 0.001)
    words = remedy(found, 20, met, 0.001)
    floor, domains = (int("".join(filter(str.isdigit, part))) for part in words.split(", or "))
    higher = meeting_at(floor)
    assert not found.safe
    assert guessing(layers, volume, EIGHT, higher, 0, 0.001).safe
    assert guessing(layers, volume, Domains.weighing([1.0] * domains), met, 0, 0.001).safe
    assert "floor_bits" not in remedy(
        guessing(layers, Volume(decoys=10**10), EIGHT, met, 0, 0.001), 20, met, 0.001
    )


@pytest.mark.parametrize("floor", [16, 22, 28])
def test_the_rule_of_thumb_keeps_every_guess_below_one_in_a_thousand(floor: float) -> None:
    """No decoy is likelier than the floor, so as many as the rule allows add up to 2^-10 at most."""
    decoys = 2 ** (floor - 10)
    found = guessing(Layers("x"), Volume(decoys=int(decoys)), Domains((1.0,)), meeting_at(floor), 0, 0.001)
    assert found.rule == floor
    assert found.safe


def test_what_is_held_is_judged_as_a_plan_is() -> None:
    """By the fullest domain: the same decoys are safe on equal ones and not if one has nearly all."""
    room = guessing(Layers("x"), Volume(decoys=1), EIGHT, meeting_at(24), 0, 0.001).room
    assert told_unsafe(room, EIGHT, 24) == ""
    words = told_unsafe(room * 2, EIGHT, 24)
    assert words.startswith("can be guessed too easily: one guess in 500 at the fullest domain")
    assert "raise mint.floor_bits to 26" in words
    assert told_unsafe(room // 2, Domains.weighing([93, *[1] * 7]), 24)


def test_repeated_domains_are_those_of_leaks_that_are_drawn() -> None:
    luck = random.Random(3)  # noqa: S311 - a game
    weights = [5, 3, 3, 1, 1, 1, 1, 1]
    domains = Domains.weighing(weights)
    drawn = [Counter(luck.choices(range(8), weights, k=9)) for _ in range(4000)]
    mean = sum(sum(count > 1 for count in each.values()) for each in drawn) / 4000
    assert domains.repeats(9) == pytest.approx(mean, abs=0.06)
    assert domains.repeats(1.2) == 0


@pytest.mark.parametrize(("count", "measured"), [(16, 5.4), (64, 2.2), (256, 0.7)])
def test_repeated_domains_are_about_those_measured(count: int, measured: float) -> None:
    """Twenty decoys in a leak of 1,000."""
    assert Domains.weighing([1.0] * count).repeats(20) == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize(
    ("make", "words", "hint"),
    [
        (lambda: Domains(()), "0 domains", "mint.domains"),
        (lambda: Volume(views=-1), "--views -1", "--views"),
        (lambda: Volume(years=float("nan")), "nan", "--years"),
        (lambda: guessing(Layers("x"), Volume(), EIGHT, Meeting(1, 1), -1, 0.1), "-1", "--guesses"),
        (lambda: guessing(Layers("x"), Volume(), EIGHT, Meeting(1, 1), 1, 2), "2", "--guess-limit"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option_to_change(make: object, words: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        make()  # type: ignore[operator]
    assert words in refused.value.message
    assert hint in refused.value.hint
