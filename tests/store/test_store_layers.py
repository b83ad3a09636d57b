"""The ledger keeps layers, actor classes and bare accesses; older databases, and two planters at once."""

import multiprocessing
import shutil
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

from canary import keyring
from canary.mint import Minter, MintPolicy
from canary.model import Access, ActorClass, Decoy, Layer, Message
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.ports import HitFilter
from canary.store import open_store
from canary.watch.keeping import keep_message
from tests.parts import OWING, START, Clock, House
from tests.record.layer_parts import DAY, look, of, planned

RELEASED = Path(__file__).with_name("released")
RECORDS = [f"R{n}" for n in range(30)]
Mail = Callable[..., Message]


def stable_of(house: House, employees: str = "abc") -> Decoy:
    """Plant a record-stable decoy and show it to employees on one day after the other."""
    planter = planned(house, stable=1, view_rate=0.0)
    first, *_ = [look(planter, who, day) for day, who in enumerate(employees)]
    return first.decoys[0]


def plant_at_once(database: Path, keys: Path, barrier: Barrier, who: str) -> None:
    """Plant the same records' first views as another process does at this very time."""
    key = keyring.load(keys)
    store = open_store(database, key)
    policy = MintPolicy((("one.example", 1.0),), stable=1)
    planter = Planter(store, Minter(policy, NaturalGenerator(key.draw, floor_bits=24), key.draw))
    barrier.wait(60)
    for record in RECORDS:
        planter.plant(Access("e.marsh", record, START, session=who))
        planter.plant(Access(who, record, START))
    store.close()


def test_two_processes_that_show_a_record_at_the_same_instant_mint_one_decoy(house: House) -> None:
    keyring.save(house.keys, house.folder / "keys")
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    told = [(house.database, house.folder / "keys", barrier, who) for who in ("p1", "p2")]
    planters = [spawn.Process(target=plant_at_once, args=each) for each in told]
    for each in planters:
        each.start()
    for each in planters:
        each.join(90)
    assert [each.exitcode for each in planters] == [0, 0]
    decoys = list(house.store.decoys())
    assert len(of(Layer.STABLE, decoys)) == len(RECORDS)
    assert len(of(Layer.VIEW, decoys)) == 3 * len(RECORDS)  # of e.marsh's one view, and of p1's and p2's
    assert house.store.status().accesses == 4 * len(RECORDS)


def test_a_layer_is_read_as_it_was_written(house: House) -> None:
    planter = planned(house, stable=1, cohort=3, join_every=timedelta(hours=1))
    pages = [look(planter, f"e{n}", n, actor_class=ActorClass.EXPORT) for n in range(30)]
    for page in pages:
        kept = house.store.access(page.access.id)
        assert (kept.access, kept.decoys) == (page.access, page.decoys)
    assert {decoy.layer for decoy in house.store.decoys()} == set(Layer)


def test_a_hit_on_a_shared_decoy_is_found_by_everybody_who_was_shown_it_by_then(
    house: House, mail: Mail
) -> None:
    decoy = stable_of(house, "abcd")
    keep_message(house.store, mail(decoy.address, at=START + 1.5 * DAY))
    found = {who: len(list(house.store.hits(HitFilter(employee=who)))) for who in "abcd"}
    assert found == {"a": 1, "b": 1, "c": 0, "d": 0}
    (hit,) = house.store.hits(HitFilter(record="B07"))
    assert [access.employee for access in hit.accesses] == ["a", "b"]
    assert not list(house.store.hits(HitFilter(record="C08")))


def test_hits_on_one_records_shared_decoys_within_the_window_are_one_alert(house: House, mail: Mail) -> None:
    planter = planned(house, stable=1, view_rate=0.0)
    first, other = (look(planter, "a", record=record).decoys[0].address for record in ("B07", "C08"))
    for address in (first, other, first):
        keep_message(house.store, mail(address))
    assert sorted(len(alert.hits) for alert in house.store.alerts()) == [1, 2]


def test_the_rows_of_an_older_database_are_views_of_persons_and_go_on(tmp_path: Path, clock: Clock) -> None:
    for name in ("0001.db", "0001.keys"):
        shutil.copy(RELEASED / name, tmp_path)
    (tmp_path / "0001.keys").chmod(0o600)
    keys = keyring.load(tmp_path / "0001.keys")
    store = open_store(tmp_path / "0001.db", keys, owing=OWING, clock=clock)
    try:
        hit = next(hit for hit in store.hits(HitFilter(controls=False)) if hit.message)
        first = hit.accesses[0]
        assert (hit.decoy.layer, first.actor_class, first.bare) == (Layer.VIEW, ActorClass.PERSON, False)
        policy = MintPolicy((("one.example", 1.0),), stable=1)
        minter = Minter(policy, NaturalGenerator(keys.draw, floor_bits=24), keys.draw)
        planter = Planter(store, minter, clock)
        again = planter.plant(Access(first.employee, first.record, first.at + timedelta(hours=1)))
        assert [decoy.id for decoy in again.decoys] == [hit.decoy.id]
        later = planter.plant(Access(first.employee, first.record, first.at + timedelta(days=2)))
        assert hit.decoy.id in {decoy.id for decoy in later.decoys}
        assert len(of(Layer.STABLE, later)) == 1
        assert len(of(Layer.VIEW, later)) == 2
    finally:
        store.close()
