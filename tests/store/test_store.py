"""What is remembered: once, durably, sealed."""

import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from canary import keyring
from canary.errors import ConfigurationError, KeyringError, NotFoundError, SchemaError, StoreError
from canary.model import Access, Alert, AlertState, Decoy, HitClass, Message, Peer, Placement, Probe, Verb
from canary.ports import HitFilter, Owing
from canary.store import create_store, open_store
from canary.store.connection import connect
from canary.watch import keep_message, keep_probe
from tests.parts import START, House

Maker = Callable[..., Access]
Mail = Callable[..., Message]
PEER = Peer("192.0.2.9", 2525, "probe.example")


def decoy_of(house: House, access: Access) -> Decoy:
    return house.planter.plant(access).decoys[-1]


def claimed(house: House) -> Alert | None:
    return house.store.claim_alert("slack", house.clock(), timedelta(seconds=60))


def probe_of(decoy: Decoy) -> Probe:
    return Probe(decoy.address, Verb.RCPT, "", PEER, START + timedelta(days=1))


def test_mail_to_a_decoy_is_one_hit_that_names_the_access(house: House, access: Maker, mail: Mail) -> None:
    looked = access("j.okafor", "B07QX4T2LM", beneficiary="Brightpan", session="s1", client_ip="10.0.0.4")
    decoy = decoy_of(house, looked)
    decoy_of(house, access("t.lindqvist", "B07QX4T2LM"))
    keep_message(house.store, mail(decoy.address))
    (hit,) = house.store.hits(HitFilter())
    assert hit.decoy == decoy
    assert [each.employee for each in hit.accesses] == ["j.okafor"]
    assert hit.accesses[0].client_ip == "10.0.0.4"
    assert hit.message is not None
    assert hit.message.mail_from == "care@seller.example"


def test_any_form_that_a_broker_gives_an_address_finds_its_decoy(house: House, access: Maker) -> None:
    local, _, domain = decoy_of(house, access()).address.partition("@")
    plain = local.replace(".", "").replace("_", "").replace("-", "")
    for form in (f"{local.upper()}@{domain}", f"{plain}+shop@{domain}", f"{local}@{domain.upper()}."):
        assert house.store.is_live(form)
    assert not house.store.is_live(f"x{plain}@{domain}")
    assert not house.store.is_live(f"{local}@elsewhere.example")


def test_the_same_message_again_is_one_hit_with_two_deliveries(
    house: House, access: Maker, mail: Mail
) -> None:
    message = mail(decoy_of(house, access()).address)
    assert keep_message(house.store, message).fresh == 1
    assert keep_message(house.store, message).fresh == 0
    (hit,) = house.store.hits(HitFilter())
    assert hit.deliveries == 2
    assert house.store.status().messages == 1
    assert len(list(house.store.alerts())) == 1


def test_the_same_bytes_weeks_later_are_another_hit(house: House, access: Maker, mail: Mail) -> None:
    decoy = decoy_of(house, access())
    first = mail(decoy.address, raw=b"Subject: again\r\n\r\nand again\r\n")
    later = replace(first, received_at=first.received_at + timedelta(days=8))
    assert [keep_message(house.store, each).fresh for each in (first, first, later, later)] == [1, 0, 1, 0]
    assert [hit.deliveries for hit in house.store.hits(HitFilter())] == [2, 2]


def test_a_file_read_twice_is_no_second_delivery(house: House, access: Maker, mail: Mail) -> None:
    message = mail(decoy_of(house, access()).address, ours=False)
    keep_message(house.store, message)
    keep_message(house.store, message)
    (hit,) = house.store.hits(HitFilter())
    assert hit.deliveries == 1
    assert any("envelope was not ours" in reason for reason in hit.verdict.reasons)


def test_two_decoys_in_one_mail_are_two_hits_and_one_alert(house: House, access: Maker, mail: Mail) -> None:
    first, second = decoy_of(house, access("a")), decoy_of(house, access("b"))
    keep_message(house.store, mail(first.address, second.address))
    assert {hit.decoy for hit in house.store.hits(HitFilter())} == {first, second}
    (alert,) = house.store.alerts()
    assert len(alert.hits) == 2


