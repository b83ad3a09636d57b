"""A real Postfix of the test's own relays the decoys' domains to us."""

import smtplib
import socket
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
)
from tests.postfix import Postfix, running_postfix

DIRECT, FLAKY, _ = DOMAINS
EMPLOYEES = ("e.marsh", "t.okafor")
RELAYING = """
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relay_domains = {domains}
transport_maps = inline:{{ {transports} }}
local_transport = error:no local mail here
"""


@contextmanager
def relaying_postfix(transports: Mapping[str, int]) -> Iterator[Postfix]:
    """Run a Postfix that relays each domain to a port, until the block ends."""
    routes = ", ".join(f"{{{domain} = smtp:[127.0.0.1]:{port}}}" for domain, port in transports.items())
    with running_postfix(RELAYING.format(domains=", ".join(transports), transports=routes)) as made:
        yield made


def send(postfix: Postfix, recipient: str, raw: bytes) -> str:
    """Hand a mail to Postfix and return the queue id that it gave."""
    with smtplib.SMTP("127.0.0.1", postfix.port, local_hostname="client.example", timeout=PATIENCE) as client:
        client.mail(SENDER)
        client.rcpt(recipient)
        code, said = client.data(raw)
    assert code == 250, said
    return said.decode().rpartition(" ")[2]


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
        mta = stack.enter_context(relaying_postfix({DIRECT: serving.port, FLAKY: thief.port}))
        made = Relay(home, stack, serving, thief, mta)
        for (employee, _), address in planted.items():
            made.decoys.setdefault(address.rpartition("@")[2], []).append((address, employee))
        yield made


def test_a_mail_that_postfix_relays_names_the_employee(relay: Relay) -> None:
    decoy, employee = relay.fresh(DIRECT)
    queue_id = send(relay.postfix, decoy, mail("Relayed"))
    assert "250 2.0.0 Ok: queued as" in relay.postfix.fate(queue_id, "sent")
    (hit,) = relay.hits(decoy)
    assert [access["employee"] for access in hit["accesses"]] == [employee]
    assert (hit["message"]["mail_from"], hit["message"]["helo"]) == (SENDER, "relay.example")
    assert (hit["message"]["subject"], hit["deliveries"]) == ("Relayed", 1)


def test_a_mail_to_anyone_else_bounces_with_our_refusal(relay: Relay) -> None:
    queue_id = send(relay.postfix, f"jane.nobody.1874@{DIRECT}", mail("To nobody"))
    line = relay.postfix.fate(queue_id, "bounced")
    assert "dsn=5.1.1" in line
    assert "said: 550 5.1.1 <jane.nobody.1874@" in line


def test_mail_that_waited_while_we_were_down_arrives_once(relay: Relay) -> None:
    decoy, employee = relay.fresh(DIRECT)
    assert relay.serving.stop() == 0
    queue_id = send(relay.postfix, decoy, mail("While you were away"))
    relay.postfix.fate(queue_id, "deferred")
    relay.restart()
    relay.postfix.deliver_again(queue_id)
    relay.postfix.fate(queue_id, "sent")
    (hit,) = relay.hits(decoy)
    assert [access["employee"] for access in hit["accesses"]] == [employee]
    assert (hit["message"]["subject"], hit["deliveries"]) == ("While you were away", 1)


def test_a_mail_delivered_again_after_a_lost_250_is_one_hit(relay: Relay) -> None:
    decoy, employee = relay.fresh(FLAKY)
    queue_id = send(relay.postfix, decoy, mail("Twice"))
    relay.postfix.deliver_again(queue_id)
    relay.postfix.fate(queue_id, "sent")
    assert len(relay.thief.stolen) == 1
    (hit,) = relay.hits(decoy)
    assert [access["employee"] for access in hit["accesses"]] == [employee]
    assert (hit["message"]["subject"], hit["deliveries"]) == ("Twice", 2)
    alerted = [one for alert in relay.home.json("alerts", "list") for one in alert["hits"]]
    assert alerted.count(hit["id"]) == 1
