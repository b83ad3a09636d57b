"""Side by side with a real Postfix: whatever is said, the same codes and words come back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from canary.sink.settings import Limits, TlsFiles
from tests.sink.dialogues_of_manners import DIALOGUES, LIVE, OTHER
from tests.sink.postfix_parts import receiving_postfix
from tests.sink.talk import Heard, recorded, speak_all

HOSTNAME = "mx.example.net"
RECORDED = Path(__file__).with_name("dialogues") / "postfix" / "manners.txt"
ROLES = [
    f"{role}@{domain}"
    for domain in ("example.net", "example.org", HOSTNAME)
    for role in ("postmaster", "abuse")
]

STRANGERS = Limits(exempt=(IPv4Network("192.0.2.0/24"),), unknown=0, unknown_slow=0)
BARE = (
    "Postfix 3.7 takes bare newlines for line ends (CVE-2023-51764) unless smtpd_forbid_bare_newline is set, "
    "which is off there by default; only CRLF.CRLF ends a message of ours, as in Postfix 3.9"
)
ECHO = "Postfix repeats control characters as they are or as blanks; we make them question marks"
LITERAL = "our own addresses in brackets are no domain of ours: nobody mints decoys there"
UNKNOWN = "Recipient address rejected: User unknown in local recipient table"


def smuggled(name: str) -> dict[tuple[str, int], tuple[str, str, str]]:
    """Return what follows from a message that ended too early: its rest is taken for commands."""
    return {
        (name, 6): ("250 2.0.0 Ok", "221 2.0.0 Bye", BARE),
        (name, 7): ("221 2.7.0 Error: I can break rules, too. Goodbye. | EOF", "EOF", BARE),
    }


# What stays different: dialogue, and step counted from the banner on; what Postfix says, what we say; why.
DIFFERENT: dict[tuple[str, int], tuple[str, str, str]] = {
    **smuggled("smuggling: bare newlines around the dot"),
    **smuggled("smuggling: a bare newline before the dot"),
    **smuggled("smuggling: a bare newline after the dot"),
    **smuggled("smuggling: a return before the newline"),
    ("controls", 4): (
        f"550 5.1.1 <a b@example.net>: {UNKNOWN}",
        f"550 5.1.1 <a?b@example.net>: {UNKNOWN}",
        ECHO,
    ),
    ("controls again", 1): (
        "555 5.5.4 Unsupported option: \x1b=1",
        "555 5.5.4 Unsupported option: ?=1",
        ECHO,
    ),
    ("controls again", 2): (
        f"550 5.1.1 <a b@example.net>: {UNKNOWN}",
        f"550 5.1.1 <a?b@example.net>: {UNKNOWN}",
        ECHO,
    ),
    ("controls beyond ascii", 2): (
        f"550 5.1.1 <a\xe2\x80\xa8@example.net>: {UNKNOWN}",
        f"550 5.1.1 <a?@example.net>: {UNKNOWN}",
        ECHO,
    ),
    ("rcpt routes", 7): (
        f"550 5.1.1 <anna.reed@[127.0.0.1]>: {UNKNOWN}",
        "554 5.7.1 <anna.reed@[127.0.0.1]>: Relay access denied",
        LITERAL,
    ),
}


@pytest.fixture(scope="module")
def postfix(certificate: tuple[Path, Path]) -> Iterator[int]:
    with receiving_postfix(HOSTNAME, [LIVE, OTHER, "cora_lund@example.org", *ROLES], *certificate) as port:
        yield port


def differences(theirs: dict[str, Heard], ours: dict[str, Heard]) -> dict[tuple[str, int], tuple[str, str]]:
    """Return the places where two hosts were not heard to say the same, and what each said."""
    return {
        (name, place): (" | ".join(one), " | ".join(other))
        for name, heard in theirs.items()
        for place, (one, other) in enumerate(zip(heard, ours[name], strict=True))
        if one != other
    }


EXPECTED = {place: (one, other) for place, (one, other, _) in DIFFERENT.items()}


async def test_strangers_hear_from_us_what_they_hear_from_postfix(
    postfix: int, open_host: Callable[..., Awaitable[Any]], certificate: tuple[Path, Path]
) -> None:
    host = await open_host(tls=TlsFiles(*certificate), limits=STRANGERS)
    theirs, ours = await asyncio.gather(speak_all(postfix, DIALOGUES), speak_all(host.address[1], DIALOGUES))
    assert differences(theirs, ours) == EXPECTED


@pytest.mark.usefixtures("prompt")
async def test_strangers_hear_from_us_what_postfix_was_heard_to_say(
    open_host: Callable[..., Awaitable[Any]], certificate: tuple[Path, Path]
) -> None:
    theirs = recorded(RECORDED)
    host = await open_host(tls=TlsFiles(*certificate), limits=STRANGERS)
    assert theirs.keys() == DIALOGUES.keys()
    assert differences(theirs, await speak_all(host.address[1], DIALOGUES)) == EXPECTED


async def test_after_ten_errors_both_answer_a_second_late(
    postfix: int, open_host: Callable[..., Awaitable[Any]]
) -> None:
    host = await open_host(limits=STRANGERS)
    for port in (postfix, host.address[1]):
        spent = [9.0] * 12
        for _ in range(3):  # a machine may be slow itself
            if sum(spent[:10]) >= 0.9:
                spent = await twelve_errors(port)
        assert min(spent[10:]) > 0.9
        assert sum(spent[:10]) < 0.9


async def twelve_errors(port: int) -> list[float]:
    """Return how many seconds the answer to each of twelve commands that are none took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    spent = []
    for _ in range(12):
        began = time.monotonic()
        writer.write(b"FOO\r\n")
        assert (await reader.readline()).startswith(b"500 5.5.2 ")
        spent.append(time.monotonic() - began)
    writer.close()
    await writer.wait_closed()
    return spent


async def test_who_is_exempt_from_limits_is_neither_answered_late_nor_sent_away(
    open_host: Callable[..., Awaitable[Any]],
) -> None:
    host = await open_host(limits=Limits())
    client = await host.client()
    await client.reply()
    began = time.monotonic()
    assert await client.say(*["FOO"] * 50) == "500 5.5.2 Error: command not recognized"
    assert (await client.say("NOOP")).startswith("250")
    assert time.monotonic() - began < 20, "forty late answers take forty seconds"