def test_two_spellings_of_a_decoy_are_one_hit(house: House, access: Maker, mail: Mail) -> None:
    decoy = decoy_of(house, access())
    keep_message(house.store, mail(decoy.address, decoy.address.upper()))
    assert len(list(house.store.hits(HitFilter()))) == 1


def test_hits_on_controls_are_kept_apart_and_owe_no_alert(house: House, mail: Mail) -> None:
    (control,) = house.planter.mint_controls(1)
    keep_message(house.store, mail(control.address))
    status = house.store.status()
    assert (status.hits, status.control_hits) == (0, 1)
    assert list(house.store.alerts()) == []
    (hit,) = house.store.hits(HitFilter())
    assert hit.decoy.control
    assert hit.accesses == ()
    assert list(house.store.hits(HitFilter(controls=False))) == []


def test_a_probe_is_a_hit_without_a_message(house: House, access: Maker) -> None:
    decoy = decoy_of(house, access())
    keep_probe(house.store, probe_of(decoy))
    (hit,) = house.store.hits(HitFilter(hit_class=HitClass.PROBE))
    assert hit.message is None
    assert hit.probe is not None
    assert hit.probe.recipient == decoy.address
    assert list(house.store.hits(HitFilter(hit_class=HitClass.MAIL))) == []


def test_hits_are_found_by_employee_record_class_and_time(house: House, access: Maker, mail: Mail) -> None:
    for employee, record in (("a", "x"), ("b", "y")):
        keep_message(house.store, mail(decoy_of(house, access(employee, record)).address))
    found = house.store.hits
    assert [hit.accesses[0].employee for hit in found(HitFilter(employee="a"))] == ["a"]
    assert [hit.accesses[0].record for hit in found(HitFilter(record="y"))] == ["y"]
    assert list(found(HitFilter(employee="a", record="y"))) == []
    assert len(list(found(HitFilter(since=START + timedelta(days=2))))) == 2
    assert list(found(HitFilter(since=START + timedelta(days=3)))) == []
    assert len(list(found(HitFilter(limit=1)))) == 1


def test_the_raw_message_comes_back_byte_for_byte(house: House, access: Maker, mail: Mail) -> None:
    raw = bytes(range(256)) * 3 + b"\r\n\r\n\x00tail"
    keep_message(house.store, mail(decoy_of(house, access()).address, raw=raw))
    (hit,) = house.store.hits(HitFilter())
    assert hit.message is not None
    assert house.store.raw_message(hit.message.id) == raw


def test_further_hits_within_the_window_are_told_together_at_its_end(
    house: House, access: Maker, mail: Mail
) -> None:
    decoys = [decoy_of(house, access("a", record)) for record in "vwxyz"]
    keep_message(house.store, mail(decoys[0].address))
    first = claimed(house)
    assert first
    house.store.settle_alert(first.id, AlertState.SENT, due_at=house.clock())
    house.clock.forward(seconds=30)
    for decoy in decoys[1:]:
        keep_message(house.store, mail(decoy.address))
    assert claimed(house) is None
    house.clock.forward(minutes=5)
    second = claimed(house)
    assert second
    assert len(second.hits) == 4
    assert second.earlier == 1


def test_the_first_word_about_another_account_is_due_at_once(house: House, access: Maker, mail: Mail) -> None:
    keep_message(house.store, mail(decoy_of(house, access("a")).address))
    first = claimed(house)
    assert first
    house.store.settle_alert(first.id, AlertState.SENT, due_at=house.clock())
    keep_message(house.store, mail(decoy_of(house, access("b")).address))
    second = claimed(house)
    assert second
    assert [hit.accesses[0].employee for hit in second.hits] == ["b"]


