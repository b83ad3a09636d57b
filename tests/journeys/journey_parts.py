"""A directory with canary in it, driven from outside: its command line, its port, its webhook."""

import asyncio
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from canary import keyring, wiring
from canary.config import load
from canary.demo.slack import SlackReceiver
from canary.model.casework import IncidentFilter
from canary.ports import Store
from tests.parts import KEYS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DOMAINS = ("harborpost.example", "quietlane.example", "northmail.example")
HOSTNAME = f"mx1.{DOMAINS[0]}"
PROGRAM = (sys.executable, "-W", "error", "-m", "canary")
PATIENCE = 120.0
SENDER = "care@brightpan-care.example"


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Poll until a condition holds and return its value; fail after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {patience:g} s: {what}"
        time.sleep(0.02)
    return value


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("CANARY_")}


@dataclass
class Slack:
    """The receiver that behaves like Slack, listening in a thread of its own."""

    receiver: SlackReceiver = field(default_factory=SlackReceiver)
    url: str = ""

    def texts(self) -> list[str]:
        """Return each message that was taken as one text, all it says."""
        return [json.dumps(payload, ensure_ascii=False) for payload in self.receiver.received]

    def outcomes(self) -> list[int | str]:
        return [attempt.outcome for attempt in self.receiver.attempts]


@contextmanager
def slack() -> Iterator[Slack]:
    """Run a receiver until the block ends."""
    told, listening, stop = Slack(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        async with AsyncExitStack() as stack:
            receiver = await stack.enter_async_context(told.receiver)
            told.url = receiver.url
            listening.set()
            await stop.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(listen())

    thread = threading.Thread(target=run, name="slack", daemon=True)
    thread.start()
    assert listening.wait(PATIENCE)
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


@dataclass
class Serving:
    """A running `canary serve`."""

    process: subprocess.Popen[bytes]
    log: Path
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return what it logged so far; the last line may still be half written."""
        whole = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def bound(self) -> int | None:
        """Return the port that its log names. Fails if it has ended."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        for line in self.lines:
            if found := re.search(r"\blisten.*?127\.0\.0\.1:(\d+)", line["message"]):
                return int(found[1])
        return None

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE)

    @contextmanager
    def client(self, helo: str = "mail.brightpan-care.example") -> Iterator[smtplib.SMTP]:
        """Open a connection to it."""
        with smtplib.SMTP(self.host, self.port, local_hostname=helo, timeout=PATIENCE) as client:
            yield client

    def mail(self, recipients: str | Sequence[str], raw: bytes, sender: str = SENDER) -> None:
        """Deliver one message over a connection of its own; raises unless all of it is taken."""
        with self.client() as client:
            assert client.sendmail(sender, recipients, raw) == {}


@dataclass(frozen=True)
class Home:
    """A directory with a configuration, keys and a database."""

    folder: Path

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a verb and leave it running."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Run a verb to its end and return what it printed; fails unless it ends with `code`."""
        return self.raw(*arguments, code=code).decode()

    def raw(self, *arguments: str | Path, code: int = 0) -> bytes:
        """Run a verb as `run` does and return the bytes."""
        done = subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, (arguments, done.returncode, done.stderr.decode())
        return done.stdout

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """Run a verb with `--json` and return what it said."""
        return json.loads(self.run(*arguments, "--json", code=code))

    def hits(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the hits, newest first, read line by line as a program would."""
        return [json.loads(line) for line in self.run("hits", "--jsonl", *arguments).splitlines()]

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Open the database in this process, where a look by command line each time would take too long."""
        config = load(self.folder / "canary.toml", environ={}, cwd=self.folder)
        with wiring.opened_store(config, wiring.load_keys(config)) as store:
            yield store

    def plant(self, accesses: Iterable[dict[str, str]]) -> dict[tuple[str, str], str]:
        """Import an access log and return the newest decoy of each employee and record."""
        log, planted = self.folder / "planted.jsonl", self.folder / "planted-decoys.jsonl"
        log.write_text("".join(f"{json.dumps(access)}\n" for access in accesses), encoding="utf-8")
        self.run("mint", "--from", log, "--output", planted)
        plantings = [json.loads(line) for line in planted.read_text(encoding="utf-8").splitlines()]
        return {
            (each["access"]["employee"], each["access"]["record"]): each["decoys"][-1]["address"]
            for each in plantings
        }

    @contextmanager
    def serving(
        self, *settings: str, port: int = 0, wrapped_in: Sequence[str] = (), program: str = ""
    ) -> Iterator[Serving]:
        """Run `canary serve` until the block ends; it is listening when the block begins.

        `settings` are KEY=VALUE; `wrapped_in` is a command that runs it; `program` is Python that
        takes its place.
        """
        listen = f"127.0.0.1:{port}"
        number = len([*self.folder.glob("serve-*.log")])
        log = self.folder / f"serve-{number}.log"
        python = (*PROGRAM[:-2], "-c", program) if program else PROGRAM
        given = [f"--set={setting}" for setting in ("log.format=json", *settings)]
        command = [*wrapped_in, *python, *given, "serve", "--listen", listen]
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        with process:
            try:
                serving = Serving(process, log)
                serving.port = until(serving.bound, "the log names the address that is listened on")
                yield serving
            finally:
                process.kill()


def initialise(folder: Path, url: str, *settings: str) -> Home:
    """Make a home whose alerts go to a webhook."""
    home = Home(folder)
    secret = folder / "slack-url"
    secret.touch(mode=0o600)
    secret.write_text(url, encoding="ascii")
    keyring.save(KEYS, folder / "canary.keys")
    given = [f"--set={each}" for each in ("alert.slack.url_file=slack-url", "origin.dns=off", *settings)]
    home.run(*given, "init", *(f"--domain={domain}" for domain in DOMAINS), f"--set=sink.hostname={HOSTNAME}")
    return home


def log_rows(employees: Sequence[str], records: int, day: str = "2026-11-17") -> Iterator[dict[str, str]]:
    """Yield accesses: every employee looks once at each of so many records of their own."""
    for employee in employees:
        for number in range(records):
            at = f"{day}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
            yield {
                "at": at,
                "employee": employee,
                "record": f"{employee}-{number:05}",
                "tool": "review-console",
            }


def mail(subject: str, body: bytes = b"Please change your review.\r\n") -> bytes:
    """Return a message; every subject makes another one."""
    message_id = f"<{subject.replace(' ', '.')}@x.example>"
    head = f"From: Care <{SENDER}>\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n\r\n"
    return head.encode() + body


def told_hits(home: Home) -> set[str]:
    """Return the hits that somebody was told of."""
    return {hit for alert in home.json("alerts", "list", "--state", "sent") for hit in alert["hits"]}


def all_told(home: Home, hits: Collection[str]) -> None:
    """Wait until no alert is owed any more; fail unless each of these hits is in one that was sent.

    What would be told of an incident hours later is told now.
    """
    with home.opened() as store:

        def done() -> bool:
            due = store.next_due(["slack"])
            if due is not None and due > datetime.now(UTC) + timedelta(seconds=1):
                store.hasten([each.id for each in store.incidents(IncidentFilter())])
            return due is None

        until(done, "no alert is owed any more")
    assert set(hits) - told_hits(home) == set()


def subjects(hits: Iterable[dict[str, Any]]) -> list[str]:
    return [hit["message"]["subject"] for hit in hits if hit["message"]]
