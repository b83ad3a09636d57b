"""`canary selftest` before a real listener, database and name server, and a Slack of ours."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from canary import wiring
from canary.config import load
from canary.demo.slack import SlackReceiver
from canary.metrics.figures import OK, SELFTEST_NOTE
from canary.ports import HitFilter
from canary.selftest import LEGS, find
from canary.watch import watching
from tests.cli.conftest import DOMAINS, Desk
from tests.selftest.conftest import Zone, name_server

ROOT = Path(__file__).parents[2]


class Sink:
    """`canary serve` for a folder, in a thread of its own, beside a Slack that is ours."""

    def __init__(self, folder: Path, *, script: tuple[int, ...] = ()) -> None:
        self.folder = folder
        self.port = 0
        self.slack = SlackReceiver()
        self.slack.script(script)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        assert self.port
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    @property
    def via(self) -> str:
        return f"--via=127.0.0.1:{self.port}"

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with self.slack:
                (self.folder / "slack-url").write_text(self.slack.url)
                (self.folder / "slack-url").chmod(0o600)
                config = load(None, environ=os.environ, cwd=self.folder)
                with wiring.opened_store(config, wiring.load_keys(config)) as store:
                    settings, channels = wiring.sink_settings(config), wiring.channels_of(config)
                    async with watching(store, settings, channels) as ((_, self.port),):
                        self._ready.set()
                        await self._stop.wait()
        finally:
            self._ready.set()


@pytest.fixture
def open_sink(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sink]:
    monkeypatch.setenv("CANARY_SINK_LISTEN", "127.0.0.1:0")
    monkeypatch.setenv("CANARY_ALERT_SLACK_URL_FILE", str(desk.folder / "slack-url"))
    return partial(Sink, desk.folder)


@contextmanager
def refusing() -> Iterator[str]:
    """Give a port at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"--via=127.0.0.1:{bound.getsockname()[1]}"


def test_every_leg_is_walked_and_told_for_each_domain(desk: Desk, open_sink: Callable[..., Sink]) -> None:
    with open_sink() as sink:
        reports = desk("selftest", sink.via, "--json", "--set", "alert.silence=26h").json()
        shown = desk("selftest", sink.via, "--domain", DOMAINS[0]).ok()
    assert [(report["domain"], report["ok"]) for report in reports] == [(name, True) for name in DOMAINS]
    for report in reports:
        states = {leg["leg"]: leg["state"] for leg in report["legs"]}
        assert list(states) == list(LEGS)
        assert [name for name, state in states.items() if state == "skipped"] == ["mx", "tls", "certificate"]
        assert [name for name, state in states.items() if state == "ok"] == list(LEGS[1:2] + LEGS[4:])
    receipts = [payload["text"] for payload in sink.slack.received]
    assert len(receipts) == 3
    assert receipts[0].startswith(f"Self-test: mail to {DOMAINS[0]} arrived: kept ")
    assert shown.lines[0] == f"{DOMAINS[0]}: ok"
    with desk.store() as store:
        decoys = list(store.decoys(selftest=True))
        assert [each.address.partition("@")[2] for each in decoys] == list(DOMAINS)
        assert not any(each.address in shown.out or each.name in shown.out for each in decoys)
        assert len(list(store.hits(HitFilter(selftests=True)))) == 3


def test_by_mx_the_way_of_a_stranger_is_found(
    desk: Desk, open_sink: Callable[..., Sink], monkeypatch: pytest.MonkeyPatch
) -> None:
    zone: Zone = {("one.example", "MX"): ("10 mx1.one.example.",), ("mx1.one.example", "A"): ("127.0.0.1",)}
    with open_sink() as sink, name_server(zone) as (host, port):
        monkeypatch.setattr("canary.cli.selftest.find", partial(find, port=sink.port))
        done = desk("selftest", "--nameserver", f"{host}:{port}", "--domain=one.example", "--json")
        lost = desk("selftest", "--nameserver", f"{host}:{port}", "--domain=two.example")
    (report,) = done.json()
    assert report["legs"][0]["said"] == f"mx1.one.example (127.0.0.1:{sink.port})"
    lost.failed(
        1, "the self-test of two.example failed at `mx`: two.example does not exist", hint="mint.domains"
    )