def test_another_account_in_a_held_alert_makes_it_due_at_once(
    house: House, access: Maker, mail: Mail
) -> None:
    known = [decoy_of(house, access("a", record)) for record in "xyz"]
    keep_message(house.store, mail(known[0].address))
    first = claimed(house)
    assert first
    house.store.settle_alert(first.id, AlertState.SENT, due_at=house.clock())
    keep_message(house.store, mail(known[1].address))
    assert claimed(house) is None
    keep_message(house.store, mail(known[2].address, decoy_of(house, access("b")).address))
    second = claimed(house)
    assert second
    assert {hit.accesses[0].employee for hit in second.hits} == {"a", "b"}
    assert len(second.hits) == 3


def test_a_claimed_alert_is_nobody_elses_until_its_lease_ends(
    house: House, access: Maker, mail: Mail
) -> None:
    keep_message(house.store, mail(decoy_of(house, access()).address))
    assert claimed(house)
    assert claimed(house) is None
    house.clock.forward(seconds=61)
    assert claimed(house)


@pytest.mark.parametrize("how", ["lease over", "retried"])
def test_a_hit_never_joins_an_alert_that_is_being_delivered(
    house: House, access: Maker, mail: Mail, how: str
) -> None:
    decoys = [decoy_of(house, access("a", record)) for record in "xy"]
    keep_message(house.store, mail(decoys[0].address))
    first = claimed(house)
    assert first
    if how == "retried":
        house.store.retry_alerts([], house.clock())
    house.clock.forward(seconds=61)
    keep_message(house.store, mail(decoys[1].address))
    house.store.settle_alert(first.id, AlertState.SENT, due_at=house.clock())
    house.clock.forward(minutes=10)
    second = claimed(house)
    assert second
    assert [hit.decoy for hit in second.hits] == [decoys[1]]


def test_a_clock_that_was_ahead_holds_no_alert(house: House, access: Maker, mail: Mail) -> None:
    decoys = [decoy_of(house, access("a", record)) for record in "xy"]
    house.clock.forward(days=400)
    keep_message(house.store, mail(decoys[0].address))
    house.clock.forward(days=-400)
    keep_message(house.store, mail(decoys[1].address))
    told = claimed(house)
    assert told
    assert [hit.decoy for hit in told.hits] == [decoys[1]]


