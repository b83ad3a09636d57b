"""Guesses and a distance become the odds that one of them came as near to a decoy by chance.

Who guesses, or mistypes a stranger's address to one of our domains, draws from how people form addresses.
A decoy of s bits is met by such a draw with 2^-s, and the addresses around it by more, since they are more,
and some likelier. Measured on 4 to 50 million pairs (draws of the natural model, and decoys of other
keys in bins of 4 bits), and for one edit also summed over all addresses around decoys:

    bits of the decoy      18    22    26    30    34    38
    -log2 of one edit    16.0  17.6  19.8  23.2     -     -
    the same, summed     17.1  19.0  20.3  24.2  28.1  30.5
    -log2 of two edits   14.4  15.0  16.1  18.7  21.4  24.0

`NEARNESS` is at or below these: it takes chance for likelier than it was measured.
"""

from math import expm1

NEARNESS = {1: (16.0, 26.0, 19.8, 0.85), 2: (14.0, 26.0, 16.0, 0.65)}
"""For so many edits: the least bits, and a line of bits by the decoy's, through a point with a slope."""


def nearness_bits(surprisal: float, distance: float) -> float:
    """Return -log2 of the chance that a natural draw comes within a distance of a decoy of so many bits.

    `distance` is in edits, above 0 and up to 2; halves are rounded up.
    """
    least, at, bits, slope = NEARNESS[1 if distance <= 1 else 2]
    return min(surprisal, max(least, bits + slope * (surprisal - at)))


def nearness_chance(surprisal: float, distance: float, decoys: int, tried: int) -> float:
    """Return the chance that one of so many draws comes within a distance of one of a domain's decoys.

    These are taken to be of `surprisal` bits, those of the decoy that was met nearly.
    """
    return -expm1(-max(tried, 1) * max(decoys, 1) * 2.0 ** -nearness_bits(surprisal, distance))
