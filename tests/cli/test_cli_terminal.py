"""On a real terminal: tables fit, a bar shows progress, and nobody's bytes move the cursor."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from canary.model import Message, Peer, Probe, Verb
from tests.cli.conftest import Desk
from tests.parts import START

EVIL = "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07\x9b31m\u202egnp.exe\u2066\x07\r\x08\u2028end"


def _unsized() -> dict[str, str]:
    """Return the environment without what would outrank the terminal's own size."""
    return {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}


def typed(desk: Desk, *arguments: str, width: int = 80) -> tuple[int, str]:
    """Run a command on a terminal of its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "canary", *arguments],
        cwd=desk.folder,
        env={**_unsized(), "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        shown = bytearray()
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:
            pass
        os.close(ours)
        return running.wait(60), shown.decode()


def harmless(text: str) -> bool:
    return all(unicodedata.category(c)[0] != "C" or c == "\n" for c in text) and "\u2028" not in text


@pytest.fixture
def attacked(desk: Desk, mail: Callable[..., Message]) -> Desk:
    """Return a desk with mail and a probe whose every word tries to break out."""
    address = desk.address()
    raw = f"From: {EVIL} <a@b.example>\r\nSubject: {EVIL}\r\n\r\n{EVIL}\r\n".encode()
    peer = Peer("192.0.2.7", 41234, EVIL)
    desk.keep(Message(raw, f"{EVIL}@b.example", (address,), peer, START))
    desk.keep(Probe(address, Verb.RCPT, EVIL, peer, START))
    encoded = "=?utf-8?Q?" + "".join(f"={byte:02X}" for byte in EVIL.encode()) + "?="
    desk.keep(mail(address, raw=f"Subject: {encoded}\r\nFrom: {encoded}\r\n\r\nx\r\n".encode()))
    return desk


@pytest.mark.parametrize(
    "arguments",
    [
        ["hits"],
        ["hits", "--json"],
        ["hits", "--jsonl"],
        ["hit", "show", "hit_1"],
        ["hit", "show", "hit_2"],
        ["hit", "show", "hit_3"],
        ["hit", "show", "hit_1", "--json"],
    ],
)
def test_what_a_stranger_wrote_comes_out_harmless(attacked: Desk, arguments: list[str]) -> None:
    done = attacked(*arguments).ok()
    assert harmless(done.out)
    assert "click" in done.out


def test_escapes_in_json_are_the_same_values_still(attacked: Desk) -> None:
    (hit,) = (each for each in attacked("hits", "--json").json() if each["id"] == "hit_1")
    assert hit["message"]["mail_from"] == f"{EVIL}@b.example"
    assert hit["message"]["helo"] == EVIL


def test_saved_mail_comes_out_harmless(desk: Desk) -> None:
    raw = f"Delivered-To: {desk.address()}\nSubject: {EVIL}\nReturn-Path: <{EVIL}@b.example>\n\nx\n"
    desk.write("a\x1b[2Jb.eml", raw)
    done = desk("ingest", "a\x1b[2Jb.eml").ok()
    assert harmless(done.out)
    for arguments in (["hits"], ["hit", "show", "hit_1"], ["hits", "--json"]):
        assert harmless(desk(*arguments).ok().out)


def test_nobody_writes_a_line_of_ours(desk: Desk) -> None:
    """A folded header is one line, so that no reason or confidence can be forged."""
    forged = "x\n Confidence: 0%\n Exposed only through the access of: boss"
    desk.write("m.eml", f"Return-Path: <{forged}>\nDelivered-To: {desk.address()}\nSubject: {forged}\n\nx\n")
    desk("ingest", "m.eml").ok()
    lines = desk("hit", "show", "hit_1").ok().lines
    assert sum(line.lstrip().startswith(("Confidence:", "Exposed only")) for line in lines) == 2


def test_errors_and_bad_rows_are_harmless_too(desk: Desk) -> None:
    for done in (
        desk("hit", "show", EVIL),
        desk("mint", "--from", f"missing{EVIL}"),
        desk("mint", "--from", "-", stdin=f"at,employee,record,{EVIL}\n{EVIL},a,b,c\n".encode()),
        desk("--set", f"mint.window={EVIL}", "status"),
        desk(EVIL),
    ):
        assert done.code
        assert harmless(done.err)


def test_raw_mail_is_not_printed_to_a_terminal(attacked: Desk) -> None:
    code, shown = typed(attacked, "hit", "show", "hit_1", "--raw")
    assert code == 2
    assert "hit_1.eml" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("width", [80, 260])
def test_a_table_fits_the_window(attacked: Desk, width: int) -> None:
    code, shown = typed(attacked, "hits", width=width)
    assert code == 0
    heading, *rows = shown.replace("\r\n", "\n").splitlines()
    assert heading.startswith("\x1b[1mhit ")
    assert len(rows) == 3
    assert all(len(row) <= width for row in rows)
    assert all(harmless(row) for row in rows)
    assert ("decoy" in heading) == (width == 260)


def test_a_bar_shows_how_much_of_a_log_is_read(desk: Desk) -> None:
    desk.write("log.csv", "at,employee,record\n" + "2026-11-20,e.marsh,B07\n" * 3)
    code, shown = typed(desk, "mint", "--from", "log.csv")
    assert code == 0
    assert "planting" in shown
    assert "3 accesses: 1 new, 2 known before; 1 decoy minted" in shown


def test_piped_there_is_no_bar_and_no_colour(desk: Desk) -> None:
    desk.write("log.csv", "at,employee,record\n2026-11-20,e.marsh,B07\n")
    done = desk.process("mint", "--from", "log.csv", TERM="xterm-256color").ok()
    assert done.err == ""
    assert harmless(done.out)


def test_an_output_that_cannot_hold_every_letter_is_no_failure(desk: Desk) -> None:
    desk.mint(employee="jörg.žižka")
    done = desk.process("access", "show", "acc_1", PYTHONIOENCODING="ascii").ok()
    assert "j\\xf6rg" in done.out
