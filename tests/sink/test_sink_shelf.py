"""Mail that names no decoy cannot fill the disk, and mail that names one always has a place."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from os import statvfs
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from canary.sink import SinkSettings, shelf
from canary.sink.limits import Gate, of_one_worker
from canary.sink.settings import Ordinary
from canary.sink.shelf import ROW, Shelf
from canary.tallies import LIMIT_FREE_DISK, LIMIT_ORDINARY, LIMIT_SIZE, Tallies

Opened = Callable[..., Awaitable[Any]]
KIB, MIB, DAY = 1024, 1024 * 1024, 86_400.0
IP, OTHER_IP, HOME = "203.0.113.7", "198.51.100.9", "127.0.0.1"
PLAIN = SinkSettings((), "mx.example.net", frozenset())


def gate(**ordinary: int) -> Gate:
    return Gate(replace(PLAIN, ordinary=Ordinary(**ordinary)), Tallies())


def how_many(house: Gate, ip: str, size: int, now: float = 5.0) -> int:
    """Count how many ordinary messages are kept before one is not."""
    return next(n for n in range(100_000) if not house.may_keep(ip, size, now, live=False))


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Return what makes a file system of so many bytes have so many left, and gives who asked."""

    def made(left: int, size: int) -> list[Any]:
        asked: list[Any] = []

        def told(path: Any) -> Any:
            asked.append(path)
            return SimpleNamespace(f_frsize=KIB, f_blocks=size // KIB, f_bavail=left // KIB)

        monkeypatch.setattr(shelf, "statvfs", told)
        return asked

    return made


def test_a_network_has_so_many_bytes_and_messages_a_day() -> None:
    house = gate()
    assert how_many(house, IP, MIB) == 10
    assert house.may_keep(IP, MIB, 5.0, live=True)
    assert how_many(house, OTHER_IP, 100) == 200
    assert not house.may_keep("203.0.113.7", 100, DAY - 1, live=False)
    assert how_many(house, IP, MIB, DAY + 6.0) == 10
    assert house._tallies.values[LIMIT_ORDINARY] == 4


def test_neighbours_in_an_ipv6_64_share_what_is_kept() -> None:
    house = gate()
    assert how_many(house, "2001:db8::1", MIB) == 10
    assert not house.may_keep("2001:db8::2", MIB, 5.0, live=False)
    assert house.may_keep("2001:db8:0:1::2", MIB, 5.0, live=False)


def test_all_together_have_so_much_a_day_whoever_they_are() -> None:
    house = gate()
    assert sum(how_many(house, f"198.51.100.{n}", MIB) for n in range(30)) == 200
    assert not house.may_keep(HOME, MIB, 5.0, live=False)
    assert house.may_keep(HOME, 25 * MIB, 5.0, live=True)


def test_exempt_networks_are_bounded_by_the_house_alone() -> None:
    assert how_many(gate(), HOME, MIB) == 200
    assert how_many(gate(), "", MIB) == 200


def test_small_messages_count_as_what_they_take_so_that_few_networks_are_remembered() -> None:
    house = gate(house_bytes=100 * ROW)
    kept = sum(house.may_keep(f"2001:db8:0:{n:x}::1", 1, 5.0, live=False) for n in range(1000))
    assert kept == len(house._shelf._networks) == 100


def test_what_was_kept_stays_counted_over_a_reload() -> None:
    house = gate()
    assert how_many(house, IP, MIB) == 10
    house.reload(PLAIN)
    assert not house.may_keep(IP, MIB, 5.0, live=False)


def test_one_of_many_workers_has_its_part_of_the_house() -> None:
    assert of_one_worker(PLAIN, 4).ordinary == replace(Ordinary(), house_bytes=50 * MIB)


@pytest.mark.parametrize(
    ("left", "size", "low"),
    [
        (5 * MIB, 100 * MIB, False),
        (5 * MIB - KIB, 100 * MIB, True),
        (1024 * MIB, 10**6 * MIB, False),
        (1023 * MIB, 10**6 * MIB, True),
    ],
)
def test_a_twentieth_of_the_disk_or_a_gibibyte_is_for_mail_that_names_decoys(
    free: Callable[..., list[Any]], left: int, size: int, *, low: bool
) -> None:
    free(left, size)
    house = gate()
    assert house.may_keep(IP, 100, 5.0, live=False) is not low
    assert house.may_keep(HOME, 100, 5.0, live=False) is not low
    assert house.may_keep(IP, 256 * KIB, 5.0, live=True)
    assert house.may_keep(IP, 256 * KIB + 1, 5.0, live=True) is not low
    house.welcome(IP, 5.0)
    assert house.may_keep(IP, 25 * MIB, 5.0, live=True)
    assert house._tallies.values.get(LIMIT_FREE_DISK, 0) == 3 * low


def test_the_file_system_is_asked_once_a_second_and_one_that_does_not_answer_is_not_full(
    free: Callable[..., list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = free(0, MIB)
    here = Shelf(replace(PLAIN, spill_folder=tmp_path))
    assert [here.is_low(now) for now in (5.0, 5.5, 5.99, 6.0)] == [True] * 4
    assert asked == [tmp_path] * 2
    monkeypatch.setattr(shelf, "statvfs", statvfs)
    assert not Shelf(replace(PLAIN, spill_folder=tmp_path / "gone")).is_low(5.0)


def large(size: int) -> bytes:
    return b"Subject: large\r\n\r\n" + (b"y" * 998 + b"\r\n") * (size // 1000)


async def test_a_large_message_is_kept_for_a_decoy_and_for_nobody_else(open_host: Opened) -> None:
    host = await open_host(max_message=25 * MIB)
    client = await host.greeted()
    raw = large(2 * MIB)
    reply = await host.send(client, "postmaster@example.net", "nobody@example.net", raw=raw)
    assert reply == "552 5.3.4 Error: message file too big"
    reply = await host.send(client, "postmaster@example.net", "anna.reed@example.net", raw=raw)
    assert reply.startswith("250 ")
    reply = await host.send(client, "postmaster@example.net", raw=large(MIB // 2))
    assert reply.startswith("250 ")
    assert [len(message.raw) > MIB for message in host.door.messages] == [True, False]
    assert host.tallies.values[LIMIT_SIZE] == 1


async def test_a_large_chunk_for_nobody_is_refused(open_host: Opened) -> None:
    host = await open_host(max_message=25 * MIB)
    client = await host.greeted()
    await client.say("MAIL FROM:<a@b.example>", "RCPT TO:<postmaster@example.net>")
    await client.send(b"BDAT %d LAST\r\n" % (2 * MIB) + b"y" * 2 * MIB)
    assert (await client.reply()).startswith("552 5.3.4 ")
    assert (await client.say("NOOP")).startswith("250 ")


async def test_ordinary_mail_beyond_a_days_worth_is_put_off_and_a_decoys_is_not(open_host: Opened) -> None:
    host = await open_host(ordinary=Ordinary(network_messages=2))
    client = await host.greeted()
    replies = [await host.send(client, "postmaster@example.net") for _ in range(4)]
    assert [reply[:9] for reply in replies] == ["250 2.0.0", "250 2.0.0", *["452 4.3.1"] * 2]
    assert (await host.send(client, "abuse@example.net", "anna.reed@example.net")).startswith("250 ")
    assert len(host.door.messages) == 3
    assert host.door.probes == []
    assert host.tallies.values[LIMIT_ORDINARY] == 2


async def test_while_little_is_left_of_the_disk_only_mail_for_decoys_is_kept(
    open_host: Opened, free: Callable[..., list[Any]]
) -> None:
    free(0, 1024 * MIB)
    host = await open_host()
    client = await host.greeted()
    assert (await host.send(client, "postmaster@example.net")).startswith("452 4.3.1 ")
    assert (await host.send(client, "anna.reed@example.net")).startswith("250 ")
    assert len(host.door.messages) == 1
