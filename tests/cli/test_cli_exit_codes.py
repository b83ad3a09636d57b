"""What every command leaves with, and how it says what went wrong."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Desk
from tests.parts import given


def test_what_went_well_leaves_with_0(desk: Desk) -> None:
    assert desk("status").code == 0


def test_the_version_is_told(bare: Desk) -> None:
    assert bare("--version").ok().out.startswith("canary ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hit", "show", "hit_99"], "there is no hit hit_99"),
        (["hit", "show", "nonsense"], "not the identifier of a hit"),
        (["access", "show", "acc_99"], "there is no access acc_99"),
        (["hit", "show", "acc_1"], "not the identifier of a hit"),
    ],
)
def test_what_is_not_there_leaves_with_1(desk: Desk, arguments: list[str], words: str) -> None:
    desk(*arguments).failed(1, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "no such command 'frobnicate'"),
        (["hitz"], "Did you mean 'hit', 'hits'?"),
        (["hits", "--nonsense"], "no such option: --nonsense"),
        (["hits", "--class", "nonsense"], "'nonsense' is not one of 'mail', 'probe', 'touch'"),
        (["hits", "--limit", "0"], "--limit"),
        (["hits", "--since", "yesterday"], "--since: the time is neither"),
        (["hits", "--json", "--jsonl"], "give --json or --jsonl, not both"),
        (["decoys", "--json", "--jsonl"], "give --json or --jsonl, not both"),
        (["alerts", "list", "--state", "lost"], "--state"),
        (["hit", "show"], "missing argument 'ID'"),
        (["hit", "show", "hit_1", "--raw", "--json"], "give --json or --raw, not both"),
        (["seed", "x.csv"], "missing option"),
        (["mint"], "give --employee and --record, or --from FILE, or --control N"),
        (["mint", "--employee", "e.marsh"], "--record is missing"),
        (["mint", "--employee", "a", "--record", "b", "--control", "2"], "give --employee"),
        (["mint", "--employee", " ", "--record", "b"], "--employee is missing"),
        (["mint", "--employee", "a\x1b[2J", "--record", "b"], "--employee contains an unprintable"),
        (["mint", "--employee", "a", "--record", "b" * 2000], "--record is longer than"),
        (["mint", "--control", "0"], "--control"),
        (["mint", "--control", "2", "--tool", "crm"], "--tool goes with --employee"),
        (["mint", "--from", "x.csv", "--at", "now"], "--at goes with --employee"),
        (["mint", "--from", "x.csv", "--output", "x.txt"], "must end in .csv or .jsonl"),
        (["mint", "--control", "1", "--output", "x.csv"], "--output goes with --from"),
        (["ingest", "x.eml", "--rcpt", "nobody"], "--rcpt nobody: this is not an address"),
        (["demo", "--slack", "nonsense"], "--slack is not an https:// address"),
        (["--set", "mint.window", "status"], "--set needs KEY=VALUE"),
        (["status", "--config"], "--config needs a value"),
    ],
)
def test_what_cannot_be_meant_leaves_with_2(desk: Desk, arguments: list[str], words: str) -> None:
    desk(*arguments).failed(2, words)


@pytest.mark.parametrize("arguments", [[], ["hit"], ["alerts"], ["config"]])
def test_a_command_that_says_too_little_shows_its_help_and_leaves_with_2(
    bare: Desk, arguments: list[str]
) -> None:
    done = bare(*arguments)
    assert done.code == 2
    assert done.err.startswith("Usage: canary ")


def test_a_hit_leaves_with_3_where_that_was_asked_for(desk: Desk, hit: str) -> None:
    done = desk("hits", "--fail-on-hit")
    assert done.code == 3
    assert hit in done.out
    assert done.err == ""
    assert desk("hits").code == 0
    assert desk("hits", "--fail-on-hit", "--employee", "somebody.else").code == 0


def test_a_hit_on_a_control_alone_is_no_reason_for_3(desk: Desk, tmp_path: Path) -> None:
    (control,) = desk("mint", "--control", "1", "--json").json()
    desk.write("m.eml", f"Delivered-To: {control['address']}\n\nhello\n")
    desk("ingest", tmp_path / "m.eml").ok()
    assert "control" in desk("hits", "--fail-on-hit").ok().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["mint", "--from", "missing.csv"],
        ["mint", "--from", "."],
        ["seed", "missing.csv", "--employee", "a", "--record", "b", "-o", "out.csv"],
        ["seed", ".", "--employee", "a", "--record", "b", "-o", "out.csv"],
        ["seed", "canary.toml", "--employee", "a", "--record", "b", "-o", "o", "--texts", "missing.txt"],
        ["ingest", "missing.eml"],
        ["ingest", "."],
    ],
)
def test_input_that_cannot_be_read_leaves_with_65(desk: Desk, arguments: list[str]) -> None:
    desk(*arguments).failed(65)


def test_without_keys_there_is_nothing_to_look_at_and_78(bare: Desk) -> None:
    bare("hits").failed(78, "no keys at", hint="canary init")


@pytest.mark.parametrize("verb", ["retry", "test"])
def test_alerts_without_a_channel_leave_with_78(desk: Desk, verb: str) -> None:
    desk("alerts", verb).failed(78, "no alert channel", hint="alert.slack.url_file")


def test_an_address_that_is_taken_leaves_with_78(desk: Desk) -> None:
    import socket  # noqa: PLC0415 - only here

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        desk.process("serve", "--listen", f"127.0.0.1:{port}").failed(
            78, f"cannot listen on 127.0.0.1:{port}"
        )


def test_a_channel_that_is_away_leaves_with_75_and_one_that_refuses_with_1(desk: Desk, hit: str) -> None:
    assert hit
    url = "alert.slack.url=http://127.0.0.1:9/services/T0/B0/SECRET"
    done = desk("alerts", "test", "--set", url).failed(75)
    assert "SECRET" not in done.err


def test_a_reader_that_goes_away_ends_it_without_a_word(desk: Desk) -> None:
    desk("mint", "--control", "300").ok()
    command = f"'{sys.executable}' -m canary decoys --jsonl | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=desk.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode in {0, 1}
    assert done.stdout.startswith('{"id": "dec_1"')


def test_a_full_disk_behind_standard_output_is_a_failure(desk: Desk) -> None:
    given(Path("/dev/full").exists(), "/dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "canary", "config", "show"],
            cwd=desk.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert "canary: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def waits(process: int) -> bool:
    """Say whether a process has been asleep for a quarter of a second: it has read all that there is."""
    seen = set()
    for _ in range(5):
        time.sleep(0.05)
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        seen.add((fields[0], fields[11], fields[12]))  # its state, and the processor time it has taken
    return len(seen) == 1 and next(iter(seen))[0] == "S"


def interrupted(running: "subprocess.Popen[bytes]") -> int:
    """Press Ctrl-C, again after a while: Python misses one that comes just before a read.

    One that comes while it is ending ends it without another word.
    """
    for _ in range(6):
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return running.wait(15)
    running.kill()
    return running.wait()


def test_ctrl_c_says_so_and_leaves_nothing_half_written(desk: Desk) -> None:
    """The log comes through a pipe that never ends: the command is interrupted while it reads."""
    with subprocess.Popen(
        [sys.executable, "-m", "canary", "mint", "--from", "-", "--output", "decoys.csv"],
        cwd=desk.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin
        assert running.stderr
        running.stdin.write(b"at,employee,record\n" + b"2026-11-20,e.marsh,B07\n" * 20_000)
        running.stdin.flush()
        while not list(desk.folder.glob(".decoys.csv.*")) or not waits(running.pid):
            assert running.poll() is None
        assert interrupted(running) == 130
        said = running.stderr.read().decode()
    assert said == "canary: interrupted\n"
    assert not list(desk.folder.glob("*decoys.csv*"))
