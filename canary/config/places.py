"""Places: domains, hosts, ports and networks as somebody wrote them become typed values."""

import math
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from canary.address import canonical_domain
from canary.config.kinds import Kind, items_of, text_of

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Domain(NamedTuple):
    """A domain that decoys live under, in ASCII, and its share against the other domains."""

    name: str
    weight: float


class Endpoint(NamedTuple):
    """Where something listens; `host` is a name or an address, without brackets.

    Of a Unix socket `path` is where it is, and there is no host.
    """

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        """Return it as it is written in the configuration."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Network = IPv4Network | IPv6Network


class NamedAddress(NamedTuple):
    """An address of this machine, and the host name that goes with it."""

    address: str
    name: str


def web_url() -> Kind:
    """Return the kind of addresses to post to: https, or http to this very machine; "" is None."""

    def parse(value: object) -> str | None:
        text = text_of(value)
        if not text:
            return None
        url = urlsplit(text)
        host = url.hostname or ""
        if not host or " " in text or (url.scheme != "https" and not (url.scheme == "http" and _local(host))):
            raise ValueError
        return text

    return Kind("an https:// address (http:// only to this machine)", parse)


def host_name() -> Kind:
    """Return the kind of full host names; "" is allowed and stays."""
    return Kind(
        "a host name such as mail.example.org", lambda value: text_of(value) and host_of(text_of(value))
    )


def domains() -> Kind:
    """Return the kind of lists of `domain` or `domain=weight`; no domain twice."""

    def parse(value: object) -> tuple[Domain, ...]:
        found = tuple(map(_domain, items_of(value)))
        _refuse_repeats([domain.name for domain in found])
        return found

    return Kind('a list of domains such as ["example.org", "example.net=3"]', parse, items_of)


def endpoints(*, least: int = 1, unix: bool = False) -> Kind:
    """Return the kind of lists of `host:port` (and `unix:/path`); a single one may stand alone."""

    def parse(value: object) -> tuple[Endpoint, ...]:
        found = tuple(
            _unix(item) if unix and item.startswith("unix:") else _endpoint(item) for item in items_of(value)
        )
        _refuse_repeats(list(map(str, found)))
        if len(found) < least:
            raise ValueError("at least one is needed")
        return found

    example = '"unix:/run/canary/lmtp"' if unix else '"[::1]:2525"'
    return Kind(f'a list of host:port such as ["127.0.0.1:2525", {example}]', parse, items_of)


def endpoint() -> Kind:
    """Return the kind of one `host:port`; "" is None."""

    def parse(value: object) -> Endpoint | None:
        text = text_of(value)
        return _endpoint(text) if text else None

    return Kind("a host:port such as 127.0.0.1:9465", parse)


def networks() -> Kind:
    """Return the kind of lists of networks and addresses."""

    def parse(value: object) -> tuple[Network, ...]:
        found = tuple(map(_network, items_of(value)))
        _refuse_repeats(list(map(str, found)))
        return found

    return Kind('a list of networks such as ["192.0.2.0/24", "2001:db8::/32"]', parse, items_of)


def named_addresses() -> Kind:
    """Return the kind of lists of `address=host name`; no address twice."""

    def parse(value: object) -> tuple[NamedAddress, ...]:
        found = tuple(map(_named_address, items_of(value)))
        _refuse_repeats([each.address for each in found])
        return found

    return Kind('a list of address=name such as ["192.0.2.1=mx.example.org"]', parse, items_of)


def host_of(text: str) -> str:
    """Return a host name of two labels or more in lower-case ASCII (RFC 1123 section 2.1, RFC 5890)."""
    name = canonical_domain(text.strip())
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(map(LABEL.fullmatch, labels)):  # noqa: PLR2004 - RFC 1035 section 2.3.4; two labels make one dot
        raise ValueError(f"{text[:80]!r} is no host name with a dot")
    return name


def _domain(text: str) -> Domain:
    name, equals, share = text.partition("=")
    try:
        weight = float(share) if equals else 1.0
    except ValueError:
        weight = math.nan
    if not 0 < weight <= 1_000_000:  # noqa: PLR2004 - beyond that a share is a slip of the hand
        raise ValueError(f"{text[:80]!r} has no weight above 0 and up to 1000000")
    return Domain(host_of(name), weight)


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    bracketed = bare != host
    if not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:  # noqa: PLR2004 - RFC 9293 section 3.1
        raise ValueError(f"{text[:80]!r} has no port from 0 to 65535")
    if not bare or (":" in bare) != bracketed or not re.fullmatch(r"[\w.:%-]+", bare):
        raise ValueError(f"{text[:80]!r} has no host (an IPv6 address stands in brackets)")
    return Endpoint(bare, int(port))


def _unix(text: str) -> Endpoint:
    path = text.removeprefix("unix:")
    if not path.startswith("/") or len(path.encode()) > 100:  # noqa: PLR2004 - sockaddr_un holds 108 bytes
        raise ValueError(f"{text[:80]!r} is no absolute path of a socket")
    return Endpoint("", 0, path)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text[:80]!r} is no network (no bits beyond the prefix)") from None


def _named_address(text: str) -> NamedAddress:
    address, equals, name = text.partition("=")
    try:
        found = ip_address(address.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError(f"{text[:80]!r} has no address before its name") from None
    if not equals:
        raise ValueError(f"{text[:80]!r} has no name")
    return NamedAddress(str(found), host_of(name))


def _refuse_repeats(names: list[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValueError(f"{name!r} is there twice")


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
