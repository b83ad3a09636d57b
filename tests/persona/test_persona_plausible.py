"""Which local parts a person might have."""

import hashlib
import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.persona import NaturalGenerator
from canary.persona.plausible import plausible


@pytest.mark.parametrize(
    "local",
    [
        *("anna", "anna.reed", "annareed", "a.reed", "areed", "reed.anna", "reeda", "anna.m.reed", "amreed"),
        *("anna.reed88", "anna_reed_1988", "88anna.reed", "anna2reed", "annareed19880412", "Anna.Reed+shop"),
        *("blacktiger", "mr.smith", "tigeranna", "ann.smith", "smith"),
    ],
)
def test_what_people_have(local: str) -> None:
    assert plausible(local)


@pytest.mark.parametrize(
    "local",
    [
        *(
            "",
            "a",
            "ab",
            "a.b",
            "12345",
            "xqzkvwpt",
            "qwkjhzxv.pplkq",
            "8f3a9c1d",
            "verify-8f3a9c1d",
            "x9k2m4q7",
        ),
        *(
            "anna..reed",
            ".anna",
            "anna.",
            "anna@reed",
            "anna reed",
            '"anna"',
            "josé",
            "anna/reed",
            "anna%reed",
        ),
        *("a.n.n.a.r.e.e.d", "1anna2", "anna123456789", "a" * 41, "bounce+xyz" + "q" * 40, "+anna"),
    ],
)
def test_what_nobody_has(local: str) -> None:
    assert not plausible(local)


def test_nearly_all_that_we_mint_is_plausible() -> None:
    generator = NaturalGenerator(
        lambda purpose, seed: hashlib.blake2b(purpose + seed).digest(), floor_bits=24.0
    )
    minted = [generator.persona(str(n).encode(), "example.net").local for n in range(1000)]
    assert sum(map(plausible, minted)) > 930


@pytest.mark.parametrize(
    ("letters", "length", "most"),
    [
        (string.ascii_lowercase, 8, 10),
        (string.ascii_lowercase, 12, 2),
        (string.ascii_lowercase + string.digits, 8, 20),
        (string.ascii_lowercase + string.digits, 12, 2),
        ("0123456789abcdef", 10, 2),
    ],
)
def test_random_strings_of_a_verifier_are_not(letters: str, length: int, most: int) -> None:
    chance = random.Random(20261122)  # noqa: S311 - the same strings every time
    tried = ("".join(chance.choices(letters, k=length)) for _ in range(2000))
    assert sum(map(plausible, tried)) <= most


@pytest.mark.parametrize("piece", ["a", "ab", "anna", "a.", "a1", "1", "é", "anna_", "..", "+"])
def test_hostile_local_parts_cost_no_time(piece: str) -> None:
    for local in ("anna.reed", (piece * 40)[:40]):
        plausible(local)  # reads the tables that it needs
    for length in (40, 41, 1000, 100_000):
        began = time.thread_time()
        plausible((piece * length)[:length])
        assert time.thread_time() - began < 0.02


@given(st.text(max_size=60))
def test_any_text_is_judged(local: str) -> None:
    assert plausible(local) in {True, False}
