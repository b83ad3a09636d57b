"""The first bytes from a proxy of ours become the addresses of the client behind it."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from canary.errors import CanaryError
from canary.sink.settings import HIGHEST_PORT

LARGEST = 16 * 1024
"""How many bytes a header may have; the longest known ones carry a client's certificate."""

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_WORD = b"PROXY "
_LINE_BYTES = 107
_NAME_CHARACTERS = 255

_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r\n]*)?"
    rb"|TCP4 ([0-9.]{7,15}) ([0-9.]{7,15}) ([0-9]{1,5}) ([0-9]{1,5})"
    rb"|TCP6 ([0-9A-Fa-f:.]{2,39}) ([0-9A-Fa-f:.]{2,39}) ([0-9]{1,5}) ([0-9]{1,5}))\r\n"
)

_FIXED = 16
_VERSION = 2
_STREAM = 1
_LOCAL, _PROXY = range(2)
_UNSPEC, _INET, _INET6, _UNIX = range(4)
_ADDRESSES = {_INET: 12, _INET6: 36, _UNIX: 216}
_PROTOCOLS = range(3)
_TLV_HEAD = 3

_AUTHORITY, _CRC32C, _SSL = 0x02, 0x03, 0x20
_SSL_VERSION, _SSL_CN, _SSL_CIPHER = 0x21, 0x22, 0x23
_SSL_HEAD = 5
_OVER_SSL = 0x01
_CRC_BYTES = 4


class ProxyError(CanaryError):
    """What should have been a PROXY header is none; the connection is to be dropped without a word."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whom the proxy speaks for, in how many bytes; what the client sent begins after them.

    `authority` is the host name that the client asked for (in TLS its server_name), `tls` is
    "TLSv1.3 CIPHER" where the proxy ended the client's TLS, and `common_name` that of the certificate which
    the client showed and the proxy verified.
    """

    length: int
    ip: str = ""
    port: int = 0
    our_ip: str = ""
    our_port: int = 0
    authority: str = ""
    tls: str = ""
    common_name: str = ""

    @property
    def local(self) -> bool:
        """Say whether the proxy speaks for itself or cannot say for whom: the connection's addresses hold."""
        return not self.ip


def parse(buffer: bytes | bytearray) -> Header | None:
    """Return the PROXY header, of version 1 or 2, that `buffer` begins with; None while it is incomplete.

    After None ask again with more bytes; never more than LARGEST are needed. Raises ProxyError once it is
    clear that no header comes, for a written line at its end or after 107 bytes, else at the first wrong
    byte. By HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2; IPv4 addresses written as IPv6 ones are
    returned as IPv4. Only connections from peers that are known to be proxies may be read like this, and
    all of theirs must be: to guess whether a header is there would let clients write one (section 5).
    """
    if buffer.startswith(SIGNATURE):
        return _binary(buffer)
    if buffer.startswith(_WORD):
        return _written(buffer)
    if SIGNATURE.startswith(buffer) or _WORD.startswith(buffer):
        return None
    raise ProxyError("no PROXY header")


def _written(buffer: bytes | bytearray) -> Header | None:
    """Return what a header of version 1 says; None while its line is incomplete."""
    end = buffer.find(b"\n", 0, _LINE_BYTES) + 1
    if not end:
        if len(buffer) >= _LINE_BYTES or b"\r" in buffer[:-1]:
            raise ProxyError("no end of the PROXY line")
        return None
    matched = _LINE.fullmatch(buffer, 0, end)
    if matched is None:
        raise ProxyError("malformed PROXY line")
    ip, our_ip, port, our_port = matched.groups()[:4] if matched[1] else matched.groups()[4:]
    if ip is None:
        return Header(end)
    kind = IPv4Address if matched[1] else IPv6Address
    try:
        return Header(
            end, _text(kind(ip.decode())), _port(port), _text(kind(our_ip.decode())), _port(our_port)
        )
    except AddressValueError:
        raise ProxyError("no address in the PROXY line") from None