def test_a_flood_is_told_in_alerts_of_bounded_size(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.store.owed.MOST_HITS", 3)
    decoy = decoy_of(house, access())
    for _ in range(7):
        keep_message(house.store, mail(decoy.address))
    assert sorted(len(alert.hits) for alert in house.store.alerts()) == [1, 3, 3]


def test_noise_is_measured_in_decoys_not_in_hits(house: House, access: Maker, mail: Mail) -> None:
    (control,) = house.planter.mint_controls(1)
    decoy = decoy_of(house, access())
    for _ in range(5):
        keep_message(house.store, mail(control.address))
        keep_message(house.store, mail(decoy.address))
    rate = house.store.base_rate()
    assert (rate.control_hits, rate.hits) == (1, 1)
    assert house.store.status().control_hits == 5
    assert all(hit.verdict.confidence > 0.3 for hit in house.store.hits(HitFilter(controls=False)))


def test_opening_the_database_again_keeps_what_was_acknowledged(house: House, access: Maker) -> None:
    """Closing any descriptor of a file drops a process's locks on it: SQLite's must survive that."""
    house.planter.plant(access())
    house.reopen().close()
    create_store(house.database, house.keys)
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM view'); c.close()"
    subprocess.run([sys.executable, "-c", look, str(house.database)], check=True)
    assert house.database.with_name("canary.db-wal").exists()


def test_exposures_of_an_access_seeded_again_are_kept(house: House, access: Maker) -> None:
    planting = house.planter.plant(access())
    (decoy,) = planting.decoys
    house.store.place(planting.access.id, [Placement(decoy, 4)], all_of_them=True)
    house.store.place(planting.access.id, [], all_of_them=False)
    assert house.store.access(planting.access.id).decoys == (decoy,)
    house.store.place(planting.access.id, [], all_of_them=True)
    assert house.store.access(planting.access.id).decoys == ()


def test_owed_alerts_survive_a_restart_and_parked_ones_are_tried_again_when_asked(
    house: House, access: Maker, mail: Mail
) -> None:
    keep_message(house.store, mail(decoy_of(house, access()).address))
    house.store.close()
    store = house.reopen()
    alert = store.claim_alert("slack", house.clock(), timedelta(seconds=1))
    assert alert
    store.settle_alert(alert.id, AlertState.PARKED, due_at=house.clock(), error="no_service")
    assert store.next_due(["slack"]) is None
    (parked,) = store.alerts(AlertState.PARKED)
    assert (parked.error, parked.attempts) == ("no_service", 1)
    assert store.retry_alerts([], house.clock()) == 1
    assert store.next_due(["slack"]) is not None


def test_hits_below_the_wanted_confidence_owe_no_alert(house: House, access: Maker) -> None:
    store = house.reopen(Owing(("slack",), timedelta(minutes=5), min_confidence=0.95))
    keep_probe(store, probe_of(decoy_of(house, access())))
    assert list(store.alerts()) == []
    assert store.status().hits == 1


def test_identifiers_of_another_kind_or_nothing_are_said(house: House) -> None:
    for ask in (lambda: house.store.hit("hit_9"), lambda: house.store.access("acc_9")):
        with pytest.raises(NotFoundError, match="there is no"):
            ask()
    with pytest.raises(NotFoundError, match="not the identifier of a hit"):
        house.store.hit("acc_1")
    with pytest.raises(NotFoundError, match="there is no message"):
        house.store.raw_message("msg_1")


def test_nothing_personal_can_be_read_from_the_files(house: House, access: Maker, mail: Mail) -> None:
    looked = access(
        "j.okafor", "RECORD-SECRET", beneficiary="Brightpan", session="SESSION-SECRET", client_ip="10.9.8.7"
    )
    decoy = decoy_of(house, looked)
    keep_message(house.store, mail(decoy.address, raw=b"Subject: SUBJECT-SECRET\r\n\r\nBODY-SECRET\r\n"))
    keep_probe(house.store, probe_of(decoy))
    local, _, domain = decoy.address.partition("@")
    files = [file.read_bytes().lower() for file in house.folder.glob("canary.db*")]
    assert any(len(content) > 4096 for content in files)
    secrets = (local, domain, decoy.family, "j.okafor", "brightpan", "-secret", "10.9.8.7", "192.0.2.9")
    for content in files:
        for secret in secrets:
            assert secret.lower().encode() not in content


def test_the_database_is_readable_by_its_owner_alone(house: House, access: Maker) -> None:
    house.planter.plant(access())
    assert [oct(file.stat().st_mode & 0o077) for file in house.folder.glob("canary.db*")] == ["0o0"] * 4


def test_foreign_keys_are_said_not_shown_as_nothing(house: House) -> None:
    with pytest.raises(KeyringError, match="the keys are not those of"):
        open_store(house.database, keyring.generate())
    with pytest.raises(KeyringError, match="the keys are not those of"):
        create_store(house.database, keyring.generate())


def test_a_database_that_is_not_there_newer_or_not_ours_is_said(
    house: House, tmp_path: Path, keys: keyring.Keyring
) -> None:
    with pytest.raises(ConfigurationError, match="no database at"):
        open_store(tmp_path / "nowhere.db", keys)
    (tmp_path / "text.db").write_text("not a database at all, just some lines of text\n" * 50)
    with pytest.raises(SchemaError, match="not a canary database"):
        open_store(tmp_path / "text.db", keys)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(SchemaError, match="not a canary database"):
        open_store(tmp_path / "other.db", keys)
    with sqlite3.connect(house.database) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('ledger', '9999_x', '')"
        )
    newer.close()
    with pytest.raises(SchemaError, match="written by a newer canary"):
        open_store(house.database, keys)


