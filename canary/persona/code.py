"""A keyed checksum over local parts: no two words of the code are one edit apart."""

from collections.abc import Callable, Iterable
from string import ascii_lowercase, digits

SYMBOLS = ascii_lowercase + digits
MODULUS = 37


class Code:
    """Gives letters and digits the values 1 to 36 in a keyed order, and each domain a residue modulo 37.

    A local part is a word of its domain's code if its values sum up to the domain's residue.
    Substituting one symbol changes the sum by a difference of two values, inserting or deleting
    one by a value: never by a multiple of 37. So two different words of one domain have a
    Levenshtein distance of 2 or more. The construction is that of Varshamov and Tenengolts (1965),
    with the weights on symbols in the place of positions.

    The order is the same for all domains, so that tables are indexed once; only residues differ.
    It is no secret towards somebody who already has some forty decoys of one domain: they
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

    def residue(self, domain: str) -> int:
        """Return the residue that the local parts of a domain have, 0 to 36."""
        return (
            int.from_bytes(self._draw(b"residue", domain.encode("utf-8", "surrogatepass")), "big") % MODULUS
        )

    def sums(self, texts: Iterable[str]) -> bytes:
        """Return the sum of values of each text modulo 37; texts are of lower-case letters and digits."""
        values = "\n".join(texts).encode("ascii").translate(self._values)
        return bytes([total % MODULUS for total in map(sum, values.split(b"\0"))])
