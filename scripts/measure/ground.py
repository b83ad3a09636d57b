"""A number becomes a home with so many decoys whose addresses a mail generator can count up."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from scripts.measure.figure import Plan, micros
from scripts.measure.hosts import Broken
from scripts.measure.runs import ROOT, canary, work
from scripts.measure.servers import DOMAIN, Server, available, servers

EMPLOYEES = 50
SYNCS = 200
LOCAL_PART = "reader"
RECIPIENT = f"{LOCAL_PART}@{DOMAIN}"
SENDER = "care@brightpan-care.example"


@dataclass(frozen=True)
class Ground:
    """What the figures of the listener stand on: a home to copy, and the servers that can be had."""

    plan: Plan
    home: Path
    decoys: int
    servers: Sequence[Server]
    known: dict[str, str]
    disk: float
    failed: dict[str, str] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    @contextmanager
    def surviving(self, server: Server) -> Iterator[None]:
        """Leave a block in which a server breaks; that is told and remembered."""
        try:
            yield
        except Broken as error:
            self.failed[server.name] = str(error)
            say(f"FAILED: {error}")

    def from_the(self, place: int) -> list[Server]:
        """Return every server, beginning with another one for each number."""
        first = place % max(len(self.servers), 1)
        return [*self.servers[first:], *self.servers[:first]]

    def turns(self) -> Iterator[tuple[int, Server]]:
        """Yield every server once a round, each round beginning with another one."""
        for turn in range(self.plan.rounds):
            for server in self.from_the(turn):
                say(f"round {turn + 1}: {server.name}")
                yield turn, server

    def notes(self) -> list[str]:
        """Return which versions were measured, how fast the disk is, and what is missing."""
        here = {server.name for server in self.servers}
        named = (f"{name}: {what}" for name, what in self.known.items() if name in here)
        missing = (f"not measured, {name}: {what}" for name, what in self.known.items() if name not in here)
        broken = (f"**FAILED**, {' '.join(what.split())[-300:]}" for what in self.failed.values())
        return [
            f"of the disk: 4 KiB written and fsynced in {micros(self.disk)} (median)",
            "; ".join(named),
            *missing,
            *broken,
        ]


@contextmanager
def ground(plan: Plan, decoys: int, names: Sequence[str] = ()) -> Iterator[Ground]:
    """Make a home and fetch the servers (these, or all); a local webhook takes the alerts meanwhile."""
    plan.folder.chmod(0o711)  # daemons that are not root must reach their queues
    home = Path(mkdtemp(prefix="home-", dir=plan.folder))
    wanted = [server for server in servers(home) if not names or server.name in names]
    found, known = available(wanted, plan.without, say)
    with _webhook() as url:
        secret = home / "slack-url"
        secret.touch(mode=0o600)
        secret.write_text(url, encoding="ascii")
        canary(home, "init", f"--domain={DOMAIN}", "--set=alert.slack.url_file=slack-url")
        work("ground.plant", home=home, decoys=decoys)
        yield Ground(plan, home, decoys, found, known, _synced(plan.folder))


def _synced(folder: Path) -> float:
    """Return how long it takes to append 4 KiB to a file and have them on the disk, in seconds."""
    took = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file)
            took.append(time.perf_counter() - began)
    return median(took)


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"  {text}", file=sys.stderr, flush=True)


@contextmanager
def _webhook() -> Iterator[str]:
    command = [sys.executable, "-m", "scripts.measure.work", "baselines.webhook", "{}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def plant(home: str, decoys: int) -> int:
    """Plant accesses of 50 employees that show 1reader@, 2reader@ and so on, with all that goes with it."""
    from canary.model import Access, Persona  # noqa: PLC0415 - runs in a process of its own
    from canary.persona import Generator  # noqa: PLC0415
    from canary.plant import Planter  # noqa: PLC0415
    from scripts.measure.house import opened  # noqa: PLC0415

    class Counting:
        """Gives believable names, and addresses that count up, as `smtp-source -N` does."""

        version = "counting"

        def __init__(self, generator: Generator) -> None:
            self._generator = generator
            self._number = 0

        def persona(self, seed: bytes, domain: str) -> Persona:
            self._number += 1
            made = self._generator.persona(seed, domain)
            return replace(made, local=f"{self._number}{LOCAL_PART}")

    with opened(Path(home)) as (planter, _, _):
        minter = planter.minter
        minter._generator = Counting(minter._generator)  # noqa: SLF001 - nothing else is to differ
        began = datetime.now(UTC) - timedelta(days=30)
        accesses = (
            Access(
                f"e.{number % EMPLOYEES:03d}",
                f"B{number:09d}",
                began + timedelta(seconds=number),
                session="s",
            )
            for number in range(decoys)
        )
        return sum(1 for _ in Planter(planter.store, minter).plant_stream(accesses))
