"""The mail side assembled: real sockets, a real database, a Slack-like receiver."""

import asyncio
import smtplib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from canary.alert.slack import SlackChannel
from canary.demo.slack import SlackReceiver
from canary.errors import CanaryError, StoreError
from canary.model import Access, AlertState, Message, Peer, Probe, Verb
from canary.ports import Attributed, HitFilter, Kept
from canary.sink import SinkSettings
from canary.watch import watching
from canary.watch.keeper import RING_SECONDS, Keeper
from tests.parts import House

Maker = Callable[..., Access]
SETTINGS = SinkSettings(("127.0.0.1:0",), "mx1.one.example", frozenset({"one.example", "two.example"}))


def send(where: tuple[str, int], *recipients: str, text: str = "Subject: hello\r\n\r\nhello") -> None:
    with smtplib.SMTP(*where, timeout=60) as client:
        client.sendmail("care@seller.example", recipients, text)


async def until(condition: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
    async with asyncio.timeout(60):
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
    keeper = Keeper(house.store, lambda: None, house.clock)
    keeper.count_strays(1)

    def full(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(house.store, "count_strays", full)
    await keeper.write_down()
    assert house.store.status().strays == 0
    monkeypatch.undo()
    await keeper.aclose()
    assert house.store.status().strays == 1


async def test_a_probe_that_cannot_be_kept_is_kept_later(
    house: House, access: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keeper = Keeper(house.store, lambda: None, house.clock)

    def full(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(house.store, "keep", full)
    await keeper.probe(Probe(decoy.address, Verb.RCPT, "", Peer("192.0.2.9", 25), house.clock()))
    await keeper.write_down()
    assert house.store.status().hits == 0
    monkeypatch.undo()
    await keeper.aclose()
    assert house.store.status().hits == 1


async def test_a_transaction_under_way_is_finished_when_told_to_stop(house: House, access: Maker) -> None:
    shown = house.planter.plant(access()).decoys[0]
    async with watching(house.store, SETTINGS, [], house.clock) as (where,):
        client = await asyncio.to_thread(smtplib.SMTP, *where, timeout=60)
        await asyncio.to_thread(client.ehlo)
        await asyncio.to_thread(client.mail, "care@seller.example")
        await asyncio.to_thread(client.rcpt, shown.address)
        sending = asyncio.create_task(asyncio.to_thread(client.data, "Subject: last\r\n\r\nword"))
    code, _ = await sending
    client.close()
    assert code == 250
    (hit,) = house.store.hits(HitFilter())
    assert hit.at >= hit.decoy.minted_at - timedelta(days=1)


async def test_what_comes_while_a_batch_is_kept_is_the_next_batch(
    house: House, access: Maker, mail: Callable[..., Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    sizes: list[int] = []
    keep = house.store.keep

    def noted(batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        sizes.append(len(batch))
        return keep(batch)

    monkeypatch.setattr(house.store, "keep", noted)
    keeper = Keeper(house.store, lambda: None, house.clock)
    first = [keeper.keep(mail(decoy.address)) for _ in range(3)]
    await asyncio.sleep(0)
    later = [keeper.keep(mail(decoy.address)) for _ in range(300)]
    await asyncio.gather(*first, *later)
    assert sizes == [3, 256, 44]
    assert house.store.status().messages == 303
    await keeper.aclose()


async def test_who_comes_a_moment_after_others_shares_the_next_commit_and_who_is_alone_does_not_wait(
    house: House, access: Maker, mail: Callable[..., Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.watch.lane.MOMENT", 0.5)
    decoy = house.planter.plant(access()).decoys[0]
    sizes: list[int] = []
    keep = house.store.keep

    def noted(batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        sizes.append(len(batch))
        return keep(batch)

    monkeypatch.setattr(house.store, "keep", noted)
    keeper = Keeper(house.store, lambda: None, house.clock)
    for _ in range(2):
        await keeper.keep(mail(decoy.address))
    await asyncio.gather(*(keeper.keep(mail(decoy.address)) for _ in range(2)))
    first = keeper.keep(mail(decoy.address))
    for _ in range(5):
        await asyncio.sleep(0)
    await asyncio.gather(first, keeper.keep(mail(decoy.address)))
    await keeper.aclose()
    assert sizes == [1, 1, 2, 2]


async def test_one_that_nobody_foresaw_costs_the_others_nothing(
    house: House, access: Maker, mail: Callable[..., Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keep = house.store.keep

    def stumble(batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        if any(isinstance(each.arrival, Message) and b"odd" in each.arrival.raw for each in batch):  # type: ignore[operator]
            raise ValueError("odd")
        return keep(batch)

    monkeypatch.setattr(house.store, "keep", stumble)
    keeper = Keeper(house.store, lambda: None, house.clock)
    odd = keeper.keep(mail(decoy.address, raw=b"Subject: odd\r\n\r\n"))
    others = [keeper.keep(mail(decoy.address)) for _ in range(5)]
    assert len(await asyncio.gather(*others)) == 5
    with pytest.raises(StoreError, match="ValueError"):
        await odd
    await keeper.aclose()


async def test_whom_nobody_waits_for_any_more_is_not_kept(
    house: House, access: Maker, mail: Callable[..., Message]
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keeper = Keeper(house.store, lambda: None, house.clock)
    keeper.keep(mail(decoy.address)).cancel()
    await keeper.keep(mail(decoy.address))
    await keeper.aclose()
    assert house.store.status().messages == 1


class Gated:
    """A body that is a while in coming."""

    def __init__(self) -> None:
        self.asked, self.gate = threading.Event(), threading.Event()

    def __len__(self) -> int:
        return 11

    def chunks(self) -> Iterator[bytes]:
        self.asked.set()
        assert self.gate.wait(20)
        yield b"Subject: l\n"


async def test_a_large_message_holds_up_no_small_one(
    house: House, access: Maker, mail: Callable[..., Message]
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keeper = Keeper(house.store, lambda: None, house.clock)
    body = Gated()
    large = keeper.keep(mail(decoy.address, raw=body))
    await asyncio.to_thread(body.asked.wait, 20)
    await keeper.keep(mail(decoy.address))
    assert not large.done()
    body.gate.set()
    await large
    assert house.store.status().messages == 2
    await keeper.aclose()


async def test_the_dispatcher_is_woken_at_once_and_not_for_every_batch(
    house: House, access: Maker, mail: Callable[..., Message]
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    rung: list[float] = []
    clock = asyncio.get_running_loop().time
    keeper = Keeper(house.store, lambda: rung.append(clock()), house.clock)
    began = clock()
    while clock() - began < 0.3:
        await keeper.keep(mail(decoy.address))
    await keeper.aclose()
    assert 1 <= len(rung) <= (clock() - began) / RING_SECONDS + 2
    again = Keeper(house.store, lambda: rung.append(0), house.clock)
    message = mail(decoy.address)
    for _ in range(3):
        await again.keep(message)
    await again.aclose()
    assert rung.count(0) == 1
