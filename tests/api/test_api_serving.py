"""The process: how it begins, what it refuses, and how it ends."""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from canary.api.serving import open_sockets
from canary.cli import answering
from canary.errors import ConfigurationError
from canary.model import Scope
from tests.api.api_parts import MAIN, PATIENCE, Door, answering_in, home_in
from tests.journeys.journey_parts import ROOT, environment, until

PROGRAM = (
    sys.executable,
    "-W",
    "error",
    "-m",
    "canary",
    "--set=log.format=json",
    "--set=sink.listen=127.0.0.1:0",
)


@contextlib.contextmanager
def started(
    folder: Path, *arguments: str, stdin: int = subprocess.DEVNULL
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    log = folder / "serve.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=folder,
            env={**environment(), "PYTHONPATH": str(ROOT)},
            stdin=stdin,
            stderr=stderr,
        )
    with process:
        try:
            yield process, log
        finally:
            process.kill()


def said(log: Path, pattern: str, count: int = 1) -> "re.Match[str]":
    """Wait until the log says something so many times; return the last of it."""

    def found() -> "re.Match[str] | None":
        matches = list(re.finditer(pattern, log.read_text(encoding="utf-8")))
        return matches[-1] if len(matches) >= count else None

    match: re.Match[str] = until(found, f"the log says {pattern}")
    return match


ANSWERING = r"answering applications on (127\.0\.0\.1:\d+)"


def pid_at(where: str) -> int:
    """Return the process that listens at an address."""
    port = int(where.rpartition(":")[2])
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    inode = next(
        line.split()[9]
        for line in lines
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    )
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and any(
                str(each.readlink()) == f"socket:[{inode}]" for each in (folder / "fd").iterdir()
            ):
                return int(folder.name)
    raise AssertionError(where)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_it_runs_alone_and_ends_gracefully(tmp_path: Path) -> None:
    home_in(tmp_path)
    with started(tmp_path, "--set=api.metrics=127.0.0.1:0", "serve", "--only", "api") as (process, log):
        where = said(log, ANSWERING)[1]
        measured = said(log, r"metrics and health are served on (\S+:\d+)")[1]
        assert httpx.get(f"http://{where}/readyz").text == "ok\n"
        assert "store: ok" in httpx.get(f"http://{measured}/readyz").text
        metrics = httpx.get(f"http://{measured}/metrics").text
        assert 'canary_api_requests_total{operation="other"} 1.0' in metrics
        assert "canary_connections" not in metrics
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in log.read_text()


def test_beside_the_listener_it_is_started_again_and_ends_with_it(tmp_path: Path) -> None:
    home_in(tmp_path)
    with started(tmp_path, "serve", "--api") as (process, log):
        said(log, r"listening on 127")
        first = pid_at(said(log, ANSWERING)[1])
        assert first != process.pid
        os.kill(first, signal.SIGKILL)
        where = said(log, ANSWERING, 2)[1]
        second = pid_at(where)
        process.send_signal(signal.SIGHUP)
        said(log, r'"canary.cli.answering", "message": "reloaded"')
        assert httpx.get(f"http://{where}/livez").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert gone(second)


def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    """The parent's end of a pipe, its standard input, is closed with the parent, however that ends."""
    home_in(tmp_path)
    with started(tmp_path, "serve", "--only", "api", "--until-eof", stdin=subprocess.PIPE) as (process, log):
        said(log, ANSWERING)
        assert process.stdin
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("listen", "more", "words"),
    [
        ("0.0.0.0:0", "", "in clear text"),
        ("[::]:0", "", "in clear text"),
        ("127.0.0.1:0", 'tls_cert = "none.pem"\ntls_key = "none.pem"\n', "No such file"),
    ],
)
def test_it_refuses_what_it_must_not_do(tmp_path: Path, listen: str, more: str, words: str) -> None:
    config = home_in(tmp_path, MAIN.replace("127.0.0.1:0", listen) + more)
    with pytest.raises(ConfigurationError, match=words):
        answering.check(config)


def test_its_exit_code_says_that_the_configuration_is_at_fault(tmp_path: Path) -> None:
    home_in(tmp_path)
    with started(tmp_path, "--set=api.listen=0.0.0.0:0", "serve", "--only", "api") as (process, log):
        assert process.wait(PATIENCE) == 78
    assert "set api.tls_cert and api.tls_key; or api.clear_text = true" in log.read_text()


def test_a_port_that_is_taken_is_told(door: Door, tmp_path: Path) -> None:
    config = home_in(tmp_path, MAIN.replace("127.0.0.1:0", door.running.where[0]))
    with pytest.raises(ConfigurationError, match="Address already in use"):
        open_sockets(config.api.listen)


def test_clear_text_beyond_this_machine_is_there_for_who_asks_for_it(tmp_path: Path) -> None:
    text = MAIN.replace('"127.0.0.1:0"', '"0.0.0.0:0"') + "clear_text = true\n"
    with answering_in(home_in(tmp_path, text)) as open_door:
        port = open_door.running.where[0].rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200


def test_a_certificate_is_served_and_taken_up_anew(
    tmp_path: Path, new_certificate: Callable[..., tuple[Path, Path]]
) -> None:
    cert, key = new_certificate(tmp_path / "tls")
    text = f'{MAIN}tls_cert = "{cert}"\ntls_key = "{key}"\n'
    config = home_in(tmp_path, text)
    with answering_in(config, scheme="https") as secured:
        host, port = secured.running.where[0].split(":")
        first = ssl.get_server_certificate((host, int(port)))
        assert first == cert.read_text()
        assert secured.plant()["decoys"]
        new_certificate(tmp_path / "tls")
        secured.running.reload(config.api)
        assert ssl.get_server_certificate((host, int(port))) == cert.read_text() != first
        key.write_text("no key")
        with pytest.raises(ConfigurationError, match="tls_key"):
            secured.running.reload(config.api)
        assert secured.http.get("/livez").status_code == 200


def test_what_was_begun_ends_before_it_does(tmp_path: Path) -> None:
    """A request whose body is on its way is answered; a connection that rests is closed."""
    with answering_in(home_in(tmp_path)) as ending:
        headers = {**ending.headers(Scope.PLANT), "Content-Type": "application/json"}
        body = b'{"employee": "e.marsh", "record": "B01"}'
        begun = []

        def pieces() -> Iterator[bytes]:
            yield body[:10]
            ending.running._server.should_exit = True  # type: ignore[union-attr]
            begun.append(True)
            yield body[10:]

        answer = ending.http.post("/v1/accesses", content=pieces(), headers=headers)
        assert (answer.status_code, begun) == (201, [True])
