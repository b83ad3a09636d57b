"""Ed25519 signatures (RFC 8463) are verified, and no other kind of key is taken for one."""

import base64
from collections.abc import Callable

import pytest

from canary.model import Message
from canary.origin import Authenticator, Outcome
from tests.origin.name_server import NameServer

Make = Callable[..., Message]
KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
SIGNED = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
"""RFC 8463 appendix A, its first signature."""

OTHER = base64.b64encode(bytes(range(32))).decode()
LOW_ORDER = base64.b64encode(bytes([1, *bytes(31)])).decode()
"""The neutral point: lax verifiers take it for the key of anything."""


@pytest.mark.parametrize(
    ("record", "raw", "outcome"),
    [
        (f"v=DKIM1; k=ed25519; p={KEY}", SIGNED, Outcome.PASS),
        (f"v=DKIM1; k=ed25519; p={KEY}", SIGNED.replace(b"dinner", b"supper"), Outcome.FAIL),
        (f"v=DKIM1; k=ed25519; p={KEY}", SIGNED + b"One more line.\r\n", Outcome.FAIL),
        (f"v=DKIM1; k=ed25519; p={OTHER}", SIGNED, Outcome.FAIL),
        (f"v=DKIM1; k=ed25519; p={LOW_ORDER}", SIGNED, Outcome.FAIL),
        (f"v=DKIM1; k=ed25519; p={KEY[:20]}", SIGNED, Outcome.PERMERROR),
        ("v=DKIM1; k=ed25519; p=!!", SIGNED, Outcome.PERMERROR),
        (f"v=DKIM1; p={KEY}", SIGNED, Outcome.PERMERROR),
        (f"v=DKIM1; k=ed25519; p={KEY}", SIGNED.replace(b"ed25519-sha", b"rsa-sha"), Outcome.PERMERROR),
        (f"v=DKIM1; k=ed25519; p={KEY}", SIGNED.replace(b"/gCrinpc", b"AAAA"), Outcome.FAIL),
    ],
)
async def test_an_edwards_signature_is_what_rfc_8463_says(
    names: NameServer, authenticator: Authenticator, letter: Make, record: str, raw: bytes, outcome: Outcome
) -> None:
    names.text("brisbane._domainkey.football.example.com", record)
    found = await authenticator.check(letter(raw))
    assert found.dkim[0].outcome is outcome, found.summary
    assert found.aligned == (("dkim",) if outcome is Outcome.PASS else ())
