"""What is kept in the loop itself: nobody else is waited for there."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from canary.errors import CanaryError, StoreError
from canary.model import Access, Message
from canary.ports import Attributed, HitFilter, Kept
from canary.watch.keeper import Keeper
from canary.watch.keeping import keep_at_once
from tests.parts import House

Maker = Callable[..., Access]
Mail = Callable[..., Message]


async def test_what_comes_together_is_kept_in_the_loop_and_in_one_commit(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    monkeypatch.setattr(house.store, "keep", lambda _: pytest.fail("handed over"))
    keeper = Keeper(house.store, lambda: None, house.clock, at_once=True)
    kept = [keeper.keep(mail(decoy.address)) for _ in range(5)]
    assert sum([(await each).fresh for each in kept]) == 5
    assert house.store.status().messages == 5
    await keeper.aclose()
    assert keeper.tallies.values["commit_seconds#count"] == 1


async def test_the_loop_goes_on_while_another_process_writes(house: House, access: Maker, mail: Mail) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keeper = Keeper(house.store, lambda: None, house.clock, at_once=True)
    await keeper.keep(mail(decoy.address))
    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept = keeper.keep(mail(decoy.address))
        await keeper._loop.run_in_executor(None, lambda: None)
        assert not kept.done()
        other.execute("ROLLBACK")
    await kept
    assert house.store.status().messages == 2
    await keeper.aclose()


def test_nobody_is_waited_for_and_nothing_is_kept_then(house: House, access: Maker, mail: Mail) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    began, done = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        began.set()
        done.wait(20)

    holding = threading.Thread(target=house.store._writer.submit, args=(hold,))
    holding.start()
    began.wait(20)
    with pytest.raises(StoreError):
        keep_at_once(house.store, [mail(decoy.address)], house.store.base_rate)
    done.set()
    holding.join()
    assert house.store.status().messages == 0


def test_an_access_that_was_added_meanwhile_is_known(house: House, access: Maker, mail: Mail) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keep_at_once(house.store, [mail(decoy.address)], house.store.base_rate)
    house.clock.forward(hours=1)
    house.planter.plant(access(session="another"))
    seen: list[int] = []

    def attribute(message: object, sightings: object) -> Attributed:
        seen.extend(len(each.accesses) for each in sightings.values())  # type: ignore[attr-defined]
        return Attributed(message)  # type: ignore[arg-type]

    house.store.keep_at_once([mail(decoy.address)], attribute)
    assert seen == [2]


def test_at_once_comes_to_the_same_as_otherwise(house: House, access: Maker, mail: Mail) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    message = mail(decoy.address)
    kept: Sequence[object] = keep_at_once(house.store, [message, message], house.store.base_rate)
    assert [each.fresh for each in kept if isinstance(each, Kept)] == [1, 0]
    (hit,) = house.store.hits(HitFilter())
    assert hit.deliveries == 2
    assert hit.accesses
    assert house.store.status().last_mail == message.received_at


def test_mail_that_is_kept_out_of_order_does_not_hide_the_last(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    newest = mail(decoy.address)
    house.clock.forward(hours=-5)
    older = mail(decoy.address)
    keep_at_once(house.store, [newest], house.store.base_rate)
    keep_at_once(house.store, [older], house.store.base_rate)
    assert house.store.status().last_mail == newest.received_at
    later = house.reopen()
    keep_at_once(later, [mail(decoy.address)], later.base_rate)
    assert later.status().last_mail == newest.received_at


async def test_where_the_disk_is_slow_the_loop_goes_on_meanwhile(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.watch.lane.SLOW", -1.0)  # so is every disk
    decoy = house.planter.plant(access()).decoys[0]
    keeper = Keeper(house.store, lambda: None, house.clock, at_once=True)
    handed: list[str] = []
    keep = house.store.keep

    def noted(batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        handed.append(threading.current_thread().name)
        return keep(batch)

    monkeypatch.setattr(house.store, "keep", noted)
    await keeper.keep(mail(decoy.address))
    assert handed == []
    await keeper.keep(mail(decoy.address))
    assert handed == ["keeper"]
    await keeper.aclose()
    assert house.store.status().messages == 2
