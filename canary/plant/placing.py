"""A decoy of a record becomes a place among those that are shown, the same at every look."""

from collections.abc import Callable, Mapping

from canary.model import Access, Decoy, Layer
from canary.ports import pair_of

Draw = Callable[[bytes, bytes], bytes]
BITS = 52
MOST_SLOTS = 50
"""As many decoys as mint.cap may ever have allowed; it may have been lowered since."""


def placement_salt(draw: Draw, access: Access, decoy: Decoy) -> bytes:
    """Return the keyed bytes that place a decoy; one that employees share is at the same place for all."""
    own = decoy.layer is Layer.VIEW
    return _salt(draw, _view(access) if own else _shared(decoy.layer, access.record), decoy.slot)


def placement_salts(draw: Draw, access: Access) -> list[bytes]:
    """Return the keyed bytes that place each slot's decoy among the records, the same at every access."""
    whose = _view(access)
    return [_salt(draw, whose, slot) for slot in range(MOST_SLOTS)]


def shared_salts(draw: Draw, record: str, slots: Mapping[Layer, int]) -> dict[Layer, list[bytes]]:
    """Return the keyed bytes that place a record's shared decoys, the same for whoever looks."""
    return {
        layer: [_salt(draw, _shared(layer, record), slot) for slot in range(most)]
        for layer, most in slots.items()
    }


def position(salt: bytes) -> float:
    """Return the fraction, from 0 to below 1, that keyed bytes stand for."""
    return (int.from_bytes(salt[:8]) >> (64 - BITS)) / (1 << BITS)


def _view(access: Access) -> str:
    employee, record, acting = pair_of(access)
    return f"{employee}\0{record}" + (acting and f"\0{acting}")


def _shared(layer: Layer, record: str) -> str:
    return f"\0{layer.value}\0{record}"


def _salt(draw: Draw, whose: str, slot: int) -> bytes:
    return draw(b"place", b"%b\x00%d" % (whose.encode("utf-8", "surrogatepass"), slot))