def _binary(buffer: bytes | bytearray) -> Header | None:
    """Return what a header of version 2 says; None while it is incomplete."""
    if len(buffer) > len(SIGNATURE) and buffer[12] >> 4 != _VERSION:
        raise ProxyError("unknown version")
    if len(buffer) < _FIXED:
        return None
    command, family, protocol = buffer[12] & 15, buffer[13] >> 4, buffer[13] & 15
    end = _FIXED + int.from_bytes(buffer[14:16])
    if end > LARGEST:
        raise ProxyError("header too long")
    if command not in {_LOCAL, _PROXY}:
        raise ProxyError("unknown command")
    if command == _PROXY and not (protocol in _PROTOCOLS and (family == _UNSPEC or (family in _ADDRESSES))):
        raise ProxyError("unknown address family or protocol")
    addresses = _FIXED + (_ADDRESSES.get(family, 0) if command == _PROXY else 0)
    if addresses > end:
        raise ProxyError("too short for its addresses")
    if len(buffer) < end:
        return None
    if command == _LOCAL or family == _UNSPEC:
        return Header(end)  # section 2.2: what else the block holds is ignored
    told = _told(bytes(buffer[:end]), addresses)
    if family == _UNIX or protocol != _STREAM:
        return Header(end, "", 0, "", 0, *told)
    return Header(end, *_endpoints(bytes(buffer[_FIXED:addresses])), *told)


def _endpoints(block: bytes) -> tuple[str, int, str, int]:
    """Return the client's address and port, and those it connected to."""
    size = (len(block) - 4) // 2
    kind = IPv4Address if size == IPv4Address(0).max_prefixlen // 8 else IPv6Address
    ports = int.from_bytes(block[-4:-2]), int.from_bytes(block[-2:])
    return _text(kind(block[:size])), ports[0], _text(kind(block[size:-4])), ports[1]


def _told(header: bytes, start: int) -> tuple[str, str, str]:
    """Return authority, TLS and common name from what follows the addresses, once its checksum holds."""
    authority = tls = common_name = ""
    checked = False
    for kind, begin, end in _parts(header, start, len(header)):
        if kind == _CRC32C:
            if checked or end - begin != _CRC_BYTES:
                raise ProxyError("malformed checksum")
            checked = True
            zeroed = header[:begin] + bytes(_CRC_BYTES) + header[end:]
            if crc32c(zeroed) != int.from_bytes(header[begin:end]):
                raise ProxyError("wrong checksum")
        elif kind == _AUTHORITY:
            authority = _name(header[begin:end])
        elif kind == _SSL:
            tls, common_name = _secured(header, begin, end)
    return authority, tls, common_name


def _secured(header: bytes, begin: int, end: int) -> tuple[str, str]:
    """Return version and cipher, and the name in a verified certificate (section 2.2.6)."""
    if end - begin < _SSL_HEAD:
        raise ProxyError("malformed TLS part")
    client, verify = header[begin], header[begin + 1 : begin + _SSL_HEAD]
    parts = {kind: _name(header[at:to]) for kind, at, to in _parts(header, begin + _SSL_HEAD, end)}
    if not client & _OVER_SSL:
        return "", ""
    tls = f"{parts.get(_SSL_VERSION, 'TLS')} {parts.get(_SSL_CIPHER, '')}".rstrip()
    return tls, "" if any(verify) else parts.get(_SSL_CN, "")


def _parts(header: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """Return type, begin and end of every type-length-value that stands between two places."""
    found = []
    while start < end:
        begin = start + _TLV_HEAD
        kind, start = header[start], begin + int.from_bytes(header[start + 1 : begin])
        if begin > end or start > end:
            raise ProxyError("a part reaches beyond the header")
        found.append((kind, begin, start))
    return found


def _name(value: bytes) -> str:
    return value.decode("utf-8", "replace")[:_NAME_CHARACTERS]


def _port(digits: bytes) -> int:
    port = int(digits)
    if port > HIGHEST_PORT or (digits.startswith(b"0") and len(digits) > 1):
        raise ProxyError("no port in the PROXY line")
    return port


def _text(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes (RFC 9260 appendix A); 70 ns a byte."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF
