"""A real Postfix in front, set up as the manual says, hands over by LMTP what is for the decoys' domains."""

import smtplib
import time
from collections.abc import Iterator

import pytest

from tests.front.front_parts import CLIENT, OWN_NAME, Front, front
from tests.journeys.journey_parts import DOMAINS, PATIENCE, SENDER, Home, initialise, log_rows, mail

UNKNOWN = f"jane.nobody.1874@{DOMAINS[0]}"
TCP = pytest.mark.parametrize("before", ["tcp"], indirect=True)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[str]]:
    """Make one home for all ways, and decoys of the domains that Postfix has."""
    home = initialise(tmp_path_factory.mktemp("home"), "http://127.0.0.1:9/")
    decoys = home.plant(log_rows(("t.okafor",), 40)).values()
    return home, [each for each in decoys if each.rpartition("@")[2] in DOMAINS[:2]]


@pytest.fixture(scope="module", params=["unix", "systemd", "tcp"])
def before(request: pytest.FixtureRequest, planted: tuple[Home, list[str]]) -> Iterator[Front]:
    with front(planted[0], request.param, planted[1]) as made:
        yield made


def sent(client: smtplib.SMTP, subject: str) -> str:
    """Have a message follow its recipients, and return the queue id that it got."""
    code, said = client.data(mail(subject))
    assert code == 250, said
    return said.decode().rpartition(" ")[2]


def told(client: smtplib.SMTP, address: str) -> tuple[int, str]:
    """Return what Postfix says of a recipient once it knows: it waits for a slow machine not for long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        code, said = client.rcpt(address)
        if b"in progress" not in said or time.monotonic() > deadline:
            return code, said.decode()


def test_a_mail_is_a_hit_whose_peer_is_the_client_outside(before: Front) -> None:
    decoy = before.decoys.pop()
    with before.serving(), before.client() as client:
        client.ehlo()
        client.mail(SENDER)
        assert told(client, decoy)[0] == 250
        before.postfix.fate(sent(client, "From outside"), "sent")
        asked, hit = before.hits(decoy)
    assert asked["class"] == "probe"
    assert asked["probe"]["mail_from"] == f"double-bounce@{OWN_NAME}"
    assert [access["employee"] for access in hit["accesses"]] == ["t.okafor"]
    message = hit["message"]
    assert (message["mail_from"], message["subject"]) == (SENDER, "From outside")
    assert (message["peer"].partition(":")[0], message["helo"]) == (CLIENT, "client.example")
    assert message["via"].partition(":")[0] != CLIENT
    assert message["trace"]["protocol"] == "LMTP"
    remembered = [each.read_bytes() for each in before.postfix.folder.glob("data/**/*") if each.is_file()]
    assert not [each for each in remembered if decoy.encode() in each], "no list of decoys lies in a file"


@TCP
def test_an_unknown_recipient_is_refused_beside_a_decoy_and_nothing_bounces(before: Front) -> None:
    decoy = before.decoys.pop()
    with before.serving(), before.client() as client:
        client.ehlo()
        client.mail(SENDER)
        assert told(client, decoy)[0] == 250
        spent = 9.0
        for number in range(3):  # a machine may be slow itself
            if spent >= 2.5:
                began = time.monotonic()
                code, said = told(client, f"{number}{UNKNOWN}")
                spent = time.monotonic() - began
        assert spent < 2.5
        assert (code, said[:6]) == (550, "5.1.1 ")
        assert not {"127.0.0.1", "mx1", "said", "LMTP"} & set(said.replace("[", " ").split())
        before.postfix.fate(sent(client, "To two"), "sent")
        hit = before.hits(decoy)[-1]
    assert hit["message"]["recipients"] == [decoy]
    assert "status=bounced" not in before.postfix.log()


@TCP
def test_mail_to_a_known_decoy_waits_while_we_are_down_and_others_are_asked_for_again(before: Front) -> None:
    known, other = before.decoys.pop(), before.decoys.pop()
    with before.serving(), before.client() as client:
        client.ehlo()
        client.mail(SENDER)
        assert told(client, known)[0] == 250
    with before.client() as client:
        client.ehlo()
        client.mail(SENDER)
        assert told(client, other)[0] == 450
        assert told(client, known)[0] == 250
        waiting = sent(client, "While you were away")
        before.postfix.fate(waiting, "deferred")
        with before.serving():
            before.postfix.deliver_again(waiting)
            before.postfix.fate(waiting, "sent")
            client.mail(SENDER)
            deadline = time.monotonic() + PATIENCE
            while told(client, other)[0] != 250:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            before.postfix.fate(sent(client, "Another try"), "sent")
            found = before.home.hits()
    for decoy in (known, other):
        classes = [hit["class"] for hit in found if hit["decoy"]["address"] == decoy]
        assert classes == ["mail", "probe"], "newest first, and each once"
