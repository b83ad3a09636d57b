"""Kinds: what somebody wrote for a setting becomes a typed value, or a ValueError saying why not."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from canary.address import canonical_domain

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SPAN = re.compile(r"(\d+)([smhdw])")
SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SIZE = re.compile(r"(\d+)\s*([KMG]i?B|B)?", re.IGNORECASE)
SIZES: dict[str, int] = {"": 1, "b": 1} | {
    unit: base**power
    for power, letter in enumerate("kmg", start=1)
    for unit, base in ((f"{letter}b", 1000), (f"{letter}ib", 1024))
}
SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting may be.

    `parse` takes a TOML value, `native` turns the text of a variable or flag into a TOML value;
    both raise ValueError. `allowed` completes the sentence "this is not …".
    """

    allowed: str
    parse: Callable[[object], Any]
    native: Callable[[str], object] = str


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


def whole(low: int, high: int) -> Kind:
    """Return the kind of whole numbers between two, both included."""

    def parse(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number from {low} to {high}", parse, int)


def number(low: float, high: float) -> Kind:
    """Return the kind of numbers between two, both included."""

    def parse(value: object) -> float:
        if type(value) not in {int, float} or not low <= float(str(value)) <= high:
            raise ValueError
        return float(str(value))

    return Kind(f"a number from {low:g} to {high:g}", parse, float)


def choice(*names: str) -> Kind:
    """Return the kind of one word out of several."""

    def parse(value: object) -> str:
        if value not in names:
            raise ValueError
        return str(value)

    return Kind(f"one of {', '.join(names)}", parse)


def duration(low: str, high: str) -> Kind:
    """Return the kind of times such as `90s`, `30m`, `24h`, `7d` or `1h30m`, between two."""
    least, most = span_of(low), span_of(high)

    def parse(value: object) -> timedelta:
        span = span_of(str(value) if type(value) is int else _text(value))
        if not least <= span <= most:
            raise ValueError
        return span

    return Kind(f"a duration from {low} to {high}, such as 90s, 30m, 24h or 7d", parse)


def span_of(text: str) -> timedelta:
    """Return a duration written as numbers with their units (s, m, h, d, w), or 0."""
    if text == "0":
        return timedelta(0)
    parts = SPAN.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        raise ValueError
    try:
        return sum((timedelta(**{SPANS[unit]: int(count)}) for count, unit in parts), timedelta(0))
    except OverflowError:
        raise ValueError from None


def size(low: str, high: str) -> Kind:
    """Return the kind of sizes in bytes, such as `25MB`, between two."""
    least, most = size_of(low), size_of(high)

    def parse(value: object) -> int:
        count = size_of(str(value) if type(value) is int else _text(value))
        if not least <= count <= most:
            raise ValueError
        return count

    return Kind(f"a size from {low} to {high}: bytes, or with KB, MB, GB, KiB, MiB or GiB", parse)


def size_of(text: str) -> int:
    """Return how many bytes are meant; KB is 1000 bytes, KiB is 1024."""
    found = SIZE.fullmatch(text)
    if not found:
        raise ValueError
    return int(found[1]) * SIZES[(found[2] or "").lower()]


def path(*, optional: bool = False) -> Kind:
    """Return the kind of file paths; an optional one may be "", which is None."""

    def parse(value: object) -> Path | None:
        text = _text(value)
        if not text and not optional:
            raise ValueError
        return Path(text) if text else None

    return Kind("the path of a file", parse)


def store_url() -> Kind:
    """Return the kind of database addresses; only `sqlite:///FILE` so far."""

    def parse(value: object) -> str:
        text = _text(value)
        scheme, colon, _ = text.partition(":")
        if colon and scheme != "sqlite":
            raise ValueError(f"the scheme {scheme[:20]!r} is not supported; sqlite is")
        file = text.removeprefix(SQLITE)
        if file in {text, "", ":memory:"} or "?" in file or file.endswith("/"):
            raise ValueError
        return text

    return Kind("a database such as sqlite:///canary.db or sqlite:////var/lib/canary/canary.db", parse)


def web_url() -> Kind:
    """Return the kind of addresses to post to: https, or http to this very machine; "" is None."""

    def parse(value: object) -> str | None:
        text = _text(value)
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
    return Kind("a host name such as mail.example.org", lambda value: _text(value) and host_of(_text(value)))


def domains() -> Kind:
    """Return the kind of lists of `domain` or `domain=weight`; no domain twice."""

    def parse(value: object) -> tuple[Domain, ...]:
        found = tuple(map(_domain, _items(value)))
        _refuse_repeats([domain.name for domain in found])
        return found

    return Kind('a list of domains such as ["example.org", "example.net=3"]', parse, _items)


def endpoints(*, least: int = 1, unix: bool = False) -> Kind:
    """Return the kind of lists of `host:port` (and `unix:/path`); a single one may stand alone."""

    def parse(value: object) -> tuple[Endpoint, ...]:
        found = tuple(
            _unix(item) if unix and item.startswith("unix:") else _endpoint(item) for item in _items(value)
        )
        _refuse_repeats(list(map(str, found)))
        if len(found) < least:
            raise ValueError("at least one is needed")
        return found

    example = '"unix:/run/canary/lmtp"' if unix else '"[::1]:2525"'
    return Kind(f'a list of host:port such as ["127.0.0.1:2525", {example}]', parse, _items)


def endpoint() -> Kind:
    """Return the kind of one `host:port`; "" is None."""

    def parse(value: object) -> Endpoint | None:
        text = _text(value)
        return _endpoint(text) if text else None

    return Kind("a host:port such as 127.0.0.1:9465", parse)


def networks() -> Kind:
    """Return the kind of lists of networks and addresses."""

    def parse(value: object) -> tuple[Network, ...]:
        found = tuple(map(_network, _items(value)))
        _refuse_repeats(list(map(str, found)))
        return found

    return Kind('a list of networks such as ["192.0.2.0/24", "2001:db8::/32"]', parse, _items)


def named_addresses() -> Kind:
    """Return the kind of lists of `address=host name`; no address twice."""

    def parse(value: object) -> tuple[NamedAddress, ...]:
        found = tuple(map(_named_address, _items(value)))
        _refuse_repeats([each.address for each in found])
        return found

    return Kind('a list of address=name such as ["192.0.2.1=mx.example.org"]', parse, _items)


def yes_or_no() -> Kind:
    """Return the kind of true and false."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - one exception says "not of this kind"
        return value

    def native(text: str) -> bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError
        return text.lower() == "true"

    return Kind("true or false", parse, native)


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


def _items(value: object) -> list[str]:
    if isinstance(value, str):
        return [item.strip() for item in _text(value).split(",") if item.strip()]
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - one exception says "not of this kind"
    return [_text(item) for item in value]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


def _refuse_repeats(names: list[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValueError(f"{name!r} is there twice")


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
