"""A keyed checksum over local parts: no two words of the code are one edit or one swap apart."""

from collections.abc import Callable, Iterable
from string import ascii_lowercase, digits

SYMBOLS = ascii_lowercase + digits
MODULUS = 37
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

    def of(self, domain: str) -> tuple[int, int]:
        """Return the residue, 0 to 36, and the parity, 0 or 1, that the local parts of a domain have."""
        chance = int.from_bytes(self._draw(b"residue", domain.encode("utf-8", "surrogatepass")), "big")
        return chance % MODULUS, chance // MODULUS % 2

    def sums(self, texts: Iterable[str]) -> bytes:
        """Return the sum of values of each text modulo 37; texts are of lower-case letters and digits."""
        values = "\n".join(texts).encode("ascii").translate(self._values)
        return bytes([total % MODULUS for total in map(sum, values.split(b"\0"))])

    def parity(self, text: str) -> int:
        """Return whether the pairs of symbols with the greater value first are odd in number: 1 or 0."""
        odd = before = 0
        for value in text.encode("ascii").translate(self._values):
            odd ^= (before >> value).bit_count()
            before ^= BITS[value]
        return odd & 1
