"""Faults of the machine: what was acknowledged is there, what was not is refused, and then it goes on."""

import hashlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from canary import keyring
from canary.errors import StoreError
from canary.mail import headers_of
from canary.ports import HitFilter
from canary.store.connection import connect
from canary.watch.keeping import keep_message
from tests.parts import House, given, need
from tests.store.store_parts import Mail, Maker, batch_of, decoy_of

MESSAGES = 120
SECONDS = 100


@pytest.mark.parametrize(
    ("fault", "size", "again"),
    [
        ("fdatasync,fsync:error=EIO:when=40..49", 3000, True),
        ("fdatasync,fsync:error=EIO:when=40+", 3000, False),
        ("pwrite64:error=ENOSPC:when=400..440", 3000, True),
        ("pwrite64:error=EIO:when=400..440", 3000, True),
        ("pwrite64:error=ENOSPC:when=400+", 3000, False),
        ("pwrite64:error=ENOSPC:when=4000..4060", 600_000, True),
    ],
)
def test_what_was_acknowledged_outlives_a_failing_disk(
    house: House, access: Maker, tmp_path: Path, fault: str, size: int, *, again: bool
) -> None:
    need(shutil.which("strace"), "strace")
    decoy = decoy_of(house, access())
    house.store.close()
    keyring.save(house.keys, tmp_path / "faulty.keys")
    run = subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", str(tmp_path / "calls"), "-e", f"inject={fault}"),
            *("-e", "trace=fdatasync,fsync,pwrite64", sys.executable, "-m", "tests.store.faulty"),
            *(str(house.database), str(tmp_path / "faulty.keys"), decoy.address, str(MESSAGES), str(size)),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    told = [line.rsplit(maxsplit=1) for line in run.stdout.splitlines()]
    given(told or "ptrace" not in run.stderr, "leave for processes to trace their own")
    assert len(told) == MESSAGES, run.stderr
    kept = [number for what, number in told if what == "kept"]
    refused = [number for what, number in told if what == "refused"]
    assert kept
    assert refused
    assert (int(kept[-1]) > int(refused[-1])) is again
    store = house.reopen()
    hits = list(store.hits(HitFilter()))
    subjects = [headers_of(hit.message.head).subject for hit in hits if hit.message]
    assert len(subjects) == len(set(subjects))
    assert set(kept) <= set(subjects)
    assert {hit.id for alert in store.alerts() for hit in alert.hits} == {hit.id for hit in hits}
    (healthy,) = store._reader().db.execute("PRAGMA integrity_check").fetchone()
    assert healthy == "ok"


@pytest.mark.parametrize("size", [3000, 1_500_000])
def test_what_was_acknowledged_outlives_a_kill(
    house: House, access: Maker, tmp_path: Path, size: int
) -> None:
    decoy = decoy_of(house, access())
    house.store.close()
    keyring.save(house.keys, tmp_path / "faulty.keys")
    command = [sys.executable, "-m", "tests.store.faulty", str(house.database), str(tmp_path / "faulty.keys")]
    with subprocess.Popen([*command, decoy.address, "100000", str(size)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(12)]
        child.kill()
        told += child.stdout.readlines()
    kept = {line.split()[1].decode() for line in told if line.startswith(b"kept") and line.endswith(b"\n")}
    assert len(kept) >= 12
    store = house.reopen()
    messages = [hit.message for hit in store.hits(HitFilter()) if hit.message]
    assert kept <= {headers_of(message.head).subject for message in messages}
    for message in messages:
        raw = store.raw_message(message.id)
        assert (hashlib.sha256(raw).hexdigest(), len(raw)) == (message.sha256, message.size)


def test_a_database_locked_for_too_long_refuses_all_who_wait_and_takes_them_later(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.store.writer.PATIENCE", 0.2)
    decoy = decoy_of(house, access())
    store = house.reopen()  # this one has the patience that was set above
    batches = [batch_of(store, mail(decoy.address), mail(decoy.address)) for _ in range(8)]
    other = connect(house.database)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(len(batches)) as pool:
        for waiting in [pool.submit(store.keep, batch) for batch in batches]:
            with pytest.raises(StoreError, match="locked") as caught:
                waiting.result()
            assert caught.value.hint
        assert store.is_live(decoy.address)
        other.execute("ROLLBACK")
        other.close()
        assert sum(len(kept) for kept in pool.map(store.keep, batches)) == 16
    assert store.status().hits == 16


def test_a_database_moved_away_and_back_is_found_again(house: House, access: Maker, mail: Mail) -> None:
    decoy = decoy_of(house, access())
    house.store.close()
    store = house.reopen()
    away = house.folder / "away.db"
    house.database.rename(away)
    with pytest.raises(StoreError):
        keep_message(store, mail(decoy.address))
    away.rename(house.database)
    assert keep_message(store, mail(decoy.address)).fresh == 1
