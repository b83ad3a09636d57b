"""What SIGHUP takes over, what it leaves as it is, and what it says of that."""

import os
import resource
import signal
from pathlib import Path

import pytest

from canary.cli.serve import KEYS, _value
from canary.config import load
from tests.parts import given
from tests.watch.conftest import Home, Served, wait_for

FILES = 2300
"""Open files enough for the default `sink.max_connections`."""


def reload(home: Home, served: Served, *lines: str, says: str) -> None:
    (home.folder / "canary.toml").write_text("".join(f"{line}\n" for line in lines))
    served.signal(signal.SIGHUP)
    served.wait_for_log(says)


def answers(served: Served, address: str) -> tuple[int, bytes]:
    with served.client() as client:
        client.ehlo()
        client.mail("care@seller.example")
        return client.rcpt(address)


@pytest.mark.parametrize("key", KEYS)
def test_a_reload_finds_every_setting_that_it_compares(tmp_path: Path, key: str) -> None:
    _value(load(environ={}, cwd=tmp_path), key)


def test_domains_are_taken_over_and_another_database_is_not(home: Home) -> None:
    with home.serving() as served:
        (first,) = served.workers
        assert answers(served, "nobody@three.example")[0] == 554
        wanted = (
            "[store]",
            'url = "sqlite:///elsewhere/fresh.db"',
            "[keyring]",
            'file = "elsewhere/fresh.keys"',
            "[mint]",
            "cap = 7",
            'domains = ["one.example", "two.example", "three.example"]',
            "[sink]",
            "workers = 3",
        )
        for round_ in range(2):
            reload(home, served, *wanted, says=": reloaded")
            served.wait_for_log(r"to change: store\.url, keyring\.file, sink\.workers", round_ + 1)
        assert "mint." not in served.log
        assert answers(served, "nobody@three.example")[0] == 550
        assert answers(served, home.addresses[0])[0] == 250
        os.kill(first, signal.SIGKILL)
        served.wait_for_log(r"worker \d+ listens")
        assert answers(served, home.addresses[0])[0] == 250
        assert served.stop() == 0


def test_more_connections_bring_more_open_files_to_all_processes(home: Home) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    given(hard >= 10_200, "10,200 open files")
    with home.serving("--workers", "2") as served:
        processes = [served.process.pid, *served.workers]
        for process in processes:
            resource.prlimit(process, resource.RLIMIT_NOFILE, (FILES, hard))
        home.configure("[sink]", "max_connections = 10_000")
        served.signal(signal.SIGHUP)
        served.wait_for_log(": reloaded")
        wait_for(lambda: all(_files(process) >= 10_200 for process in processes), "more open files")
        assert served.stop() == 0


def test_more_connections_than_the_process_may_have_open_files_leave_everything_as_it_was(home: Home) -> None:
    with home.serving() as served:
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        home.configure("[sink]", "max_connections = 5000")
        served.signal(signal.SIGHUP)
        served.wait_for_log("not reloaded, everything stays as it was: sink.max_connections = 5000 needs")
        assert answers(served, home.addresses[0])[0] == 250
        assert served.stop() == 0


def _files(process: int) -> int:
    soft, _ = resource.prlimit(process, resource.RLIMIT_NOFILE)
    return soft
