"""What is tried in vain and nearly a decoy's address is kept, however much else is tried."""

from datetime import timedelta
from string import ascii_lowercase

from hypothesis import given
from hypothesis import strategies as st

from canary.address import canonical_local, split
from canary.model import Attempts
from canary.persona import NaturalGenerator
from canary.persona.code import SYMBOLS, Code
from canary.store.guessing import MOST_SAMPLES
from canary.store.nearness import MOST_COMPARED
from tests.parts import START, House
from tests.store.store_parts import Maker, decoy_of

DRAW = NaturalGenerator(lambda purpose, seed: (purpose + seed + bytes(64))[:64], floor_bits=0)


def mistyped(address: str) -> str:
    """Return an address with a letter less."""
    local, domain = split(address)
    return f"{local[:-1]}@{domain}"


def test_a_near_miss_survives_a_flood_of_guesses_from_its_network(house: House, access: Maker) -> None:
    near = mistyped(decoy_of(house, access()).address)
    guesses = tuple(f"{n}{each}@one.example" for n, each in enumerate(ascii_lowercase * 6))
    store, flood = house.store, "203.0.113.9/32"
    store.count_attempts([Attempts(START, flood, len(guesses), guesses)])
    house.clock.forward(minutes=5)
    store.count_attempts([Attempts(START, flood, 4, ("x1@one.example", near), (1, 3))])
    house.clock.forward(minutes=5)
    store.count_attempts([Attempts(START, flood, 1, (near,))])
    told = list(house.reopen().tried_recipients(START))
    assert len(told) == MOST_SAMPLES + 1
    (kept,) = [each for each in told if each.near]
    assert (kept.address, kept.network, kept.times) == (near, flood, 4)
    assert (kept.first, kept.last) == (START + timedelta(minutes=5), START + timedelta(minutes=10))
    assert kept.attempts == len(guesses) + 5


def test_a_near_miss_survives_where_networks_are_told_apart_no_more(house: House, access: Maker) -> None:
    near = mistyped(decoy_of(house, access()).address)
    many = [Attempts(START, f"net {n}", 1, ("x@one.example",)) for n in range(10_000)]
    house.store.count_attempts(many)
    house.store.count_attempts([Attempts(START, "one more", 2, ("y@one.example", near))])
    told = [each for each in house.store.tried_recipients(START) if each.near]
    assert [(each.address, each.network) for each in told] == [(near, "others")]


def test_the_quietest_networks_are_looked_at_first(house: House, access: Maker) -> None:
    near = mistyped(decoy_of(house, access()).address)
    loud = tuple(f"{n}x@one.example" for n in range(MOST_COMPARED))
    house.store.count_attempts(
        [Attempts(START, "192.0.2.1/32", MOST_COMPARED, loud), Attempts(START, "192.0.2.2/32", 1, (near,))]
    )
    assert [each.near for each in house.store.tried_recipients(START)][:1] == [True]


def test_a_selftests_decoy_has_no_near_misses(house: House) -> None:
    decoy = house.planter.selftest_decoy("one.example")
    house.store.count_attempts([Attempts(START, "192.0.2.1/32", 1, (mistyped(decoy.address),))])
    assert [each.near for each in house.store.tried_recipients(START)] == [False]


@given(st.text(max_size=80), st.sampled_from(["one.example", "bücher.example", "", "\udc80"]))
def test_whatever_is_tried_can_be_looked_at(local: str, domain: str) -> None:
    code = Code(lambda purpose, seed: (purpose + seed + bytes(64))[:64])
    around = list(code.around(canonical_local(local), code.of(domain)[0]))
    assert len(around) <= 2 * 64 + 1


@given(st.data())
def test_a_decoy_is_among_the_few_around_each_of_its_typos(data: st.DataObject) -> None:
    code = Code(lambda purpose, seed: (purpose + seed + bytes(64))[:64])
    persona = DRAW.persona(data.draw(st.binary(max_size=8)), "one.example")
    word = canonical_local(persona.local)
    residue = code.sums([word])[0]
    at = data.draw(st.integers(0, len(word) - 1))
    symbol = data.draw(st.sampled_from([*SYMBOLS, "'", "é"]))
    typos = {
        word[:at] + word[at + 1 :],
        word[:at] + symbol + word[at:],
        word[:at] + symbol + word[at + 1 :],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }
    for typo in typos - {word}:
        around = list(code.around(typo, residue))
        assert word in around
        assert all(code.sums([each]) == bytes([residue]) for each in around if each.isascii())
