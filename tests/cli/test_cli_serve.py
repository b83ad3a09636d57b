"""`canary serve` and `canary demo` in processes of their own, and going on where they ended."""

import contextlib
import os
import re
import resource
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Desk

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(desk: Desk, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    with subprocess.Popen(
        [sys.executable, "-m", "canary", "serve", "--listen", "127.0.0.1:0", *arguments],
        cwd=desk.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        try:
            found = next(
                found
                for line in running.stderr
                if (found := re.search(r"listening on 127.0.0.1:(\d+)", line))
            )
            yield running, int(found[1])
        finally:
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_mail_is_kept_and_the_end_is_graceful(desk: Desk, number: int) -> None:
    address = desk.address()
    with serving(desk, "--hostname", "mx.one.example", "--set", "log.format=json") as (running, port):
        with smtplib.SMTP("127.0.0.1", port, local_hostname="seller.example", timeout=60) as client:
            client.sendmail("care@seller.example", [address], b"Subject: hello\r\n\r\nhello\r\n")
        running.send_signal(number)
        assert running.wait(30) == 0
    (hit,) = desk("hits", "--json").json()
    assert hit["decoy"]["address"] == address
    assert hit["message"]["envelope_ours"] is True


def test_more_connections_than_open_files_are_refused_at_the_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.wiring.resource.getrlimit", lambda _: (256, 1024))
    done = desk("serve", "--listen", "127.0.0.1:0", "--set", "sink.max_connections=1000")
    done.failed(78, "needs 2200 open files", hint="lower sink.max_connections")


def test_a_soft_limit_on_open_files_is_raised(desk: Desk) -> None:
    with serving(desk, "--set", "sink.max_connections=500") as (running, _):
        soft, hard = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    assert soft >= min(700, hard)


def test_the_demo_leaves_a_directory_to_go_on_in(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done = bare.process("demo", "--keep", TMPDIR=str(bare.folder)).ok()
    (folder,) = bare.folder.glob("demo-*")
    assert f"cd {folder}" in done.out
    monkeypatch.chdir(folder)
    hits = bare("hits", "--json").json()
    assert {access["employee"] for hit in hits for access in hit["accesses"]} == {"t.okafor"}
    bare("hit", "show", hits[0]["id"]).ok()
    bare("status").ok()
    assert bare("hits", "--fail-on-hit").code == 3
