"""A home with a database and decoys, and `canary serve` in processes of their own over it."""

import asyncio
import contextlib
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from canary import keyring
from canary.model import Access
from tests.parts import House

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0


def wait_for(condition: Callable[[], object], what: str = "it", patience: float = PATIENCE) -> None:
    """Wait for a condition, not for ever."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition in a loop, not for ever."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the product has no event for its tests
            await asyncio.sleep(0.005)


@dataclass
class Served:
    """A running `canary serve`: its processes, where it listens, what it has logged."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Return the port of the first address."""
        return int(self.addresses[0].rpartition(":")[2])

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    @property
    def workers(self) -> list[int]:
        """Return the process ids of the workers that are there."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return sorted(int(child) for file in children for child in file.read_text().split())

    def client(self, port: int = 0) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", port or self.port, local_hostname="seller.example", timeout=PATIENCE)

    def send(self, address: str, text: str = "hello") -> None:
        with self.client() as client:
            client.sendmail("care@seller.example", [address], f"Subject: {text}\r\n\r\n{text}\r\n")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_for_log(self, pattern: str, count: int = 1) -> None:
        wait_for(lambda: len(re.findall(pattern, self.log)) >= count, f"{pattern} in:\n{self.log}")

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@dataclass
class Home:
    """A directory with a configuration, keys, a database and decoys."""

    house: House
    addresses: list[str]

    @property
    def folder(self) -> Path:
        return self.house.folder

    def configure(self, *lines: str) -> None:
        """Write the configuration; `lines` come first, `[table]`s after them."""
        tables = '[mint]\ndomains = ["one.example", "two.example"]\n[alert]\nwindow = "5m"\n'
        text = f'[origin]\ndns = "off"\n{tables}'
        (self.folder / "canary.toml").write_text(text + "".join(f"{line}\n" for line in lines))

    @contextlib.contextmanager
    def serving(
        self,
        *arguments: str,
        listen: str | None = "127.0.0.1:0",
        passing: tuple[socket.socket, ...] = (),
        names: str = "",
        **environment: str,
    ) -> Iterator[Served]:
        """Run `canary serve` until the block ends; `passing` are handed over as systemd would."""
        command = [
            sys.executable,
            "-m",
            "canary",
            "serve",
            *(["--listen", listen] if listen else ()),
            *arguments,
        ]
        if passing:
            command = [sys.executable, "-c", ACTIVATE, names, *(str(s.fileno()) for s in passing), *command]
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[each.fileno() for each in passing],
        ) as process:
            assert process.stderr
            served = Served(process)
            reader = threading.Thread(target=_read, args=(process.stderr, served.lines), daemon=True)
            reader.start()
            try:
                wait_for(lambda: "listening on" in served.log or process.poll() is not None, "listening")
                assert process.poll() is None, served.log
                found = re.search(r"listening on (.*?);", served.log)
                served.addresses = found[1].split(", ") if found else []
                yield served
            finally:
                process.kill()
                process.wait()
                reader.join()


ACTIVATE = """
import os, sys
names, *rest = sys.argv[1:]
descriptors = [int(rest.pop(0)) for _ in names.split(":")]
moved = [os.dup2(each, 100 + place) for place, each in enumerate(descriptors)]
for place, each in enumerate(moved):
    os.dup2(each, 3 + place)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(moved)), "LISTEN_FDNAMES": names}
os.execv(rest[0], rest)
"""
"""What systemd does: descriptors from 3 on, and the variables that say so."""


def _read(source: IO[str], lines: list[str]) -> None:
    lines.extend(line.rstrip("\n") for line in source)


@pytest.fixture
def home(house: House, access: Callable[..., Access]) -> Home:
    keyring.save(house.keys, house.folder / "canary.keys")
    addresses = [house.planter.plant(access(f"employee{n}")).decoys[0].address for n in range(5)]
    made = Home(house, addresses)
    made.configure()
    return made
