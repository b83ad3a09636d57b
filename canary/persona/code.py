"""A keyed checksum over local parts: no two words of the code are one edit or one swap apart."""

from collections.abc import Callable, Iterable, Iterator
from string import ascii_lowercase, digits

SYMBOLS = ascii_lowercase + digits
MODULUS = 37
LONGEST = 64
"""RFC 5321 section 4.5.3.1.1."""

BITS = (0, *(1 << value for value in range(MODULUS - 1)))
"""For each value a bit that a shift by a lower value leaves, and one by the same or a greater takes away."""


class Code:
    """Gives letters and digits the values 1 to 36 in a keyed order, and each domain a residue and a parity.

    A local part is a word of its domain's code if its values sum up to the domain's residue modulo 37,
    and if the symbols that stand before one of a lower value, counted for each such pair, are as odd as the
    domain wants (the parity of its inversions).

    Substituting one symbol changes the sum by a difference of two values, inserting or deleting
    one by a value: never by a multiple of 37. So two different words of one domain have a
    Levenshtein distance of 2 or more. The construction is that of Varshamov and Tenengolts (1965),
    with the weights on symbols in the place of positions. Swapping two different neighbours keeps the sum,
    and adds or takes exactly one inversion: so words are no swap apart either. That costs a factor
    of 2 in words, the least that any such code costs; weights by position would cost 36.

    The order is the same for all domains, so that tables are indexed once; only residues and parities
    differ. It is no secret towards somebody who already has some forty decoys of one domain: they
    can solve for it.
    """

    def __init__(self, draw: Callable[[bytes, bytes], bytes]) -> None:
        self._draw = draw
        chance = int.from_bytes(draw(b"code", b""), "big")
        values = list(range(1, MODULUS))
        for last in range(len(values) - 1, 0, -1):
            chance, other = divmod(chance, last + 1)
            values[last], values[other] = values[other], values[last]
        self._values = bytes.maketrans(SYMBOLS.encode() + b"\n", bytes([*values, 0]))
        self._value_of = dict(zip(SYMBOLS, values, strict=True))
        self._symbols = {value: symbol for symbol, value in self._value_of.items()}

    def of(self, domain: str) -> tuple[int, int]:
        """Return the residue, 0 to 36, and the parity, 0 or 1, that the local parts of a domain have."""
        chance = int.from_bytes(self._draw(b"residue", domain.encode("utf-8", "surrogatepass")), "big")
        return chance % MODULUS, chance // MODULUS % 2

    def sums(self, texts: Iterable[str]) -> bytes:
        """Return the sum of values of each text modulo 37; texts are of lower-case letters and digits."""
        values = "\n".join(texts).encode("ascii").translate(self._values)
        return bytes([total % MODULUS for total in map(sum, values.split(b"\0"))])

    def around(self, text: str, residue: int) -> Iterator[str]:
        """Yield the texts of a residue that are one edit or one swap of neighbours from this one.

        They are few, some 3 for each of its symbols at the most: where a symbol is put in or changed, the
        residue says which one it has to be. Parity is not asked for. The text may have symbols of any kind.
        """
        known = self._value_of
        strange = [at for at, symbol in enumerate(text) if symbol not in known]
        gap = (residue - sum(known.get(symbol, 0) for symbol in text)) % MODULUS
        if len(text) > LONGEST or len(strange) > 1:
            return
        if strange:
            yield text[: strange[0]] + self._symbols.get(gap, "") + text[strange[0] + 1 :]
        elif gap:
            for at in range(len(text) + 1):
                yield text[:at] + self._symbols[gap] + text[at:]
            for at, symbol in enumerate(text):
                other = (known[symbol] + gap) % MODULUS
                yield text[:at] + self._symbols.get(other, "") + text[at + 1 :]
        else:
            for at in range(1, len(text)):
                if text[at - 1] != text[at]:
                    yield text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]

    def parity(self, text: str) -> int:
        """Return whether the pairs of symbols with the greater value first are odd in number: 1 or 0."""
        odd = before = 0
        for value in text.encode("ascii").translate(self._values):
            odd ^= (before >> value).bit_count()
            before ^= BITS[value]
        return odd & 1
