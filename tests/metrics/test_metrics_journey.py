"""What a running host says of itself, after mail and mischief, agrees with what happened."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as metrics_in

from tests.journeys.journey_parts import DOMAINS, Home, Serving, initialise, log_rows, mail, slack, until
from tests.parts import given

GUESSES = 3
Served = dict[tuple[str, ...], float]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    folder = tmp_path / "home"
    folder.mkdir()
    with slack() as told:
        yield initialise(folder, told.url)


def metrics_address(running: Serving) -> str:
    """Return where it serves metrics, as its log says."""

    def named() -> str:
        text = running.log.read_text(encoding="utf-8")
        found = re.search(r"metrics and health are served on (\S+:\d+)", text)
        return found[1] if found else ""

    return str(until(named, "the log names where metrics are served"))


def scraped(http: httpx.Client) -> Served:
    text = http.get("/metrics").raise_for_status().text
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "le")): sample.value
        for family in metrics_in(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def misbehave(running: Serving, decoy: str) -> None:
    """Probe, guess, and say what no mail server says."""
    with running.client() as client:
        client.ehlo()
        client.docmd("XYZZY", "a@b.example")
        client.mail("care@seller.example")
        for number in range(GUESSES):
            assert client.rcpt(f"nobody{number}@{DOMAINS[0]}")[0] == 550
        client.rcpt("somebody@elsewhere.example")
        client.docmd("RCPT", "TO:<<>>")
        assert client.rcpt(decoy)[0] == 250
    with socket.create_connection((running.host, running.port)) as rude:
        rude.sendall(b"\xff\x00GET / HTTP/1.1\r\n\r\n")
        rude.recv(4096)


@contextmanager
def measured(home: Home, *settings: str) -> Iterator[tuple[Serving, httpx.Client]]:
    """Run a host, and a client that asks for its metrics."""
    with home.serving("metrics.listen=127.0.0.1:0", *settings) as running:
        with httpx.Client(base_url=f"http://{metrics_address(running)}", timeout=30) as http:
            yield running, http
        assert running.stop() == 0


def test_what_is_served_agrees_with_what_happened(home: Home) -> None:
    decoys = list(home.plant(log_rows(["t.okafor"], 2)).values())
    with measured(home, "sink.workers=2") as (running, http):
        ready = http.get("/readyz")
        assert (ready.status_code, http.get("/livez").text) == (200, "ok\n"), ready.text
        for number in range(4):
            running.mail(decoys[:1], mail(f"offer {number}"))
        misbehave(running, decoys[1])
        until(lambda: settled(scraped(http)), "all is counted")
        agrees(scraped(http))
    assert "ERROR" not in {line["level"].upper() for line in running.lines}


def settled(served: Served) -> bool:
    """Say whether the workers' counts have come, and what the store says."""
    return (
        served["canary_messages_total", "kept"] == 4
        and served["canary_probes_total", "rcpt"] == 1
        and served["canary_strays_total",] == GUESSES
        and served.get(("canary_kept_messages",)) == 4
        and served["canary_alert_deliveries_total", "sent"] >= 1
    )


def agrees(served: Served) -> None:
    """Fail unless the figures are those of what `misbehave` and four messages do."""
    wanted = {
        ("canary_unlisted_keys",): 0,
        ("canary_workers",): 2,
        ("canary_workers_wanted",): 2,
        ("canary_worker_restarts_total",): 0,
        ("canary_connections_total", "smtp"): 6,
        ("canary_commands_total", "MAIL"): 5,
        ("canary_recipients_total", "live"): 5,
        ("canary_recipients_total", "unknown"): GUESSES,
        ("canary_recipients_total", "foreign"): 1,
        ("canary_recipients_total", "malformed"): 1,
        ("canary_messages_total", "deferred"): 0,
        ("canary_message_size_bytes_count",): 4,
        ("canary_message_seconds_count",): 4,
        ("canary_hits_total", "new"): 5,
        ("canary_commit_batch_size_sum",): 5,
        ("canary_decoys", "shown"): 2,
        ("canary_kept_hits", "decoy"): 5,
        ("canary_accesses",): 2,
    }
    assert {key: served.get(key) for key in wanted} == wanted
    assert served["canary_commands_total", "other"] >= 1
    assert (
        served["canary_process_memory_bytes", "worker"] > served["canary_process_memory_bytes", "parent"] / 4
    )
    strange = {key for key in served if key[-1] == "other"} - {("canary_commands_total", "other")}
    assert not {key for key in strange if served[key]}


def test_a_worker_that_dies_takes_no_counts_with_it(home: Home) -> None:
    decoy, *_ = home.plant(log_rows(["t.okafor"], 1)).values()
    with measured(home) as (running, http):
        running.mail([decoy], mail("an offer"))
        until(lambda: scraped(http)["canary_messages_total", "kept"] == 1, "it is counted")
        parent = running.process.pid
        (child,) = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()
        os.kill(int(child), signal.SIGKILL)
        until(lambda: scraped(http)["canary_worker_restarts_total",] == 1, "another one takes over")
        until(lambda: http.get("/readyz").status_code == 200, "it is ready again")
        served = scraped(http)
    assert served["canary_messages_total", "kept"] == 1
    assert served["canary_connections_open",] == 0


def test_a_self_test_is_seen_with_its_time_and_how_it_ended(home: Home) -> None:
    with measured(home) as (running, http):
        assert ("canary_selftest_ok",) not in scraped(http)
        home.run("selftest", "--via", f"{running.host}:{running.port}")
        until(lambda: scraped(http).get(("canary_selftest_ok",)) == 1, "it is known that it ended well")
        served = scraped(http)
    kept = served["canary_selftest_last_timestamp_seconds",]
    assert served["canary_start_timestamp_seconds",] < kept <= time.time()
    assert served.get(("canary_kept_hits", "control")) == 0


def test_the_disk_for_large_messages_is_that_of_the_configuration_in_force(home: Home) -> None:
    memory = Path("/dev/shm")  # noqa: S108 - a disk of its own, and nothing is written there
    elsewhere, here = (os.statvfs(each) for each in (memory, home.folder))
    size, own_size = (each.f_blocks * each.f_frsize for each in (elsewhere, here))
    given(size != own_size, "second file system")
    with measured(home) as (running, http):
        assert scraped(http)["canary_disk_size_bytes", "spill"] == own_size
        file = home.folder / "canary.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count("[sink]\n") == 1
        file.write_text(text.replace("[sink]\n", f'[sink]\nspill_folder = "{memory}"\n'), encoding="utf-8")
        running.process.send_signal(signal.SIGHUP)
        until(lambda: scraped(http)["canary_disk_size_bytes", "spill"] == size, "the other disk is told of")
        assert scraped(http)["canary_disk_size_bytes", "store"] == own_size
