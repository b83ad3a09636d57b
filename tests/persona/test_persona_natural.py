"""People drawn: repeatable, formed as measured, valid as addresses, named as they are addressed."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.errors import ConfigurationError
from canary.keyring import Keyring
from canary.model import Persona
from canary.persona import Generator, NaturalGenerator
from canary.persona.display import family_name

KEYRING = Keyring(b"i" * 32, b"d" * 32, b"x" * 32)
OTHER = Keyring(b"i" * 32, b"e" * 32, b"x" * 32)
GENERATOR = NaturalGenerator(KEYRING.draw, floor_bits=24)
AGAIN = NaturalGenerator(KEYRING.draw, floor_bits=24)
DOT_ATOM = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
DRAWS = 20_000

# Measured over consumer addresses (`all`), and how far the draws may be off.
SHARES: dict[str, tuple[str, float, float]] = {
    "has a digit": (r"\d", 0.398, 0.015),
    "ends in a digit": (r"\d$", 0.3648, 0.015),
    "ends in 1 digit": (r"(?<!\d)\d$", 0.0457, 0.006),
    "ends in 2 digits": (r"(?<!\d)\d{2}$", 0.131, 0.010),
    "ends in 3 digits": (r"(?<!\d)\d{3}$", 0.0733, 0.008),
    "ends in 4 digits": (r"(?<!\d)\d{4}$", 0.0865, 0.008),
    "ends in 5 digits": (r"(?<!\d)\d{5}$", 0.0105, 0.003),
    "ends in 6 digits": (r"(?<!\d)\d{6}$", 0.0091, 0.003),
    "ends in 7 or more digits": (r"\d{7}$", 0.0082, 0.003),
    "has digits inside": (r"\D\d+\D", 0.0303, 0.006),
    "starts with a digit": (r"^\d", 0.0061, 0.003),
    "has a dot": (r"\.", 0.2736, 0.015),
    "has an underscore": ("_", 0.0179, 0.004),
    "has a hyphen": ("-", 0.0039, 0.002),
    "ends in 1940 to 2015": (r"(?<!\d)(?:19[4-9]\d|200\d|201[0-5])$", 0.0256, 0.005),
    "ends in 2016 to 2026": (r"(?<!\d)(?:201[6-9]|202[0-6])$", 0.003, 0.0015),
    "is shorter than 6": (r"^.{,5}$", 0.0051, 0.005),
}


@cache
def people() -> list[Persona]:
    return [GENERATOR.persona(b"%d" % seed, f"{seed % 16}.example") for seed in range(DRAWS)]


@pytest.mark.parametrize("what", SHARES)
def test_shares_are_near_those_of_consumer_addresses(what: str) -> None:
    pattern, share, tolerance = SHARES[what]
    found = sum(bool(re.search(pattern, person.local)) for person in people()) / DRAWS
    assert found == pytest.approx(share, abs=tolerance)


def test_mean_length_is_near_that_of_consumer_addresses() -> None:
    assert sum(len(person.local) for person in people()) / DRAWS == pytest.approx(11.9, abs=0.5)


def test_every_local_part_is_a_dot_atom_of_4_to_30_characters() -> None:
    for person in people():
        assert DOT_ATOM.fullmatch(person.local)
        assert 4 <= len(person.local) <= 30


def test_a_persona_is_the_same_in_another_process_and_another_year() -> None:
    """A change of any of these is another generator and needs another version."""
    drawn = [GENERATOR.persona(seed, "a.example") for seed in (b"", b"1", b"\x00\xff", b"2", b"3")]
    assert GENERATOR.version == "natural-2"
    assert [(person.name, person.local) for person in drawn] == [
        ("Refugio Viles", "refugio84"),
        ("Kizzy Rhodes", "kizzydrhodes"),
        ("Blanche Fields", "penguinblanche"),
        ("Guadalupe Sawyer", "guadalupejsawyer"),
        ("Louis Oswalt", "louisoswalt"),
    ]


@given(st.binary(max_size=80), st.sampled_from(["a.example", "b.example", "bücher.example"]))
def test_a_persona_depends_on_key_seed_and_domain_alone(seed: bytes, domain: str) -> None:
    assert AGAIN.persona(seed, domain) == GENERATOR.persona(seed, domain)


def test_another_key_seed_or_domain_means_other_people() -> None:
    other = NaturalGenerator(OTHER.draw, floor_bits=24)
    seeds = [b"%d" % number for number in range(200)]
    drawn = [GENERATOR.persona(seed, "a.example").local for seed in seeds]
    for locals_ in (
        [GENERATOR.persona(seed + b"\0", "a.example").local for seed in seeds],
        [GENERATOR.persona(seed, "b.example").local for seed in seeds],
        [other.persona(seed, "a.example").local for seed in seeds],
    ):
        assert sum(one == two for one, two in zip(drawn, locals_, strict=True)) <= 1


def test_a_domain_in_other_spelling_is_the_same_domain() -> None:
    assert GENERATOR.persona(b"1", "Example.COM.") == GENERATOR.persona(b"1", "example.com")


def test_threads_that_start_together_draw_the_same() -> None:
    fresh = NaturalGenerator(KEYRING.draw, floor_bits=24)
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: fresh.persona(b"1", "a.example"), range(4)))
    assert drawn == [GENERATOR.persona(b"1", "a.example")] * 4


def test_the_name_and_the_local_part_are_of_one_person() -> None:
    """Nine in ten local parts hold the given or the family name; the rest are words, or its beginning."""

    def told(person: Persona) -> bool:
        plain = re.sub(r"[^a-z]", "", person.local)
        names = (re.sub(r"[^a-z]", "", name.lower()) for name in (person.given, person.family))
        return any(name in plain for name in names)

    assert sum(map(told, people())) / DRAWS > 0.88


def test_names_are_written_as_people_write_them() -> None:
    name = re.compile(r"[A-Z][a-z]+|(?:O'|Mc|D')[A-Z][a-z]+|(?:St\.|De|Del|Van)(?: L[ao]s?)? [A-Z][a-z]+")
    for person in people():
        assert re.fullmatch(r"[A-Z][a-z]+", person.given)
        assert name.fullmatch(person.family), person.family


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("smith", "Smith"),
        ("mcdonald", "McDonald"),
        ("obrien", "O'Brien"),
        ("olsen", "Olsen"),
        ("odell", "Odell"),
        ("delacruz", "De La Cruz"),
        ("mack", "Mack"),
    ],
)
def test_marks_return_to_family_names(plain: str, written: str) -> None:
    assert family_name(plain) == written


@pytest.mark.parametrize("floor", [-1.0, 36.5, float("inf"), float("nan")])
def test_a_floor_that_cannot_be_kept_is_refused(floor: float) -> None:
    with pytest.raises(ConfigurationError, match="surprisal floor"):
        NaturalGenerator(KEYRING.draw, floor_bits=floor)


def test_the_highest_floor_is_reached() -> None:
    generator = NaturalGenerator(KEYRING.draw, floor_bits=36)
    assert min(generator.persona(b"%d" % seed, "a.example").surprisal for seed in range(300)) >= 36


def test_it_is_a_generator() -> None:
    generator: Generator = GENERATOR
    assert generator.persona(b"1", "a.example").generator == generator.version
