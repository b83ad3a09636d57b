"""A proxy's bytes become the addresses of the client behind it, the same in one piece and in many."""

from ipaddress import ip_address

from canary.sink.proxy import LARGEST, Header, ProxyError, parse
from scripts.fuzzing.finding import hold

STEPS = 300
"""So many bytes of a header are tried one by one; what follows in pieces."""


def run(data: bytes) -> None:
    """Read a header in one piece and in many. Raises Finding and whatever else goes wrong."""
    whole = _read(data)
    hold(whole == _read(bytearray(data)), "any kind of bytes reads the same")
    cuts = [*range(min(len(data), STEPS)), *range(STEPS, len(data), STEPS), len(data)]
    first = next((found for cut in cuts if (found := _read(data[:cut])) is not None), None)
    if isinstance(whole, Header):
        hold(first == whole, "pieces make no difference", (first, whole))
        hold(_read(data[: whole.length]) == whole, "what follows makes no difference")
        hold(_read(data + b"x") == whole, "what follows makes no difference")
        hold(_read(data[: whole.length - 1]) is None, "a header is whole at its end and not before")
        _look_at(whole, len(data))
    elif whole is None:
        hold(first is None, "who waits has not read", first)
        hold(len(data) < LARGEST, "nobody waits for ever")
    else:
        hold(isinstance(first, str), "what is no header is none in pieces", first)


def _look_at(header: Header, length: int) -> None:
    hold(0 < header.length <= length, "a header is as long as it is", header)
    hold(header.local == (not header.ip), "a client has an address or is the proxy", header)
    hold(0 <= header.port <= 65535 and 0 <= header.our_port <= 65535, "ports are ports", header)
    for ip in filter(None, (header.ip, header.our_ip)):
        hold(str(ip_address(ip)) == ip, "an address is written in one way", header)
    for text in (header.authority, header.tls, header.common_name):
        hold(len(text) <= 520, "names are bounded", header)
        text.encode()


def _read(data: bytes | bytearray) -> Header | str | None:
    try:
        return parse(data)
    except ProxyError:
        return "none"
