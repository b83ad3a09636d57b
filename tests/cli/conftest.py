"""A desk at which somebody types commands, in a directory of their own."""

import io
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from canary import wiring
from canary.cli import main
from canary.config import load
from canary.keyring import Keyring
from canary.model import Message, Probe
from canary.persona import NaturalGenerator
from canary.ports import Kept, Store
from canary.watch import keep_message, keep_probe

DOMAINS = ("one.example", "two.example")


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.raw)

    def ok(self) -> "Done":
        assert self.code == 0, self.err
        return self

    def failed(self, code: int, *words: str, hint: str = "") -> "Done":
        """Check that it ended with a code, saying what happened, and what to do about it."""
        told = self.err.splitlines()
        said = [line for line in told if line.startswith("canary: ")]
        assert self.code == code, self.err
        assert said, self.err
        assert "Traceback" not in self.err
        for word in words:
            assert word in said[-1], self.err
        if hint:
            assert told[-1].startswith("  → "), self.err
            assert hint in told[-1], self.err
        return self


@dataclass(frozen=True)
class Desk:
    """Runs commands in `folder`, in this process, or in one of its own."""

    folder: Path
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Done:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
        self.patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main([str(each) for each in arguments])
        out.flush()
        code = left.value.code
        assert isinstance(code, int)
        return Done(code, out.buffer.getvalue(), err.getvalue())

    def process(self, *arguments: object, stdin: bytes = b"", **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "canary", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def mint(self, employee: str = "e.marsh", record: str = "B07", **told: str) -> dict[str, Any]:
        options = [f"--{name.replace('_', '-')}={value}" for name, value in told.items()]
        body = self("mint", "--employee", employee, "--record", record, *options, "--json").json()
        assert isinstance(body, dict)
        return body

    def address(self, employee: str = "e.marsh", record: str = "B07") -> str:
        return str(self.mint(employee, record)["decoys"][0]["address"])

    @contextmanager
    def store(self) -> Iterator[Store]:
        config = load(None, environ=os.environ, cwd=self.folder)
        with wiring.opened_store(config, wiring.load_keys(config)) as store:
            yield store

    def keep(self, arrival: Message | Probe) -> Kept:
        """Keep what arrived, as the sink would."""
        with self.store() as store:
            return (
                keep_message(store, arrival) if isinstance(arrival, Message) else keep_probe(store, arrival)
            )


GENERATORS: dict[tuple[bytes, float], NaturalGenerator] = {}


def generator(draw: Callable[..., bytes], *, floor_bits: float) -> NaturalGenerator:
    """Return the generator of a key, made once: the same names for the same key, a tenth of a second less."""
    known = (draw(b"test", b"which key"), floor_bits)
    if known not in GENERATORS:
        GENERATORS[known] = NaturalGenerator(draw, floor_bits=floor_bits)
    return GENERATORS[known]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give a desk in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("canary.config.layers.SYSTEM_FILE", tmp_path / "no-system-file")
    monkeypatch.setattr("canary.wiring.NaturalGenerator", generator)
    for name in list(os.environ):
        if name.startswith("CANARY_"):
            monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Desk(tmp_path, monkeypatch)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory, keys: Keyring) -> Path:
    """Return a directory in which `canary init` was run."""
    folder = tmp_path_factory.mktemp("initialised")
    domains = (f"--domain={name}" for name in DOMAINS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("canary.keyring.generate", lambda: keys)  # what they draw is then no test's luck
        patch.chdir(folder)
        for name in filter(lambda name: name.startswith("CANARY_"), list(os.environ)):
            patch.delenv(name)
        Desk(folder, patch)("--set=origin.dns=off", "init", *domains).ok()
    return folder


@pytest.fixture
def desk(bare: Desk, initialised: Path) -> Desk:
    """Return a desk in such a directory."""
    for path in initialised.iterdir():
        shutil.copy2(path, bare.folder)
    return bare


@pytest.fixture
def hit(desk: Desk, mail: Callable[..., Message]) -> str:
    """Return the identifier of a hit on what e.marsh was shown of B07."""
    (identifier,) = desk.keep(mail(desk.address())).hit_ids
    return identifier
