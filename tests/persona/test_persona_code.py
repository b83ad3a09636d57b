"""The checksum code: no two local parts of one domain are one edit or one swap apart."""

from string import ascii_lowercase, digits

from hypothesis import assume, given
from hypothesis import strategies as st

from canary.address import canonical_local
from canary.keyring import Keyring
from canary.persona import NaturalGenerator
from canary.persona.code import MODULUS, SYMBOLS, Code

KEYRING = Keyring(b"i" * 32, b"d" * 32, b"x" * 32)
CODE = Code(KEYRING.draw)
WORDS = st.text(ascii_lowercase + digits, min_size=1, max_size=30)


def neighbours(word: str) -> set[str]:
    """Return all words that are one edit away."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    deleted = {left + right[1:] for left, right in cuts if right}
    substituted = {left + one + right[1:] for left, right in cuts if right for one in SYMBOLS}
    inserted = {left + one + right for left, right in cuts for one in SYMBOLS}
    return (deleted | substituted | inserted | swapped(word)) - {word}


def swapped(word: str) -> set[str]:
    """Return all words with two neighbours in the other order."""
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)} - {word}


def canonical_draws(count: int, domain: str, floor: float) -> set[str]:
    generator = NaturalGenerator(KEYRING.draw, floor_bits=floor)
    return {canonical_local(generator.persona(b"%d" % seed, domain).local) for seed in range(count)}


def test_symbols_have_the_values_1_to_36_and_an_order_of_the_key() -> None:
    assert sorted(CODE.sums(SYMBOLS)) == list(range(1, MODULUS))
    other = Code(Keyring(b"i" * 32, b"e" * 32, b"x" * 32).draw)
    assert CODE.sums(SYMBOLS) != other.sums(SYMBOLS)


def test_residues_and_parities_differ_between_domains() -> None:
    assert len({CODE.of(f"{number}.example") for number in range(800)}) == MODULUS * 2


@given(WORDS, st.data())
def test_every_single_edit_or_swap_leaves_the_code(word: str, data: st.DataObject) -> None:
    edited = data.draw(st.sampled_from(sorted(neighbours(word))))
    assume(edited)
    before, after = CODE.sums([word, edited])
    assert (before, CODE.parity(word)) != (after, CODE.parity(edited))


@given(WORDS)
def test_a_parity_is_that_of_inversions_in_the_order_of_the_key(word: str) -> None:
    values = [*map(CODE.sums(SYMBOLS).__getitem__, map(SYMBOLS.index, word))]
    pairs = sum(one > other for at, one in enumerate(values) for other in values[at + 1 :])
    assert CODE.parity(word) == pairs % 2


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_a_sum_is_the_sum_of_its_parts(words: list[str]) -> None:
    whole, *parts = CODE.sums(["".join(words), *words])
    assert whole == sum(parts) % MODULUS


def test_local_parts_are_words_of_their_domains_code() -> None:
    for domain in ("a.example", "b.example", "c.example"):
        drawn = sorted(canonical_draws(1500, domain, 24))
        assert {*zip(CODE.sums(drawn), map(CODE.parity, drawn), strict=True)} == {CODE.of(domain)}


def test_no_neighbour_of_a_local_part_is_drawn_for_the_same_domain() -> None:
    """Brute force: each of the 1,000 or so neighbours of each local part against the whole set."""
    drawn = canonical_draws(4000, "a.example", 20)
    sample = sorted(drawn)[::8]
    assert not any(neighbours(word) & drawn for word in sample)


def test_no_two_local_parts_of_one_domain_meet_after_one_deletion_each() -> None:
    """A Levenshtein distance of 1 means a common word, or the other word, among those one deletion away."""
    drawn = canonical_draws(12_000, "a.example", 0)
    for word in drawn:
        assert drawn.isdisjoint(word[:at] + word[at + 1 :] for at in range(len(word)))
    gaps: dict[tuple[str, str], str] = {}
    for word in drawn:
        for at in range(len(word)):
            gap = (word[:at], word[at + 1 :])
            assert gaps.setdefault(gap, word) == word


def test_without_the_code_typos_would_meet() -> None:
    """Draws for different domains do come one edit apart: the check above is able to fail."""
    drawn = canonical_draws(3000, "a.example", 0) | canonical_draws(3000, "b.example", 0)
    assert any(neighbours(word) & drawn for word in sorted(drawn)[::4])
