"""A decoy of a record becomes a place among those that are shown, the same at every look."""

from collections.abc import Callable

from canary.model import Access, Decoy, Layer
from canary.ports import pair_of

Draw = Callable[[bytes, bytes], bytes]
BITS = 52


def placement_salt(draw: Draw, access: Access, decoy: Decoy) -> bytes:
    """Return the keyed bytes that place a decoy; one that employees share is at the same place for all."""
    if decoy.layer is Layer.VIEW:
        acting = pair_of(access)[2]
        whose = f"{access.employee}\0{access.record}" + (acting and f"\0{acting}")
    else:
        whose = f"\0{decoy.layer.value}\0{access.record}"
    return draw(b"place", b"%b\x00%d" % (whose.encode("utf-8", "surrogatepass"), decoy.slot))


def position(salt: bytes) -> float:
    """Return the fraction, from 0 to below 1, that keyed bytes stand for."""
    return (int.from_bytes(salt[:8]) >> (64 - BITS)) / (1 << BITS)
