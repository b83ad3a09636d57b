"""A database that the first release wrote, with all that can stand in it, is read by today's code."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canary import keyring
from canary.model import AlertState, Message, Peer
from canary.ports import HitFilter
from canary.store import SqliteStore, open_store
from canary.watch.keeping import keep_message
from tests.parts import OWING, START, Clock

RELEASED = Path(__file__).with_name("released")


@pytest.fixture
def old(tmp_path: Path, clock: Clock) -> Iterator[SqliteStore]:
    for name in ("0001.db", "0001.keys"):
        shutil.copy(RELEASED / name, tmp_path)
    (tmp_path / "0001.keys").chmod(0o600)
    store = open_store(tmp_path / "0001.db", keyring.load(tmp_path / "0001.keys"), owing=OWING, clock=clock)
    yield store
    store.close()


def test_everything_that_stood_in_it_is_read(old: SqliteStore) -> None:
    probed, *mailed = old.hits(HitFilter())
    assert {hit.deliveries for hit in mailed} == {2}
    assert {hit.decoy.control for hit in mailed} == {True, False}
    message = mailed[0].message
    assert message is not None
    assert message.mail_from == "care@seller.example"
    assert message.head.endswith(b"Subject: caf\xe9")
    assert message.peer == Peer("192.0.2.7", 41234, "mail.seller.example", "TLSv1.3 AES", "x")
    assert message.trace.lines == ()
    assert old.raw_message(message.id).endswith(b"\r\n\r\nPlease change it.\r\n")
    assert probed.probe is not None
    assert (probed.probe.others, probed.probe.mail_from) == (7, "a\ud800@b.example")
    assert probed.accesses[0].record == "B0\ud800X"
    (alert, *_) = old.alerts(AlertState.OWED)
    assert alert.hits


def test_its_noise_is_carried_over(old: SqliteStore) -> None:
    rate = old.base_rate()
    assert (rate.decoys, rate.controls, rate.control_hits, rate.hits, rate.strays) == (2, 1, 1, 2, 7)
    status = old.status()
    assert (status.hits, status.control_hits, status.messages, status.schema) == (2, 1, 1, 5)
    assert status.last_mail == START + timedelta(days=2)
    assert status.last_selftest is None


def test_a_message_that_it_kept_is_met_again(old: SqliteStore) -> None:
    hit = next(hit for hit in old.hits(HitFilter(controls=False)) if hit.message)
    assert hit.message is not None
    again = Message(
        old.raw_message(hit.message.id), hit.message.mail_from, (hit.decoy.address,), Peer("", 0), hit.at
    )
    kept = keep_message(old, again)
    assert (kept.fresh, kept.hit_ids) == (0, (hit.id,))
    assert old.hit(hit.id).deliveries == 3
    old.count_strays(datetime.now(UTC), 1)
    assert old.base_rate().strays == 8
