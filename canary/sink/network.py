"""A client's address becomes the network that it is counted under."""

from ipaddress import IPv4Network, IPv6Network
from socket import AF_INET, AF_INET6, inet_pton

from canary.sink.settings import Network

NETWORK_BYTES = 8
"""What the networks of two clients differ in: all of an IPv4 address, the first half of an IPv6 one."""

_MAPPED = bytes(10) + b"\xff\xff"
_MAPPED_BITS = 96


def packed(ip: str) -> bytes:
    """Return the 4 bytes of an IPv4 address, written as an IPv6 one or not, or the 16 of an IPv6 one.

    b"" for what is neither: the other end of a Unix socket has no address.
    """
    try:
        if ":" not in ip:
            return inet_pton(AF_INET, ip)
        found = inet_pton(AF_INET6, ip.partition("%")[0])
    except (OSError, ValueError):
        return b""
    return found[12:] if found.startswith(_MAPPED) else found


def written(network: bytes) -> str:
    """Return a network as people write it: 203.0.113.7/32, 2001:db8::/64."""
    if len(network) == NETWORK_BYTES:
        return str(IPv6Network((network + bytes(NETWORK_BYTES), 64)))
    return str(IPv4Network(network))


class Networks:
    """Networks of any size, of which one wants to know whether an address is in them."""

    __slots__ = ("_v4", "_v6")

    def __init__(self, networks: tuple[Network, ...]) -> None:
        plain = [_plain(network) for network in networks]
        self._v4 = tuple((int(n.network_address), int(n.netmask)) for n in plain if n.version == 4)  # noqa: PLR2004
        self._v6 = tuple((int(n.network_address), int(n.netmask)) for n in plain if n.version == 6)  # noqa: PLR2004

    def have(self, address: bytes) -> bool:
        """Say whether a packed address is in one of the networks."""
        number = int.from_bytes(address)
        for first, mask in self._v6 if len(address) > NETWORK_BYTES else self._v4:
            if number & mask == first:
                return True
        return False


def _plain(network: Network) -> Network:
    """Return the IPv4 network where one is written as an IPv6 one."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((int(mapped), network.prefixlen - _MAPPED_BITS))
    return network
