"""PROXY headers as proxies build them."""

import struct

from canary.sink.proxy import SIGNATURE, Header, crc32c, parse


def binary(block: bytes, *, command: int = 0x21, family: int = 0x11, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(block) if length is None else length) + block


def part(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


def summed(block: bytes, *, family: int = 0x11) -> bytes:
    """Return a header with its checksum at the end."""
    zeroed = binary(block + part(3, bytes(4)), family=family)
    return zeroed[:-4] + struct.pack("!I", crc32c(zeroed))


def one_by_one(raw: bytes) -> Header | None:
    """Parse as bytes arrive singly, and see that they are asked for up to the last one and no further."""
    arrived = bytearray()
    for byte in raw:
        arrived.append(byte)
        header = parse(arrived)
        if header is not None:
            assert header.length == len(arrived)
            return header
    return None
