"""Strangers who mean harm, at a running `canary serve`: nothing grows, nothing is lost or double."""

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from canary.model import Hit, HitClass
from canary.ports import HitFilter
from tests.journeys.journey_parts import PATIENCE, SENDER, Home, Serving, initialise, log_rows, mail, until

CONNECTIONS = 5000
WARM = 1000
SPARE_KB = 8 * 1024
SPARE_DESCRIPTORS = 8
SECONDS_EACH = 0.01
RECIPIENTS = 1000
AT_ONCE = struct.pack("ii", 1, 0)
STAGES = {
    "rcpt": [],
    "half a command": [b"DA"],
    "data": [b"DATA\r\n"],
    "half a message": [b"DATA\r\n", b"Subject: a\r\n\r\nhalf"],
    "a large message": [b"DATA\r\n", b"x" * 500_000],
    "a chunk": [b"BDAT 1000 LAST\r\nhalf"],
}
WORDS = (
    b"",
    b"EHLO x\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
    b"MAIL FROM:<>\r\nRCPT TO:<nobody",
)


def processes(serving: Serving) -> list[int]:
    """Return the process ids of the parent and its workers."""
    children = Path(f"/proc/{serving.process.pid}/task").glob("*/children")
    return [serving.process.pid, *sorted(int(one) for file in children for one in file.read_text().split())]


def held(pid: int) -> tuple[int, int]:
    """Return how many kilobytes a process has in memory, and how many open files."""
    status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    (memory,) = (int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return memory, len([*Path(f"/proc/{pid}/fd").iterdir()])


def reset(client: socket.socket) -> None:
    """Drop a connection so that what was sent and not yet read is lost."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    client.close()


def come_and_go(serving: Serving, count: int) -> None:
    """Open connections one after another and drop them in different ways."""
    for number in range(count):
        client = socket.create_connection((serving.host, serving.port), PATIENCE)
        if number % 3:
            client.recv(100)
            client.sendall(WORDS[number % len(WORDS)])
        if number % 2:
            reset(client)
        else:
            client.close()


def quiet(serving: Serving) -> list[tuple[int, int]]:
    """Return what each process holds once nobody is there any more."""
    found = [held(pid) for pid in processes(serving)]
    ended = time.monotonic() + 20.0
    while time.monotonic() < ended:
        time.sleep(0.2)
        earlier, found = found, [held(pid) for pid in processes(serving)]
        if earlier == found:
            break
    return found


@dataclass
class Attacked:
    """A running `canary serve` over a home with decoys."""

    home: Home
    serving: Serving
    decoys: list[str]

    def hits(self, hit_class: HitClass) -> list[Hit]:
        with self.home.opened() as store:
            return [*store.hits(HitFilter(hit_class=hit_class))]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    home = initialise(tmp_path_factory.mktemp("attacked"), "http://127.0.0.1:9/")
    rows = log_rows([f"e{number}" for number in range(20)], RECIPIENTS // 20)
    decoys = [*home.plant(rows).values()]
    with home.serving("sink.workers=2") as serving:
        yield Attacked(home, serving, decoys)
        assert serving.stop() == 0


def test_connections_that_come_and_go_leave_nothing_behind(attacked: Attacked) -> None:
    serving = attacked.serving
    began = processes(serving)
    come_and_go(serving, WARM)
    before, at = quiet(serving), time.monotonic()
    come_and_go(serving, CONNECTIONS)
    assert time.monotonic() - at < CONNECTIONS * SECONDS_EACH
    for (memory, files), (memory_then, files_then) in zip(quiet(serving), before, strict=True):
        assert memory - memory_then < SPARE_KB
        assert files - files_then < SPARE_DESCRIPTORS
    assert processes(serving) == began


def test_a_decoy_named_before_a_reset_is_one_probe_at_whatever_moment_that_was(attacked: Attacked) -> None:
    serving, decoys = attacked.serving, attacked.decoys[: len(STAGES)]
    for decoy, said in zip(decoys, STAGES.values(), strict=True):
        client = socket.create_connection((serving.host, serving.port), PATIENCE)
        heard = client.makefile("rb")
        heard.readline()
        client.sendall(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{decoy}>\r\n".encode())
        assert [heard.readline()[:3] for _ in range(2)] == [b"250", b"250"]
        for piece in said:
            client.sendall(piece)
            if piece == b"DATA\r\n":
                assert heard.readline()[:3] == b"354"
        heard.close()
        reset(client)
    until(lambda: len(attacked.hits(HitClass.PROBE)) >= len(STAGES), "every decoy is hit")
    assert sorted(hit.decoy.address for hit in attacked.hits(HitClass.PROBE)) == sorted(decoys)


def test_one_mail_to_a_thousand_decoys_is_one_message_and_a_thousand_hits(attacked: Attacked) -> None:
    for _ in range(2):  # a sender that lost the reply sends again
        attacked.serving.mail(attacked.decoys, mail("To all of you"))
    hits = attacked.hits(HitClass.MAIL)
    assert sorted(hit.decoy.address for hit in hits) == sorted(attacked.decoys)
    assert len({hit.message.id for hit in hits if hit.message}) == 1
