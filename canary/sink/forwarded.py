"""What a mail host of ours says of its client (XFORWARD, Postfix's XFORWARD_README) becomes the peer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import ip_address

from canary.model import Peer
from canary.sink.answer import Answer
from canary.sink.letters import upper
from canary.sink.visit import Visit

SYNTAX = "501 5.5.4 Bad XFORWARD syntax"
IN_TRANSACTION = "503 5.5.1 Error: MAIL transaction in progress"
OK = "250 2.0.0 Ok"
UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})
NAME_CHARACTERS = 255
HIGHEST_PORT = 65535

_HEX = re.compile(r"\+([0-9A-F]{2})")


def forwarded(visit: Visit, argument: str) -> Answer:
    """Take in what the host in front knows of its client, for the next message only.

    What it does not know stays empty. Several commands before one MAIL add up.
    """
    if visit.transaction is not None:
        return Answer(IN_TRANSACTION)
    front = visit.front or visit.peer
    peer = (
        visit.peer
        if visit.front is not None
        else replace(front, name="", helo="", certificate="", via=str(front))
    )
    for pair in argument.split():
        name, equals, value = pair.partition("=")
        take = ATTRIBUTES.get(upper(name))
        if take is None or not equals:
            return Answer(SYNTAX)
        if upper(value) in UNKNOWN:
            continue
        value = _HEX.sub(lambda found: chr(int(found[1], 16)), value)
        found = take(peer, value[:NAME_CHARACTERS])
        if found is None or not value.isprintable():
            return Answer(SYNTAX)
        peer = found
    if not argument:
        return Answer(SYNTAX)
    visit.front, visit.peer = front, peer
    return Answer(OK)


def _address(peer: Peer, value: str) -> Peer | None:
    address = value[5:] if upper(value[:5]) == "IPV6:" else value
    try:
        return replace(peer, ip=str(ip_address(address)))
    except ValueError:
        return None


def _port(peer: Peer, value: str) -> Peer | None:
    if not (value.isascii() and value.isdigit()) or int(value) > HIGHEST_PORT:
        return None
    return replace(peer, port=int(value))


def _unused(peer: Peer, _: str) -> Peer | None:
    return peer


ATTRIBUTES: Mapping[str, Callable[[Peer, str], Peer | None]] = {
    "NAME": lambda peer, value: replace(peer, name=value),
    "ADDR": _address,
    "PORT": _port,
    "HELO": lambda peer, value: replace(peer, helo=value),
    "PROTO": _unused,
    "IDENT": _unused,
    "SOURCE": _unused,
}
