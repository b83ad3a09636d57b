"""Frames between processes, and what becomes of a worker that does not keep to the words."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.errors import StoreError
from canary.model import Access, Attempts, Peer, Probe, Trace, Verb
from canary.ports import system_clock
from canary.sink import SinkSettings
from canary.sink.settings import Limits, TlsFiles, Unknown
from canary.watch import frames
from canary.watch.desk import Bounds, Desk, bounds_of
from canary.watch.keeper import Keeper
from canary.watch.line import LENGTH_BYTES, Files, Line, LineError, pair
from canary.watch.remote import LARGEST_INLINE, RemoteDoor
from tests.parts import House
from tests.watch.conftest import until

SETTINGS = SinkSettings(("127.0.0.1:0",), "mx.one.example", frozenset({"one.example"}))
MOST = 1024 * 1024
PEER = Peer("192.0.2.7", 41234, "mail.seller.example", session="abc")


def framed(frame: bytes) -> bytes:
    return len(frame).to_bytes(LENGTH_BYTES) + frame


def test_settings_come_out_as_they_went_in() -> None:
    given = replace(
        SETTINGS,
        tls=TlsFiles(Path("/tls/cert.pem"), Path("/tls/key.pem")),
        unknown=Unknown.SOME,
        lmtp=("unix:/run/x",),
        hostnames=(("192.0.2.1", "mx.one.example"),),
        proxy_peers=(IPv4Network("192.0.2.0/24"), IPv6Network("2001:db8::/32")),
        spill_folder=Path("/spill"),
        limits=Limits(connections=7, exempt=()),
    )
    wire = msgspec.msgpack.decode(frames.encoded(frames.Change(frames.told(given), "info", "human")))
    assert frames.settings_of(wire[1]) == given


@given(st.lists(st.binary(max_size=70_000), max_size=20), st.integers(1, 400_000))
def test_frames_arrive_whole_and_in_order_however_they_are_cut(sent: list[bytes], cut: int) -> None:
    async def run() -> list[bytes]:
        ours, theirs = pair()
        theirs.setblocking(False)  # noqa: FBT003 - positional only
        heard: list[bytes] = []
        line = Line(
            ours, lambda frame, _: heard.append(bytes(frame)), lambda _: None, most=MOST, most_said=MOST
        )
        stream = b"".join(map(framed, sent))
        loop = asyncio.get_running_loop()
        for at in range(0, len(stream), cut):
            await loop.sock_sendall(theirs, stream[at : at + cut])
        await until(lambda: len(heard) == len(sent))
        line.close()
        theirs.close()
        return heard

    assert asyncio.run(run()) == sent


async def test_files_travel_with_their_frames_and_are_closed_by_nobody_else(tmp_path: Path) -> None:
    heard: list[tuple[bytes, bytes]] = []

    def take(frame: memoryview, files: Files) -> None:
        text = b""
        if bytes(frame[:1]) == b"f":
            with os.fdopen(files.popleft(), "rb") as file:
                text = os.pread(file.fileno(), 100, 0)
        heard.append((bytes(frame), text))

    ours, theirs = pair()
    one = Line(ours, take, lambda _: None, most=MOST, most_said=MOST)
    other = Line(theirs, take, lambda _: None, most=MOST, most_said=MOST)
    wanted = []
    for number in range(300):
        path = tmp_path / str(number)
        path.write_bytes(b"%d" % number)
        with path.open("rb") as file:
            other.say(b"f%d" % number + b"x" * 3000, [file.fileno()])
        other.say(b"plain%d" % number)
        wanted += [(b"f%d" % number + b"x" * 3000, b"%d" % number), (b"plain%d" % number, b"")]
    await until(lambda: len(heard) == len(wanted))
    assert heard == wanted
    other.close()
    await until(lambda: one.closed)


async def test_a_frame_that_is_too_long_is_not_sent_and_ends_the_line_of_who_hears_it() -> None:
    lost: list[LineError | None] = []
    ours, theirs = pair()
    line = Line(ours, lambda _, __: None, lost.append, most=100, most_said=100)
    with pytest.raises(LineError):
        line.say(b"x" * 101)
    theirs.sendall((101).to_bytes(LENGTH_BYTES))
    await until(lambda: line.closed)
    assert str(lost) == "[LineError('a frame of 101 bytes')]"
    theirs.close()


class Desks:
    """A desk, and the raw socket of a worker that says what it likes."""

    def __init__(self, house: House, bounds: Bounds | None = None) -> None:
        ours, self.socket = pair()
        self.keeper = Keeper(house.store, lambda: None)
        self.lost: list[LineError | None] = []
        self.heard: list[object] = []
        self.desk = Desk(
            ours,
            self.keeper,
            bounds or bounds_of(SETTINGS),
            system_clock,
            self.heard.append,
            self.lost.append,
        )

    def say(self, word: frames.Word, *files: int) -> None:
        socket.send_fds(self.socket, [framed(frames.encoded(word))], files)

    async def aclose(self) -> None:
        self.desk.close()
        self.socket.close()
        await self.keeper.aclose()


@pytest.fixture
async def desks(house: House) -> AsyncIterator[Desks]:
    made = Desks(house)
    yield made
    await made.aclose()


def arrived(number: int, to: str, **other: object) -> frames.Arrived:
    made = frames.Arrived(
        number, b"Subject: x\r\n\r\n", 0, "care@seller.example", (to,), PEER, system_clock(), (), Trace()
    )
    return msgspec.structs.replace(made, **other)


@pytest.mark.parametrize(
    "word",
    [
        arrived(1, "a@one.example", size=5),
        arrived(1, "a@one.example", recipients=()),
        arrived(1, "a@one.example", recipients=("a@one.example",) * 1001),
        arrived(1, "a@one.example", received_at=system_clock().replace(tzinfo=None)),
        arrived(1, "a@one.example", received_at=system_clock() - timedelta(days=400)),
        frames.Named(1, Probe("a@one.example", Verb.RCPT, "", PEER, system_clock() + timedelta(days=3))),
        frames.Counted({"x": float("nan")}, 0, ()),
        frames.Counted({"workers": 7.0}, 0, ()),
        frames.Counted({str(n): 1.0 for n in range(3000)}, 0, ()),
        frames.Counted({}, -5, ()),
        frames.Counted({}, 10**12, ()),
        frames.Leave(0.0),
        frames.Begin({}, (), "", b"", "", ""),
    ],
)
async def test_a_worker_that_says_what_it_may_not_loses_its_line(desks: Desks, word: frames.Word) -> None:
    desks.say(word)
    await until(lambda: bool(desks.lost))
    assert desks.keeper.tallies.values["frames_refused"] == 1
    assert isinstance(desks.lost[0], LineError)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_words_are_refused(noise: bytes) -> None:
    try:
        word = frames.decoded_by_parent(noise)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    assert isinstance(word, frames.Word)


async def test_a_number_twice_ends_the_line(desks: Desks, house: House) -> None:
    with house.reopen().planting():
        for _ in range(2):
            desks.say(arrived(7, "a@one.example"))
        await until(lambda: bool(desks.lost))


async def test_a_pipe_is_no_body(desks: Desks) -> None:
    reading, writing = os.pipe()
    desks.say(arrived(1, "a@one.example", raw=b"", size=5), reading)
    await until(lambda: bool(desks.lost))
    os.close(reading)
    os.close(writing)


async def test_a_body_that_is_shorter_than_told_is_none(desks: Desks, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"1234")
    with (tmp_path / "short").open("rb") as file:
        desks.say(arrived(1, "a@one.example", raw=b"", size=5), file.fileno())
    await until(lambda: bool(desks.lost))


async def test_a_worker_that_asks_for_too_much_at_once_has_to_wait(house: House) -> None:
    desks = Desks(house, Bounds(frame=MOST, message=MOST, recipients=10, waiting=500_000))
    with house.reopen().planting():
        for number in range(20):
            word = arrived(number, "a@one.example", raw=b"x" * 100_000)
            desks.socket.settimeout(1)
            try:
                desks.say(word)
            except TimeoutError:
                break
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting = desks.desk._bytes
    assert waiting <= 600_000
    await desks.aclose()


async def test_what_nobody_waits_for_any_more_is_forgotten(desks: Desks, house: House) -> None:
    with house.reopen().planting():
        for number in range(3):
            desks.say(arrived(number, "a@one.example"))
        await until(lambda: len(desks.desk._waiting) == 3)
        desks.say(frames.Forgotten((1, 2, 99)))
        await until(lambda: len(desks.desk._waiting) <= 1)


async def test_attempts_and_strays_are_written_down(desks: Desks, house: House) -> None:
    today = system_clock().replace(hour=0, minute=0, second=0, microsecond=0)
    desks.say(frames.Counted({}, 3, (Attempts(today, "192.0.2.0", 5, ("x@one.example",)),)))
    await until(lambda: bool(desks.heard))
    await desks.keeper.write_down()
    assert house.store.status().strays == 3
    assert [each.count for each in house.store.attempts(today)] == [5]


async def test_a_remote_door_is_answered_and_refuses_when_nobody_is_there(
    house: House, access: Callable[..., Access], mail: Callable[..., object]
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    ours, theirs = pair()
    keeper = Keeper(house.store, lambda: None)
    desk = Desk(ours, keeper, bounds_of(SETTINGS), system_clock, lambda _: None, lambda _: None)
    door: RemoteDoor

    def heard(frame: memoryview, _: Files) -> None:
        word = frames.decoded_by_worker(frame)
        assert isinstance(word, frames.Settled)
        door.settle(word)

    line = Line(theirs, heard, lambda _: door.lose(), most=MOST, most_said=bounds_of(SETTINGS).frame)
    door = RemoteDoor(line, house.store.is_live, house.keys.index_key)
    large = b"Subject: large\r\n\r\n" + b"y" * (2 * LARGEST_INLINE)
    for raw in (b"Subject: small\r\n\r\n", large):
        await door.message(mail(decoy.address, raw=raw, at=system_clock()))  # type: ignore[arg-type]
    await door.probe(Probe(decoy.address, Verb.RCPT, "", PEER, system_clock()))
    await until(lambda: house.store.status().hits == 3)
    desk.close()
    await until(lambda: line.closed)
    with pytest.raises(StoreError):
        await door.message(mail(decoy.address))  # type: ignore[arg-type]
    await keeper.aclose()
