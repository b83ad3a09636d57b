"""Large messages: in pieces, in little memory, beside others, and never by halves."""

import hashlib
import os
import sqlite3
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from canary.errors import KeyringError, StoreError
from canary.model import Decoy, Message
from canary.ports import HitFilter, Kept
from canary.store.pieces import PIECE_BYTES
from canary.watch.keeping import keep_message
from tests.parts import House
from tests.store.store_parts import Bytes, Mail, Maker, batch_of, decoy_of, wait_for

MIB = 1024 * 1024
OVERWRITE = "UPDATE piece SET sealed = other.sealed FROM piece other WHERE"


@dataclass(frozen=True)
class File:
    """A body in a file, as the listener spills it."""

    path: Path

    def __len__(self) -> int:
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(64 * 1024):
                yield chunk


class Broken(Bytes):
    """A body that cannot be read to its end."""

    def chunks(self) -> Iterator[bytes]:
        yield self.raw[:MIB]
        raise OSError(5, "Input/output error")


def large(mail: Mail, decoy: Decoy, raw: bytes) -> Message:
    return mail(decoy.address, raw=Bytes(raw))


def rows(house: House, table: str) -> int:
    with sqlite3.connect(house.database) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(count)


@pytest.mark.parametrize("size", [1, 256 * 1024, 256 * 1024 + 1, MIB, MIB + 1, 3 * MIB - 7])
def test_a_body_comes_back_byte_for_byte(house: House, access: Maker, mail: Mail, size: int) -> None:
    raw = (b"Subject: large\r\n\r\n" + os.urandom(size))[-size:]
    keep_message(house.store, large(mail, decoy_of(house, access()), raw))
    (hit,) = house.store.hits(HitFilter())
    assert hit.message is not None
    assert (hit.message.size, hit.message.sha256) == (size, hashlib.sha256(raw).hexdigest())
    assert house.store.raw_message(hit.message.id) == raw
    assert rows(house, "piece") == (0 if size <= 256 * 1024 else -(-size // PIECE_BYTES))
    assert max(map(len, house.store.raw_chunks(hit.message.id))) <= MIB


def test_a_large_message_held_in_memory_is_kept_in_pieces_too(
    house: House, access: Maker, mail: Mail
) -> None:
    raw = b"Subject: large\r\n\r\n" + os.urandom(2 * MIB)
    keep_message(house.store, mail(decoy_of(house, access()).address, raw=raw))
    assert house.store.raw_message("msg_1") == raw
    assert rows(house, "piece") == 2 * MIB // PIECE_BYTES + 1
    assert rows(house, "raw") == 0


def test_a_large_message_again_is_another_delivery(house: House, access: Maker, mail: Mail) -> None:
    message = large(mail, decoy_of(house, access()), b"Subject: x\r\n\r\n" + bytes(2 * MIB))
    batch = batch_of(house.store, message, message)
    assert [each.fresh for each in house.store.keep(batch) if isinstance(each, Kept)] == [1, 0]
    assert keep_message(house.store, message).fresh == 0
    in_memory = replace(message, raw=b"".join(message.raw.chunks()))  # type: ignore[union-attr]
    assert keep_message(house.store, in_memory).fresh == 0
    (hit,) = house.store.hits(HitFilter())
    assert hit.deliveries == 4
    house.clock.forward(hours=2)
    keep_message(house.store, mail(hit.decoy.address))
    assert rows(house, "piece") == 2 * MIB // PIECE_BYTES + 1


def test_keeping_one_takes_little_memory(house: House, access: Maker, mail: Mail, tmp_path: Path) -> None:
    spilled = tmp_path / "spilled"
    with spilled.open("wb") as file:
        for _ in range(25):
            file.write(os.urandom(MIB))
    (batch,) = batch_of(house.store, mail(decoy_of(house, access()).address, raw=File(spilled)))
    tracemalloc.start()
    house.store.keep([batch])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.5 * MIB
    digest = hashlib.sha256()
    for chunk in house.store.raw_chunks("msg_1"):
        digest.update(chunk)
    assert digest.digest() == hashlib.sha256(spilled.read_bytes()).digest()


def test_small_messages_are_kept_between_the_pieces_of_a_large_one(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = decoy_of(house, access())
    slow = threading.Event()

    class Slow(Bytes):
        def chunks(self) -> Iterator[bytes]:
            for number, chunk in enumerate(super().chunks()):
                if number == 2 and rows(house, "piece"):
                    assert slow.wait(20)
                yield chunk

    message = mail(decoy.address, raw=Slow(b"\r\n" + bytes(4 * MIB), step=MIB))
    keeping = threading.Thread(target=keep_message, args=(house.store, message))
    keeping.start()
    wait_for(lambda: rows(house, "piece") > 0)
    assert keep_message(house.store, mail(decoy.address)).hit_ids == ("hit_1",)
    slow.set()
    keeping.join()
    assert house.store.status().hits == 2


def test_a_body_that_cannot_be_read_is_refused_and_leaves_nothing(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = decoy_of(house, access())
    broken = mail(decoy.address, raw=Broken(bytes(3 * MIB)))
    outcomes = house.store.keep(batch_of(house.store, broken, mail(decoy.address)))
    assert [type(each) for each in outcomes] == [StoreError, Kept]
    assert rows(house, "piece") == rows(house, "body") == 0


def test_what_is_given_up_while_others_write_is_removed_after_the_next_keeping_and_nobody_waits(
    house: House, access: Maker, mail: Mail
) -> None:
    decoy = decoy_of(house, access())
    others = house.store._writer._turn

    class Torn(Bytes):
        def chunks(self) -> Iterator[bytes]:
            for number, chunk in enumerate(super().chunks()):
                if number == 2 and rows(house, "piece"):
                    others.acquire()
                    raise OSError(5, "gone")
                yield chunk

    message = mail(decoy.address, raw=Torn(bytes(4 * MIB), step=MIB))
    with pytest.raises(StoreError, match="gone"):
        keep_message(house.store, message)
    others.release()
    assert rows(house, "piece") > 0
    keep_message(house.store, mail(decoy.address))
    assert rows(house, "piece") == rows(house, "body") == 0


def test_what_a_crash_left_is_removed_a_day_later(house: House, access: Maker, mail: Mail) -> None:
    decoy = decoy_of(house, access())
    keep_message(house.store, large(mail, decoy, bytes(2 * MIB)))
    with sqlite3.connect(house.database) as crashed:
        crashed.execute("UPDATE body SET message_id = NULL")
    crashed.close()
    later = house.reopen()
    house.clock.forward(hours=23)
    keep_message(later, mail(decoy.address))
    assert rows(house, "piece") == 2 * MIB // PIECE_BYTES
    house.clock.forward(hours=2)
    keep_message(later, mail(decoy.address))
    assert rows(house, "piece") == rows(house, "body") == 0


def test_what_a_crash_left_is_removed_after_the_keeping_of_what_waits(
    house: House, access: Maker, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = decoy_of(house, access())
    kept_by_then: list[int] = []

    def remove(_: sqlite3.Connection, **__: object) -> bool:
        kept_by_then.append(rows(house, "message"))
        return False

    monkeypatch.setattr("canary.store.intake.remove_orphan", remove)
    keep_message(house.store, mail(decoy.address))
    assert kept_by_then == [1]


@pytest.mark.parametrize(
    "altered",
    [
        "DELETE FROM piece WHERE number = 4",
        f"{OVERWRITE} other.body_id = piece.body_id AND other.number = 3 - piece.number AND other.number < 4",
        f"{OVERWRITE} other.body_id != piece.body_id AND other.number = piece.number",
        f"{OVERWRITE} other.body_id = piece.body_id AND other.number = 0",
    ],
    ids=["taken away", "moved", "mixed", "repeated"],
)
def test_pieces_that_were_moved_mixed_or_taken_away_do_not_open(
    house: House, access: Maker, mail: Mail, altered: str
) -> None:
    decoy = decoy_of(house, access())
    for byte in (b"a", b"b"):
        keep_message(house.store, large(mail, decoy, byte * (4 * MIB + 1)))
    with sqlite3.connect(house.database) as thief:
        thief.execute(altered)
    thief.close()
    with pytest.raises(KeyringError, match="altered"):
        house.store.raw_message("msg_1")


def test_a_full_disk_leaves_no_pieces(house: House, access: Maker, mail: Mail) -> None:
    """SQLite's own limit of pages stands in for the disk's end."""
    decoy = decoy_of(house, access())
    keep_message(house.store, mail(decoy.address))
    writer = house.store._writer._connection
    assert writer is not None
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 600}")
    (outcome,) = house.store.keep(batch_of(house.store, large(mail, decoy, os.urandom(5 * MIB))))
    assert isinstance(outcome, StoreError)
    assert "full" in outcome.message
    assert rows(house, "piece") == rows(house, "body") == 0
    keep_message(house.store, large(mail, decoy, os.urandom(5 * MIB)))
    assert house.store.status().messages == 2
