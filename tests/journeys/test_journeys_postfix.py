"""A real Postfix of the test's own relays the decoys' domains to us."""

import os
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import moved_in
from tests.journeys.journey_parts import (
    DOMAINS,
    PATIENCE,
    SENDER,
    Home,
    Serving,
    log_rows,
    mail,
    slack,
    until,
)
from tests.parts import need

DIRECT, FLAKY, _ = DOMAINS
EMPLOYEES = ("e.marsh", "t.okafor")
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
relay_domains = {domains}
transport_maps = inline:{{ {transports} }}
local_transport = error:no local mail here
default_transport = discard
alias_maps =
alias_database =
minimal_backoff_time = 300s
queue_run_delay = 300s
"""
SERVICES = (
    ("pickup", "unix", "n", "1"),
    ("cleanup", "unix", "n", "0"),
    ("qmgr", "unix", "n", "1"),
    ("rewrite", "unix", "-", "-", "trivial-rewrite"),
    ("bounce", "unix", "-", "0"),
    ("defer", "unix", "-", "0", "bounce"),
    ("trace", "unix", "-", "0", "bounce"),
    ("flush", "unix", "n", "0"),
    ("proxymap", "unix", "-", "-"),
    ("smtp", "unix", "-", "-"),
    ("relay", "unix", "-", "-", "smtp"),
    ("showq", "unix", "n", "-"),
    ("error", "unix", "-", "-"),
    ("retry", "unix", "-", "-", "error"),
    ("discard", "unix", "-", "-"),
    ("anvil", "unix", "-", "1"),
    ("scache", "unix", "-", "1"),
    ("postlog", "unix-dgram", "n", "1", "postlogd"),
)


@dataclass
class Postfix:
    """A Postfix with configuration, queue and log of its own."""

    folder: Path
    port: int

    def command(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [f"/usr/sbin/{program}", "-c", str(self.folder / "etc"), *arguments],
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, (done.stderr.decode(), self.log())

    def log(self) -> str:
        file = self.folder / "postfix.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def send(self, recipient: str, raw: bytes) -> str:
        """Hand it a mail and return the queue id that it gave."""
        with smtplib.SMTP(
            "127.0.0.1", self.port, local_hostname="client.example", timeout=PATIENCE
        ) as client:
            client.mail(SENDER)
            client.rcpt(recipient)
            code, said = client.data(raw)
        assert code == 250, said
        return said.decode().rpartition(" ")[2]

    def fate(self, queue_id: str, status: str) -> str:
        """Wait for the line that says what became of a mail and return it."""
        pattern = re.compile(rf"{queue_id}: to=.*status={status} .*")
        found = until(lambda: pattern.search(self.log()), f"{queue_id} is {status}: {self.log()[-3000:]}")
        return str(found[0])

    def deliver_again(self, queue_id: str) -> None:
        """Wait until a mail is deferred, and have it tried again at once."""
        self.fate(queue_id, "deferred")
        waiting = self.folder / "queue" / "deferred"
        until(lambda: [*waiting.glob(f"**/{queue_id}")], f"{queue_id} is in the deferred queue")
        self.command("postqueue", "-f")


@contextmanager
def postfix(transports: Mapping[str, int]) -> Iterator[Postfix]:
    """Run a Postfix that relays each domain to a port, until the block ends."""
    need(shutil.which("postfix", path="/usr/sbin:/usr/bin"), "postfix")
    need(os.geteuid() == 0, "root, whom Postfix wants for its master")
    with tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # its daemons are not root and must reach the queue
        made = Postfix(folder, free_port())
        for each in ("etc", "queue", "data"):
            (folder / each).mkdir()
        shutil.chown(folder / "data", "postfix")
        _configure(made, transports)
        made.command("postfix", "start")
        try:
            until(lambda: _answers(made.port), f"Postfix answers: {made.log()}")
            yield made
        finally:
            made.command("postfix", "stop")


def _configure(made: Postfix, transports: Mapping[str, int]) -> None:
    routes = ", ".join(f"{{{domain} = smtp:[127.0.0.1]:{port}}}" for domain, port in transports.items())
    text = MAIN_CF.format(folder=made.folder, domains=", ".join(transports), transports=routes)
    (made.folder / "etc" / "main.cf").write_text(text, encoding="ascii")
    lines = [f"127.0.0.1:{made.port} inet n - n - - smtpd"]
    for service, kind, private, most, *other in SERVICES:
        lines.append(f"{service} {kind} {private} - n - {most} {other[0] if other else service}")
    (made.folder / "etc" / "master.cf").write_text("\n".join(lines) + "\n", encoding="ascii")


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as client:
        return client.recv(3) == b"220"
    return False


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


class Thief:
    """Passes one connection at a time on to the sink, and steals the first 250 to a whole message."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.stolen: list[bytes] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._port), PATIENCE) as sink:
                asking = threading.Thread(target=_copy, args=(client, sink), daemon=True)
                asking.start()
                self._answer(sink, client)
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
                asking.join(PATIENCE)

    def _answer(self, sink: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := sink.recv(65536):
                if not self.stolen and b"queued as" in data:
                    self.stolen.append(data)
                    return
                client.sendall(data)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@dataclass
class Relay:
    """A home, its sink, and a Postfix before it."""

    home: Home
    stack: ExitStack
    serving: Serving
    thief: Thief
    postfix: Postfix
    decoys: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def fresh(self, domain: str) -> tuple[str, str]:
        """Return a decoy under a domain that no test has written to, and whom it was shown to."""
        return self.decoys[domain].pop()

    def hits(self, decoy: str) -> list[dict[str, Any]]:
        return [hit for hit in self.home.hits() if hit["decoy"]["address"] == decoy]

    def restart(self) -> None:
        """Start the sink again where it was."""
        self.serving = self.stack.enter_context(self.home.serving(port=self.serving.port))


@pytest.fixture(scope="module")
def relay(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with ExitStack() as stack:
        told = stack.enter_context(slack())
        home = moved_in(initialised, tmp_path_factory.mktemp("postfix") / "home", told)
        planted = home.plant(log_rows(EMPLOYEES, 20))
        serving = stack.enter_context(home.serving())
        thief = stack.enter_context(closing(Thief(serving.port)))
        mta = stack.enter_context(postfix({DIRECT: serving.port, FLAKY: thief.port}))
        made = Relay(home, stack, serving, thief, mta)
        for (employee, _), address in planted.items():
            made.decoys.setdefault(address.rpartition("@")[2], []).append((address, employee))
        yield made


def test_a_mail_that_postfix_relays_names_the_employee(relay: Relay) -> None:
    decoy, employee = relay.fresh(DIRECT)
    queue_id = relay.postfix.send(decoy, mail("Relayed"))
    assert "250 2.0.0 Ok: queued as" in relay.postfix.fate(queue_id, "sent")
    (hit,) = relay.hits(decoy)
    assert [access["employee"] for access in hit["accesses"]] == [employee]
    assert (hit["message"]["mail_from"], hit["message"]["helo"]) == (SENDER, "relay.example")
    assert (hit["message"]["subject"], hit["deliveries"]) == ("Relayed", 1)


def test_a_mail_to_anyone_else_bounces_with_our_refusal(relay: Relay) -> None:
    queue_id = relay.postfix.send(f"jane.nobody.1874@{DIRECT}", mail("To nobody"))
    line = relay.postfix.fate(queue_id, "bounced")
    assert "dsn=5.1.1" in line
    assert "said: 550 5.1.1 <jane.nobody.1874@" in line


def test_mail_that_waited_while_we_were_down_arrives_once(relay: Relay) -> None:
    decoy, employee = relay.fresh(DIRECT)
    assert relay.serving.stop() == 0
    queue_id = relay.postfix.send(decoy, mail("While you were away"))
    relay.postfix.fate(queue_id, "deferred")
    relay.restart()
    relay.postfix.deliver_again(queue_id)
    relay.postfix.fate(queue_id, "sent")
    (hit,) = relay.hits(decoy)
    assert [access["employee"] for access in hit["accesses"]] == [employee]
    assert (hit["message"]["subject"], hit["deliveries"]) == ("While you were away", 1)


def test_a_mail_delivered_again_after_a_lost_250_is_one_hit(relay: Relay) -> None:
    decoy, employee = relay.fresh(FLAKY)
    queue_id = relay.postfix.send(decoy, mail("Twice"))
    relay.postfix.deliver_again(queue_id)
    relay.postfix.fate(queue_id, "sent")
    assert len(relay.thief.stolen) == 1
    (hit,) = relay.hits(decoy)
    assert [access["employee"] for access in hit["accesses"]] == [employee]
    assert (hit["message"]["subject"], hit["deliveries"]) == ("Twice", 2)
    alerted = [one for alert in relay.home.json("alerts", "list") for one in alert["hits"]]
    assert alerted.count(hit["id"]) == 1
