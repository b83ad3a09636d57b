from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import Header

import pytest

from canary.alert.sample import sample_alert
from canary.demo.slack import SlackReceiver
from canary.model import Access, Alert, BaseRate, Hit, HitClass, Peer, Probe, Verb, Verdict

NOW = datetime(2026, 11, 22, 14, 3, 22, tzinfo=UTC)


def make_alert(
    *,
    count: int = 1,
    employees: int = 1,
    messages: int = 1,
    hit_class: HitClass = HitClass.MAIL,
    sender: str = "seller@offers.example.net",
    subject: str = "Please change your 1-star review",
    earlier: int = 0,
    base_rate: BaseRate | None = None,
    ours: bool = True,
) -> Alert:
    """Return an alert about so many decoys, spread over so many employees and messages."""
    alert = sample_alert(lambda: NOW)
    first = alert.hits[0]
    message = first.message
    assert message is not None
    peer = Peer("203.0.113.9", 4711, "mx.offers.example.net", "TLSv1.3 TLS_AES_256_GCM_SHA384", "s1")
    head = f"From: {Header(sender).encode()}\nSubject: {Header(subject).encode()}\n"
    hits: list[Hit] = []
    for number in range(count):
        at = NOW + timedelta(seconds=number % messages)
        access = Access(
            employee=f"e.moore{number % employees or ''}",
            record=f"sku-{4711 + number % 3}",
            at=NOW - timedelta(days=3, hours=4 + number),
            beneficiary="Northwind Traders",
            tool="review-console",
            session=f"s-{number % 5}",
            client_ip="10.20.30.40",
            id=f"acc_{number}",
        )
        mail = replace(
            message,
            id=f"msg_{number % messages}",
            mail_from="bounce@offers.example.net",
            peer=peer,
            head=head.encode(),
            ours=ours,
        )
        probe = Probe("x@example.org", Verb.RCPT, "verify@check.example", peer, at, others=37)
        probed = hit_class is HitClass.PROBE
        hits.append(
            replace(
                first,
                id=f"hit_{number}",
                at=at,
                verdict=Verdict(
                    hit_class,
                    0.97,
                    ("the address is too unlikely to be guessed", "no control has been hit"),
                ),
                decoy=replace(first.decoy, address=f"emma.stone{number}@mailbox.example", surprisal=43.0),
                accesses=(access, replace(access, at=NOW - timedelta(hours=2), id=f"acc_{number}b")),
                message=None if probed else mail,
                probe=probe if probed else None,
            )
        )
    return replace(
        alert,
        id="alr_1",
        hits=tuple(hits),
        earlier=earlier,
        base_rate=base_rate or BaseRate(decoys=12_000, controls=300, control_hits=0, strays=41),
    )


@pytest.fixture(name="make_alert", scope="session")
def make_alert_fixture() -> Callable[..., Alert]:
    return make_alert


@pytest.fixture
async def receiver() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as listening:
        yield listening


class FakeTime:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()
