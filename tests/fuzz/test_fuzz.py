"""What the fuzzers found, and what they begin with, run without them; and each of them for a moment."""

import importlib.util
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from canary.sink import inbox
from scripts.fuzzing.finding import Finding
from scripts.fuzzing.shorter import shorter
from scripts.fuzzing.targets import TARGETS
from tests.parts import need

ROOT = Path(__file__).parents[2]
FOUND = sorted(Path(__file__).with_name("found").glob("*/*"))
RUNS = {"protocol": 300, "letter": 60, "frames": 300, "header": 500}
SESSION = b"\0\0\0MAIL FROM:<a@b>\r\nRCPT TO:<anna.reed@example.net>\r\nDATA\r\n"


@pytest.fixture(autouse=True)
def _heard_again() -> Iterator[None]:
    """Let others hear of failures again: what the fuzzers do to a session would fill the log."""
    level = logging.getLogger("canary").level
    yield
    logging.getLogger("canary").setLevel(level)


@pytest.mark.parametrize("file", FOUND, ids=[f"{file.parent.name}-{file.name}" for file in FOUND])
def test_what_was_found_once_is_borne(file: Path) -> None:
    """An input that broke a rule breaks none any more."""
    TARGETS[file.parent.name].runner()(file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_fuzzers_begin_with_breaks_no_rule(name: str) -> None:
    """Every dialogue of the tests, and every rarer input that was written by hand, keeps to the rules."""
    run = TARGETS[name].runner()
    for data in TARGETS[name].seeds().values():
        run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    """Always the same inputs, so that a run that fails can be run again."""
    need(importlib.util.find_spec("atheris"), "atheris")
    told = ["--seconds", "0", "--runs", str(RUNS[name]), "--seed", "1", "--found", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fuzzing", name, *told],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    executions = re.search(r"([\d,]+) executions", done.stdout)
    assert executions
    assert int(executions[1].replace(",", "")) >= RUNS[name] // 2


def test_a_host_that_ends_a_message_anywhere_else_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference reads the stream by itself: a bare line feed that ends a message does not escape it."""
    run = TARGETS["protocol"].runner()
    data = SESSION + b"a\r\n.\nQUIT\r\n.\r\n"
    run(data)
    monkeypatch.setattr(inbox, "END_OF_DATA", b"\r\n.\n")
    with pytest.raises(Finding):
        run(data)


def test_a_host_that_keeps_a_stuffed_dot_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept has to be what was sent, without the dots that were put before lines."""
    run = TARGETS["protocol"].runner()
    data = SESSION + b"..a\r\n.\r\n"
    run(data)
    monkeypatch.setattr(inbox, "CRLF", b"\r\n.")
    with pytest.raises(Finding):
        run(data)


def test_an_input_is_made_as_short_as_can_be() -> None:
    """What has no part in a trouble is left out."""
    assert shorter(b"some words, and X among them", lambda data: b"X" in data) == b"X"