def test_a_sink_that_is_down_is_to_be_tried_again(desk: Desk) -> None:
    with refusing() as via:
        done = desk("selftest", via, "--domain=one.example")
    done.failed(75, "failed at `connect`", "Connection refused", hint="firewall")
    assert done.lines[0] == "one.example: failed"


def test_a_sink_with_another_database_does_not_know_the_decoy(
    desk: Desk, open_sink: Callable[..., Sink], tmp_path: Path
) -> None:
    with open_sink() as sink:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        there = [f"store.url=sqlite:///{elsewhere}/other.db", f"keyring.file={elsewhere}/other.keys"]
        options = [word for setting in there for word in ("--set", setting)]
        desk("init", *options)
        done = desk("selftest", sink.via, "--domain=one.example", *options)
    done.failed(1, "failed at `recipient`: 550 5.1.1", hint="store.url")


@pytest.mark.parametrize(
    ("status", "code", "said"), [(500, 75, "is still owed: Slack answered 500"), (403, 1, "is parked")]
)
def test_a_slack_that_refuses_fails_its_leg_alone(
    desk: Desk, open_sink: Callable[..., Sink], status: int, code: int, said: str
) -> None:
    with open_sink(script=(status,) * 50) as sink:
        done = desk("selftest", sink.via, "--domain=one.example", "--timeout=4", "--set=alert.silence=1d")
    done.failed(code, "failed at `told`", said)
    assert [line.split()[1] for line in done.lines if line.startswith(("kept", "silence"))] == ["ok", "ok"]


def test_a_timer_hears_only_of_what_is_not_ok(desk: Desk, open_sink: Callable[..., Sink]) -> None:
    with open_sink() as sink:
        assert desk("selftest", sink.via, "--quiet").ok().out == ""
        assert _noted(desk) == OK
    with refusing() as via:
        done = desk("selftest", via, "--quiet", "--domain=one.example").failed(75, "connect")
    assert _noted(desk) not in {OK, None}
    assert [line.split()[0] for line in done.lines[2:]] == ["connect", "→"]


def _noted(desk: Desk) -> str | None:
    with desk.store() as store:
        return store.note(SELFTEST_NOTE)


def test_the_sender_can_be_chosen(desk: Desk, open_sink: Callable[..., Sink]) -> None:
    with open_sink() as sink:
        desk("selftest", sink.via, "--domain=one.example", "--from=office@three.example").ok()
        desk("selftest", sink.via, "--domain=one.example").ok()
    with desk.store() as store:
        messages = [hit.message for hit in store.hits(HitFilter(selftests=True)) if hit.message]
    assert [(each.mail_from, each.peer.helo) for each in messages] == [
        ("postmaster@two.example", "mail.two.example"),
        ("office@three.example", "mail.three.example"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--domain=elsewhere.example"], "elsewhere.example is none of mint.domains"),
        (["--via=nowhere"], "--via needs HOST:PORT"),
        (["--via=mx.example:0"], "--via needs HOST:PORT"),
        (["--nameserver=ns.example:53"], "--nameserver needs an IP address"),
        (["--from=nobody"], "--from needs an address"),
        (["--from=a@b>\r\nRCPT TO:<c@d"], "--from needs an address"),
        (["--timeout=0"], "--timeout"),
    ],
)
def test_what_cannot_be_meant_is_refused(desk: Desk, arguments: list[str], said: str) -> None:
    desk("selftest", *arguments).failed(2, said)


def test_without_domains_there_is_nothing_to_test(desk: Desk) -> None:
    desk("selftest", "--set", "mint.domains=").failed(78, "no domain")


def test_the_units_run_what_there_is() -> None:
    service = (ROOT / "examples" / "canary-selftest.service").read_text()
    timer = (ROOT / "examples" / "canary-selftest.timer").read_text()
    assert "ExecStart=/opt/canary/bin/canary selftest --quiet\n" in service
    assert "Type=oneshot" in service
    assert "RandomizedDelaySec=" in timer
    assert "Persistent=yes" in timer
