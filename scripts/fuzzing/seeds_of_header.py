"""Headers of both versions to begin with."""

import struct
from collections.abc import Mapping
from socket import AF_INET, AF_INET6, inet_pton

from canary.sink.proxy import SIGNATURE, crc32c

V4 = inet_pton(AF_INET, "192.0.2.1") + inet_pton(AF_INET, "198.51.100.2") + struct.pack("!HH", 56324, 25)
V6 = inet_pton(AF_INET6, "::ffff:192.0.2.1") + inet_pton(AF_INET6, "2001:db8::2") + struct.pack("!HH", 1, 25)
TLS = b"\x20\0\x1d\x07\0\0\0\0\x21\0\x07TLSv1.3\x22\0\x02ab\x23\0\x06client"
WORDS = (
    *(
        b"PROXY ",
        b"TCP4 ",
        b"TCP6 ",
        b"UNKNOWN",
        b"\r\n",
        SIGNATURE,
        SIGNATURE + b"\x21\x11\0\x0c",
        V4,
        V6,
        TLS,
    ),
    *(b"192.0.2.1 ", b"::1 ", b"::ffff:192.0.2.1 ", b"65535", b"\x03\0\x04", b"\x02\0\x01a", b"\x04\0\0"),
)


def seeds() -> Mapping[str, bytes]:
    """Return headers that are whole, and beginnings of some."""
    summed = _binary(0x21, 0x11, V4 + b"\x03\0\x04\0\0\0\0")
    summed = summed[:-4] + crc32c(summed).to_bytes(4)
    return {
        "written": b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\nEHLO a\r\n",
        "written-6": b"PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 25\r\n",
        "unknown": b"PROXY UNKNOWN ffff::1\r\n",
        "begun": b"PROXY TCP4 1.2",
        "binary": _binary(0x21, 0x11, V4) + b"EHLO a\r\n",
        "binary-6": _binary(0x21, 0x21, V6),
        "local": _binary(0x20, 0x00, b""),
        "unix": _binary(0x21, 0x31, bytes(216)),
        "parts": _binary(0x21, 0x11, V4 + b"\x02\0\x04a.bc" + TLS + b"\x04\0\x01\0"),
        "summed": summed,
        "no-header": b"EHLO a\r\n",
    }


def _binary(command: int, family: int, block: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(block).to_bytes(2) + block
