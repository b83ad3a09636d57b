"""The mail side assembled: real sockets, a real database, a Slack-like receiver."""

import asyncio
import smtplib
from collections.abc import Callable
from datetime import timedelta

import pytest

from canary.alert.slack import SlackChannel
from canary.demo.slack import SlackReceiver
from canary.errors import StoreError
from canary.model import Access, AlertState, Peer, Probe, Verb
from canary.ports import HitFilter
from canary.sink import SinkSettings
from canary.watch import Watch, watching
from tests.parts import House

Maker = Callable[..., Access]
SETTINGS = SinkSettings(("127.0.0.1:0",), "mx1.one.example", frozenset({"one.example", "two.example"}))


def send(where: tuple[str, int], *recipients: str, text: str = "Subject: hello\r\n\r\nhello") -> None:
    with smtplib.SMTP(*where, timeout=10) as client:
        client.sendmail("care@seller.example", recipients, text)


async def until(condition: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            meanwhile()
            await asyncio.sleep(0.05)


async def test_mail_to_a_decoy_is_told_in_slack_and_names_nobody_else(house: House, access: Maker) -> None:
    shown = house.planter.plant(access("t.okafor")).decoys[0]
    house.planter.plant(access("e.marsh"))
    async with SlackReceiver() as slack:
        channels = [SlackChannel(slack.url)]
        async with watching(house.store, SETTINGS, channels, house.clock) as (where,):
            await asyncio.to_thread(send, where, shown.address)
            (payload,) = await slack.wait_for(1)
    assert "t.okafor" in str(payload)
    assert "e.marsh" not in str(payload)
    (alert,) = house.store.alerts()
    assert alert.state is AlertState.SENT


async def test_a_dead_slack_costs_no_hit_and_is_told_when_it_is_back(house: House, access: Maker) -> None:
    shown = house.planter.plant(access()).decoys[0]
    async with SlackReceiver() as slack:
        slack.script([500])
        async with watching(house.store, SETTINGS, [SlackChannel(slack.url)], house.clock) as (where,):
            await asyncio.to_thread(send, where, shown.address)
            await slack.wait_for_attempts(1)
            assert house.store.status().hits == 1
            await until(lambda: bool(slack.received), meanwhile=lambda: house.clock.forward(seconds=1))
    (alert,) = house.store.alerts()
    assert (alert.state, alert.attempts) == (AlertState.SENT, 2)


async def test_unknown_recipients_are_counted_apart(house: House, access: Maker) -> None:
    house.planter.plant(access())
    async with watching(house.store, SETTINGS, [], house.clock) as (where,):
        for _ in range(3):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                await asyncio.to_thread(send, where, "nobody@one.example")
    status = house.store.status()
    assert (status.hits, status.strays) == (0, 3)
    assert house.store.base_rate().strays == 3


async def test_strays_that_cannot_be_written_are_counted_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(house.store, asyncio.Event(), house.clock)
    watch.stray("nobody@one.example", None)  # type: ignore[arg-type]

    def full(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(house.store, "count_strays", full)
    await watch.tally()
    assert house.store.status().strays == 0
    monkeypatch.undo()
    await watch.aclose()
    assert house.store.status().strays == 1


async def test_a_probe_that_cannot_be_kept_is_kept_later(
    house: House, access: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    watch = Watch(house.store, asyncio.Event(), house.clock)

    def full(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(house.store, "keep_probe", full)
    await watch.probe(Probe(decoy.address, Verb.RCPT, "", Peer("192.0.2.9", 25), house.clock()))
    await watch.tally()
    assert house.store.status().hits == 0
    monkeypatch.undo()
    await watch.aclose()
    assert house.store.status().hits == 1


async def test_a_transaction_under_way_is_finished_when_told_to_stop(house: House, access: Maker) -> None:
    shown = house.planter.plant(access()).decoys[0]
    async with watching(house.store, SETTINGS, [], house.clock) as (where,):
        client = await asyncio.to_thread(smtplib.SMTP, *where, timeout=10)
        await asyncio.to_thread(client.ehlo)
        await asyncio.to_thread(client.mail, "care@seller.example")
        await asyncio.to_thread(client.rcpt, shown.address)
        sending = asyncio.create_task(asyncio.to_thread(client.data, "Subject: last\r\n\r\nword"))
    code, _ = await sending
    client.close()
    assert code == 250
    (hit,) = house.store.hits(HitFilter())
    assert hit.at >= hit.decoy.minted_at - timedelta(days=1)