def _create(path: Path, made: keyring.Keyring) -> None:
    create_store(path, made)


def test_several_processes_may_make_one_database_at_once(tmp_path: Path, keys: keyring.Keyring) -> None:
    path = tmp_path / "shared.db"
    started = [multiprocessing.get_context("fork").Process(target=_create, args=(path, keys)) for _ in "abcd"]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * 4
    open_store(path, keys).close()


def test_messages_that_wait_together_share_commits(house: House, access: Maker, mail: Mail) -> None:
    decoys = [decoy_of(house, access(f"e{n}")) for n in range(40)]
    messages = [mail(decoy.address) for decoy in decoys]
    blocker = connect(house.database)
    blocker.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(40) as pool:
        kept = [pool.submit(keep_message, house.store, message) for message in messages]
        blocker.execute("ROLLBACK")
        assert sum(each.result().fresh for each in kept) == 40
    blocker.close()
    assert house.store.status().hits == 40


def test_an_import_and_mail_at_once_lose_nothing(house: House, access: Maker, mail: Mail) -> None:
    decoys = [decoy_of(house, access("victim", f"r{n}")) for n in range(20)]
    second = house.reopen()
    accesses = [access(f"e{n % 50}", f"r{n}") for n in range(6000)]
    planted: list[int] = []
    importer = threading.Thread(
        target=lambda: planted.append(sum(1 for _ in house.planter.plant_stream(accesses)))
    )
    importer.start()
    kept = [keep_message(second, mail(decoy.address)).fresh for decoy in decoys]
    importer.join()
    assert planted == [6000]
    assert kept == [1] * 20


def test_a_full_disk_keeps_nothing_by_halves_and_recovers_by_itself(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = decoy_of(house, access())
    big = b"Subject: big\r\n\r\n" + os.urandom(3_000_000)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(StoreError, match="cannot be used now"):
            keep_message(house.store, mail(decoy.address, raw=big))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert house.store.status().hits == 0
    assert house.store.status().messages == 0
    assert keep_message(house.store, mail(decoy.address, raw=big)).fresh == 1
    assert len(list(house.store.alerts())) == 1


def test_a_database_that_cannot_be_written_is_temporary(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = decoy_of(house, access())
    broken = sqlite3.connect(
        f"{house.database.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    monkeypatch.setattr("canary.store.writer.connect", lambda *_, **__: broken)
    with pytest.raises(StoreError) as caught:
        keep_message(house.store, mail(decoy.address))
    assert caught.value.temporary
    monkeypatch.undo()
    assert keep_message(house.store, mail(decoy.address)).fresh == 1


def test_a_writer_that_meets_the_unforeseen_tells_whoever_waits(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = decoy_of(house, access())

    def unforeseen(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("canary.store.writer.connect", unforeseen)
    with pytest.raises(StoreError):
        keep_message(house.store, mail(decoy.address))
    monkeypatch.undo()
    assert keep_message(house.store, mail(decoy.address)).fresh == 1


def test_a_copied_row_does_not_open_in_another_place(house: House, access: Maker) -> None:
    for employee in "ab":
        house.planter.plant(access(employee))
    house.store.close()
    with sqlite3.connect(house.database) as thief:
        thief.execute("UPDATE access SET sealed = (SELECT sealed FROM access WHERE id = 1) WHERE id = 2")
    thief.close()
    with pytest.raises(KeyringError):
        house.reopen().access("acc_2")


def test_a_copy_of_the_files_while_running_can_be_opened(
    house: House, access: Maker, mail: Mail, keys: keyring.Keyring, tmp_path: Path
) -> None:
    """A crash leaves the same files behind: what was acknowledged is in them."""
    keep_message(house.store, mail(decoy_of(house, access()).address))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in house.folder.glob("canary.db*"):
        shutil.copy(file, crashed)
    store = open_store(crashed / "canary.db", keys)
    assert store.status().hits == 1
    store.close()
