"""The time becomes an alert about nothing, to try a channel with."""

from datetime import timedelta

from canary.alert.facts import TEST_ALERT
from canary.model import (
    Access,
    Alert,
    AlertState,
    BaseRate,
    Decoy,
    Hit,
    HitClass,
    KeptMessage,
    Peer,
    Verdict,
)
from canary.ports import Clock

HEAD = b"""From: Test Sender <sender@example.net>
Subject: TEST of the alert channel: nothing happened
"""


def sample_alert(clock: Clock, channel: str = "slack") -> Alert:
    """Return an alert that says it is a test, with addresses that nobody can have (RFC 2606)."""
    now = clock()
    shown = now - timedelta(days=3, hours=4)
    access = Access(
        employee="test.employee@example.com",
        record="test-record",
        at=shown,
        beneficiary="Test Beneficiary",
        tool="test-tool",
        session="test-session",
        client_ip="192.0.2.1",
        id="acc_test",
    )
    message = KeptMessage(
        id="msg_test",
        sha256="0" * 64,
        mail_from="sender@example.net",
        recipients=("test.reviewer@example.org",),
        peer=Peer(ip="198.51.100.1", port=25, helo="mail.example.net"),
        received_at=now,
        size=len(HEAD),
        ours=True,
        head=HEAD,
    )
    hit = Hit(
        id="hit_test",
        at=now,
        verdict=Verdict(HitClass.MAIL, 0.5, ("this is a test; nothing happened",)),
        decoy=Decoy("test.reviewer@example.org", "Test", "Reviewer", shown, 0, 40.0, "test"),
        accesses=(access,),
        message=message,
        probe=None,
        deliveries=1,
    )
    return Alert(
        id=TEST_ALERT,
        channel=channel,
        state=AlertState.OWED,
        attempts=0,
        created_at=now,
        due_at=now,
        hits=(hit,),
        base_rate=BaseRate(decoys=1, controls=200),
    )
