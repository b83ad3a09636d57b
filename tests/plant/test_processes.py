"""Several processes, and ones that die: no decoy that was shown is ever missing, and a view has one set."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

from canary import keyring
from canary.store import create_store, open_store
from tests.parts import need

PROGRAM = Path(__file__).with_name("planting.py")
ROOT = Path(__file__).parents[2]
Planting = subprocess.Popen[str]


@pytest.fixture
def home(tmp_path: Path, keys: keyring.Keyring) -> Path:
    keyring.save(keys, tmp_path / "canary.keys")
    create_store(tmp_path / "canary.db", keys)
    return tmp_path


@contextmanager
def planting(home: Path, *wrapped_in: str) -> Iterator[Planting]:
    """Run a process that plants, ready to be told what."""
    command = [*wrapped_in, sys.executable, str(PROGRAM), str(home / "canary.db"), str(home / "canary.keys")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            assert _line(process) == "ready"
            yield process
        finally:
            with suppress(BrokenPipeError):
                process.communicate(timeout=60)


def ask(process: Planting, *words: object) -> None:
    assert process.stdin
    process.stdin.write(" ".join(map(str, words)) + "\n")
    process.stdin.flush()


def _line(process: Planting) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


def test_a_view_that_two_processes_open_at_the_same_instant_has_one_set(home: Path) -> None:
    with ExitStack() as both:
        processes = [both.enter_context(planting(home)) for _ in range(2)]
        for record in range(8):
            instant = time.time() + 0.05
            for process in processes:
                ask(process, "e.marsh", f"B{record:02d}", instant)
            answers = [_line(process).split() for process in processes]
            (one, *shown), (other, *also) = answers
            assert shown == also != []
            assert one != other


def test_a_process_killed_after_its_answer_has_kept_what_it_showed(home: Path, keys: keyring.Keyring) -> None:
    shown: dict[str, list[str]] = {}
    for number in range(3):
        with planting(home) as process:
            ask(process, f"e.{number}", "B01")
            access, *addresses = _line(process).split()
            shown[access] = addresses
            ask(process, f"e.{number}", "B01")  # from memory: its row may be lost, its decoys are there
            again = _line(process).split()
            process.kill()
        assert again[1:] == addresses
    store = open_store(home / "canary.db", keys)
    for access, addresses in shown.items():
        assert [each.address for each in store.access(access).decoys] == addresses
        assert all(map(store.is_live, addresses))
    store.close()


def test_numbers_of_a_killed_process_are_given_to_nobody_else(home: Path) -> None:
    told = []
    for _ in range(2):
        with planting(home) as process:
            for _ in range(3):
                ask(process, "e.marsh", "B01")
                told.append(_line(process).split()[0])
            process.kill()
    assert len(set(told)) == 6


def test_a_database_that_cannot_be_written_is_told_at_once(home: Path) -> None:
    need(shutil.which("setpriv"), "setpriv, to take from root the right to write everywhere")
    harmless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    with planting(home, *harmless) as process:
        files = [*home.glob("canary.db*")]
        home.chmod(0o500)
        for file in files:
            file.chmod(0o400)
        began = monotonic()
        ask(process, "e.marsh", "B01")
        said = _line(process)
        took = monotonic() - began
        home.chmod(0o700)
        for file in files:
            file.chmod(0o600)
        assert said.startswith("refused temporary=True")
        assert took < 15
        ask(process, "e.marsh", "B01")
        assert "@one.example" in _line(process)
