"""Probes whose 250 has been given are kept, whatever happens, and nobody can time that."""

import asyncio
import signal
import threading
from collections.abc import Callable, Sequence

import pytest

from canary.errors import CanaryError, StoreError
from canary.model import Access, Peer, Probe, Verb
from canary.ports import Attributed, Kept, system_clock
from canary.watch import frames, remote
from canary.watch import keeper as keeping
from canary.watch.door import OwnDoor
from canary.watch.keeper import Keeper
from canary.watch.line import Line, pair
from canary.watch.remote import RemoteDoor
from tests.parts import House
from tests.watch.conftest import Home, until, wait_for
from tests.watch.test_line import Desks

Maker = Callable[..., Access]
PEER = Peer("192.0.2.7", 41234)
MOST = 1024 * 1024


def probe(address: str) -> Probe:
    return Probe(address, Verb.RCPT, "", PEER, system_clock())


async def test_a_probe_that_nobody_waits_for_any_more_is_kept(house: House, access: Maker) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    desks = Desks(house)
    with house.reopen().planting():
        desks.say(frames.Named(1, probe(decoy.address)))
        await until(lambda: len(desks.desk._waiting) == 1)
        desks.say(frames.Forgotten((1,)))
        desks.say(frames.Counted({}, 0, ()))
        await until(lambda: bool(desks.heard))
        assert len(desks.desk._waiting) == 1
    await until(lambda: house.store.status().hits == 1)
    await desks.aclose()


class Gated:
    """A store that refuses what it is to keep first, and is a while in keeping the next."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.gate = threading.Event(), threading.Event()
        self.refusing = True
        self._keep = house.store.keep
        monkeypatch.setattr(house.store, "keep", self.keep)

    def keep(self, batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        if self.refusing:
            raise StoreError("full")
        self.asked.set()
        assert self.gate.wait(20)
        return self._keep(batch)


async def test_the_end_waits_for_probes_that_are_being_kept_once_more(
    house: House, access: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    gated = Gated(house, monkeypatch)
    monkeypatch.setattr(keeping, "WRITE_DOWN_SECONDS", 0.05)
    keeper = Keeper(house.store, lambda: None, house.clock)
    await keeper.probe(probe(decoy.address))
    gated.refusing = False
    assert await asyncio.to_thread(gated.asked.wait, 20)
    ending = asyncio.create_task(keeper.aclose())
    await asyncio.sleep(0)
    gated.gate.set()
    await ending
    assert house.store.status().hits == 1


async def test_within_one_process_a_probe_is_handed_over_and_not_waited_for(
    house: House, access: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    gated = Gated(house, monkeypatch)
    gated.refusing = False
    keeper = Keeper(house.store, lambda: None, house.clock)
    handed = asyncio.ensure_future(OwnDoor(house.store, keeper).probe(probe(decoy.address)))
    assert handed.done()
    ending = asyncio.create_task(keeper.aclose())
    assert await asyncio.to_thread(gated.asked.wait, 20)
    gated.gate.set()
    await ending
    assert house.store.status().hits == 1


async def test_of_probes_that_cannot_be_kept_no_more_are_tried_than_one_batch_of_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(house.store, lambda: None, house.clock)
    tried: list[int] = []

    def full(batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        tried.append(len(batch))
        raise StoreError("full")

    monkeypatch.setattr(house.store, "keep", full)
    await asyncio.gather(*(keeper.probe(probe(f"a{n}@one.example")) for n in range(600)))
    tried.clear()
    await keeper.write_down()
    assert tried == [256]
    monkeypatch.undo()
    await keeper.aclose()


async def test_a_worker_hands_probes_over_without_waiting_up_to_a_bound(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_OWED", 500)
    ours, theirs = pair()
    line = Line(theirs, lambda _, __: None, lambda _: None, most=MOST, most_said=MOST)
    door = RemoteDoor(line, house.store.is_live, house.keys.index_key)
    handed = [door.probe(probe(f"a{n}@one.example")) for n in range(20)]
    assert all(each.done() for each in handed)
    refused = [each for each in handed if each.exception()]
    assert 0 < len(refused) < 20
    door.settle(frames.Settled(tuple(range(1, 15)), (15,)))
    assert door.probe(probe("a@one.example")).exception() is None
    line.close()
    with pytest.raises(StoreError, match="gone"):
        await door.probe(probe("b@one.example"))
    ours.close()


def test_what_is_named_while_the_store_is_locked_is_answered_at_once_and_kept_in_the_end(home: Home) -> None:
    home.configure("[sink]", 'drain = "1s"', 'timeout = "2s"')
    with home.serving() as served:
        with home.house.store.planting():
            for address in home.addresses[:2]:
                with served.client() as client:
                    client.timeout = 1.0  # less than any patience with the store
                    client.ehlo()
                    client.mail("care@seller.example")
                    assert client.rcpt(address)[0] == 250
                    assert client.rset()[0] == 250
            served.signal(signal.SIGTERM)
            wait_for(lambda: not served.workers, "the end of the worker")
        assert served.process.wait(30) == 0
    assert home.house.store.status().hits == 2
