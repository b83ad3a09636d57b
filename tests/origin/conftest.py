"""A name server, a signing domain, and messages from it."""

import base64
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache

import dkim  # type: ignore[import-untyped]
import pytest

from canary.model import Message, Peer
from canary.origin import Authenticator
from canary.origin.authentication import Bounds
from tests.origin.name_server import NameServer, serving

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LETTER = (
    b"From: Care <care@seller.example>\r\nTo: you@one.example\r\nSubject: About your review\r\n"
    b"Message-ID: <1@seller.example>\r\n\r\nPlease change it.\r\n"
)


@cache
def key_of(bits: int) -> tuple[bytes, str]:
    """Return a private RSA key in PEM and the public one as a key record has it."""
    command = ["openssl", "genrsa", "-traditional", str(bits)]
    private = subprocess.run(command, capture_output=True, check=True).stdout
    command = ["openssl", "rsa", "-pubout", "-outform", "DER"]
    public = subprocess.run(command, input=private, capture_output=True, check=True).stdout
    return private, base64.b64encode(public).decode()


@pytest.fixture
def names() -> Iterator[NameServer]:
    with serving() as server:
        yield server


@pytest.fixture
def authenticator(names: NameServer) -> Iterator[Authenticator]:
    made = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=6))
    yield made
    made.close()


@pytest.fixture
def sign(names: NameServer) -> Callable[..., bytes]:
    """Return what signs a message and publishes the key."""

    def signed(raw: bytes, domain: str = "seller.example", bits: int = 1024, **told: object) -> bytes:
        private, public = key_of(bits)
        selector = f"s{bits}"
        if (f"{selector}._domainkey.{domain}", "TXT") not in names.records:
            names.text(f"{selector}._domainkey.{domain}", f"v=DKIM1; p={public}")
        field: bytes = dkim.sign(raw, selector.encode(), domain.encode(), private, **told)
        return field + raw

    return signed


@pytest.fixture
def letter() -> Callable[..., Message]:
    """Return a maker of messages as they came in from 192.0.2.7."""

    def make(
        raw: bytes = LETTER,
        mail_from: str = "care@seller.example",
        helo: str = "mail.seller.example",
        ip: str = "192.0.2.7",
        *,
        ours: bool = True,
    ) -> Message:
        return Message(raw, mail_from, ("you@one.example",), Peer(ip, 41234, helo), AT, ours)

    return make
