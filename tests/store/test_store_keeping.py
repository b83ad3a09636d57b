"""Batches: one commit for all, one answer for each, and nothing remembered that is not so any more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.errors import CanaryError, StoreError
from canary.model import Message, Peer, Placement, Probe, Trace, Verb
from canary.ports import Attributed, HitFilter, Kept, Owing
from canary.store import SqliteStore
from canary.watch.keeping import keep_message, keep_probe
from tests.parts import START, House
from tests.store.store_parts import Mail, Maker, batch_of, decoy_of, selftest_of

PEER = Peer(
    *("192.0.2.9", 2525, "probe.example"),
    name="x.isp.example",
    server_name="mx.one.example",
    via="10.0.0.1",
    certificate="relay.isp.example",
)
TRACE = Trace(
    "mx.one.example", "ESMTPS", "4BqT", ("0.120 C: MAIL FROM:<a@b.example>", "0.121 S: 250 2.1.0 Ok")
)


def alerts_of(store: SqliteStore) -> list[int]:
    return sorted(len(alert.hits) for alert in store.alerts())


def kept_all(outcomes: Sequence[Kept | CanaryError]) -> list[Kept]:
    return [each for each in outcomes if isinstance(each, Kept)]


def commits_of(log: bytes) -> int:
    """Count the frames of a write-ahead log that end a transaction (SQLite file format, section 4.1)."""
    frames = (log[at : at + 8] for at in range(0, len(log), 24 + 4096))
    return sum(int.from_bytes(frame[4:]) > 0 for frame in frames)


def test_a_batch_is_kept_in_one_commit(house: House, access: Maker, mail: Mail) -> None:
    decoys = [decoy_of(house, access(f"e{n}")) for n in range(5)]
    probe = Probe(decoys[0].address, Verb.VRFY, "", PEER, START)
    arrivals: list[Message | Probe] = [*(mail(decoy.address) for decoy in decoys), probe]
    batch = batch_of(house.store, *arrivals)
    log = house.database.with_name("canary.db-wal")
    before = log.stat().st_size
    assert [each.fresh for each in kept_all(house.store.keep(batch))] == [1] * 6
    assert commits_of(log.read_bytes()[before:]) == 1
    assert house.store.keep([]) == []
    assert house.store.status().hits == 6


def test_of_what_cannot_be_kept_the_error_stands_in_its_place(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = decoy_of(house, access())
    good, bad, other = batch_of(house.store, *(mail(decoy.address) for _ in "abc"))
    nobody = replace(decoy, id="dec_999")
    bad = Attributed(bad.arrival, [replace(bad.findings[0], decoy=nobody)])
    outcomes = house.store.keep([good, bad, other])
    assert [type(each) for each in outcomes] == [Kept, StoreError, Kept]
    assert house.store.status().messages == 2
    assert alerts_of(house.store) == [2]
    (alone,) = house.store.keep([bad])
    assert isinstance(alone, StoreError)
    assert house.store.status().hits == 2


def test_the_same_message_twice_in_a_batch_is_one_hit(house: House, access: Maker, mail: Mail) -> None:
    first, second = decoy_of(house, access("a")), decoy_of(house, access("b"))
    message = mail(first.address)
    to_both = replace(message, recipients=(first.address, second.address))
    much_later = replace(message, received_at=message.received_at + timedelta(days=8))
    batch = batch_of(house.store, message, message, to_both, much_later)
    assert [each.fresh for each in kept_all(house.store.keep(batch))] == [1, 0, 1, 1]
    status = house.store.status()
    assert (status.messages, status.hits) == (2, 3)
    assert sorted(hit.deliveries for hit in house.store.hits(HitFilter())) == [1, 1, 3]


def test_traces_peers_and_what_was_tried_come_back(house: House, access: Maker, mail: Mail) -> None:
    decoy = decoy_of(house, access())
    message = replace(mail(decoy.address, options=("SMTPUTF8",)), peer=PEER, trace=TRACE)
    keep_message(house.store, message)
    keep_message(house.store, replace(message, trace=Trace("other")))
    probe = Probe(decoy.address, Verb.RCPT, "\ud800@b.example", PEER, START, 3, ("a@x", "b\udc80@x"), TRACE)
    keep_probe(house.store, probe)
    mailed, probed = house.store.hits(HitFilter())
    assert mailed.message is not None
    assert (mailed.message.trace, mailed.message.peer) == (TRACE, PEER)
    assert mailed.message.options == ("SMTPUTF8",)
    assert probed.probe == probe


def test_two_stores_keep_beside_each_other(house: House, access: Maker, mail: Mail) -> None:
    """Row numbers and alerts are remembered: what another process wrote must be seen."""
    decoys = [decoy_of(house, access("a", f"r{n}")) for n in range(4)]
    second = house.reopen()
    for turn in range(3):
        for store in (house.store, second):
            batch = batch_of(store, *(mail(decoy.address) for decoy in decoys))
            assert [each.fresh for each in kept_all(store.keep(batch))] == [1] * 4, turn
    assert house.store.status().hits == 24
    assert alerts_of(second) == [24]


def test_an_alert_that_another_process_claimed_is_joined_no_more(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = decoy_of(house, access())
    second = house.reopen()
    keep_message(house.store, mail(decoy.address))
    assert second.claim_alert("slack", house.clock(), timedelta(seconds=60))
    keep_message(house.store, mail(decoy.address))
    keep_message(house.store, mail(decoy.address))
    assert alerts_of(house.store) == [1, 2]


def test_what_was_undone_is_remembered_by_nobody(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = decoy_of(house, access("a")), decoy_of(house, access("b"))
    keep_message(house.store, mail(first.address))
    undone = house.store._keeper.keep

    def after_all_was_written(*told: object) -> None:
        undone(*told)  # type: ignore[arg-type]
        raise StoreError("boom")

    monkeypatch.setattr(house.store._keeper, "keep", after_all_was_written)
    with pytest.raises(StoreError, match="boom"):
        keep_message(house.store, mail(second.address))
    monkeypatch.undo()
    assert house.store.status().hits == 1
    assert keep_message(house.store, mail(second.address)).hit_ids == ("hit_2",)
    assert house.store.base_rate().hits == 2
    assert alerts_of(house.store) == [1, 1]


def test_an_access_that_is_added_later_is_in_the_next_sighting(house: House, access: Maker) -> None:
    planting = house.planter.plant(access())
    (decoy,) = planting.decoys
    other = house.reopen()

    def seen() -> int:
        return len(other.sightings([decoy.address])[decoy.address].accesses)

    assert (seen(), seen()) == (1, 1)
    house.planter.plant(access())
    assert (seen(), seen()) == (2, 2)
    house.store.place(planting.access.id, [Placement(decoy, 3)], all_of_them=True)
    assert seen() == 2
    house.store.place(planting.access.id, [], all_of_them=True)
    assert seen() == 1


def test_self_tests_are_told_alone_and_count_for_nothing(house: House, access: Maker, mail: Mail) -> None:
    test, decoy = selftest_of(house), decoy_of(house, access())
    assert house.store.sightings([test.address])[test.address].decoy == test
    before = house.store.base_rate()
    store = house.reopen(Owing(("slack", "mail"), timedelta(minutes=5), min_confidence=0.99))
    for _ in "ab":
        keep_message(store, mail(test.address))
    rate = store.base_rate()
    assert rate == before
    assert (rate.controls, rate.decoys) == (0, 1)
    assert [(alert.channel, len(alert.hits), alert.due_at) for alert in store.alerts()] == [
        (channel, 1, house.clock()) for channel in ("mail", "slack") * 2
    ]
    status = store.status()
    assert (status.hits, status.control_hits, status.controls) == (0, 0, 0)
    assert status.last_selftest == START + timedelta(days=2)
    assert list(store.decoys()) == [decoy]
    assert list(store.decoys(selftest=True)) == [test]
    assert list(store.decoys(control=True)) == []
    assert list(store.hits(HitFilter())) == []
    assert len(list(store.hits(HitFilter(selftests=True)))) == 2


def test_a_self_test_and_a_leak_in_one_mail_are_two_alerts(house: House, access: Maker, mail: Mail) -> None:
    test, decoy = selftest_of(house), decoy_of(house, access())
    keep_message(house.store, mail(test.address, decoy.address))
    assert sorted(alert.hits[0].decoy.selftest for alert in house.store.alerts()) == [False, True]
