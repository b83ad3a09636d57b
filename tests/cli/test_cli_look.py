"""What is looked at: the JSON contract, filters, tables, alerts and counts."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from canary.model import Message, Probe, Verb
from tests.cli.conftest import Desk
from tests.parts import START

HIT = ["id", "at", "class", "confidence", "reasons", "decoy", "accesses", "message", "probe", "touch"]
HIT += ["deliveries", "incident"]
ACCESS = ["id", "employee", "record", "beneficiary", "tool", "session", "client_ip", "actor", "at"]
ACCESS += ["actor_class", "bare"]
MESSAGE = {"id", "sha256", "mail_from", "from", "subject", "peer", "tls", "size", "received_at"}
URL = "alert.slack.url=http://127.0.0.1:9/services/T0/B0/SECRET"


@pytest.fixture
def hits(desk: Desk, mail: Callable[..., Message]) -> Desk:
    """Return a desk with a mail to a, a probe of b, a mail to a control."""
    a, b = desk.address("a", "B01"), desk.address("b", "B02")
    (control,) = desk("mint", "--control", "1", "--json").json()
    message = mail(a)
    desk.keep(message)
    desk.keep(Probe(b, Verb.RCPT, "x@seller.example", message.peer, START + timedelta(days=3), 4))
    desk.keep(mail(control["address"], at=START + timedelta(days=4)))
    return desk


def identifiers(desk: Desk, *arguments: str) -> list[str]:
    return [json.loads(line)["id"] for line in desk("hits", "--jsonl", *arguments).ok().lines]


def test_a_hit_is_the_documented_contract(hits: Desk) -> None:
    control, probe, mail = hits("hits", "--json").json()
    for hit in (control, probe, mail):
        assert list(hit) == HIT
        assert {"address", "name", "minted_at", "control"} <= set(hit["decoy"])
        assert all(list(access) == ACCESS for access in hit["accesses"])
        assert 0 <= hit["confidence"] <= 1
        assert hit["reasons"]
    assert set(mail["message"]) >= MESSAGE
    assert mail["message"]["from"] == "Care <care@seller.example>"
    assert mail["message"]["peer"] == "192.0.2.7:41234"
    assert [access["employee"] for access in mail["accesses"]] == ["a"]
    assert mail["probe"] is None
    assert probe["message"] is None
    assert (probe["class"], probe["probe"]["verb"]) == ("probe", "RCPT")
    assert (control["decoy"]["control"], control["accesses"], control["confidence"]) == (True, [], 0.0)
    assert hits("hit", "show", mail["id"], "--json").json() == mail | {"origin": None}
    assert [json.loads(line) for line in hits("hits", "--jsonl").lines] == [control, probe, mail]


def test_the_same_message_again_is_another_delivery(desk: Desk, mail: Callable[..., Message]) -> None:
    message = mail(desk.address())
    desk.keep(message)
    desk.keep(message)
    (hit,) = desk("hits", "--json").json()
    assert hit["deliveries"] == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["hit_3", "hit_2", "hit_1"]),
        (["--employee", "a"], ["hit_1"]),
        (["--record", "B02"], ["hit_2"]),
        (["--class", "probe"], ["hit_2"]),
        (["--class", "bounce"], []),
        (["--no-controls"], ["hit_2", "hit_1"]),
        (["--since", "2026-11-23"], ["hit_3", "hit_2"]),
        (["--limit", "1"], ["hit_3"]),
        (["--employee", "nobody"], []),
    ],
)
def test_hits_are_filtered(hits: Desk, arguments: list[str], expected: list[str]) -> None:
    assert identifiers(hits, *arguments) == expected


def test_hits_are_a_table_with_a_line_each(hits: Desk) -> None:
    heading, control, probe, mail = hits("hits").ok().lines
    assert re.sub(" +", " ", heading) == "hit at class confidence employee record decoy what arrived"
    assert control.split()[:5] == ["hit_3", "2026-11-24", "09:00", "mail", "control"]
    assert probe.endswith("RCPT only")
    assert mail.endswith("care@seller.example: About your review")
    assert heading.index("what") == probe.index("RCPT") == mail.index("care@")


def test_one_hit_is_told_from_top_to_bottom(hits: Desk) -> None:
    text = hits("hit", "show", "hit_1").ok().out
    for words in ("Exposed only through the access of: a", "Confidence:", "record B01", "(header, a claim)"):
        assert words in text
    assert "not a culprit" in text
    assert "RCPT" in hits("hit", "show", "hit_2").ok().out
    assert "A control" in hits("hit", "show", "hit_3").ok().out
    hits("hit", "show", "hit_2", "--raw").failed(2, "is a probe: there is no message behind it")


def test_an_access_is_told_with_its_decoys(desk: Desk) -> None:
    planted = desk.mint(tool="console")
    assert desk("access", "show", "acc_1", "--json").json() == {
        key: planted[key] for key in ("access", "decoys")
    }
    lines = desk("access", "show", "acc_1").ok().lines
    assert lines[:2] == ["id           acc_1", "employee     e.marsh"]
    assert planted["decoys"][0]["address"] in lines[-1]


@pytest.mark.parametrize("verb", [["hits"], ["decoys"], ["alerts", "list"]])
def test_where_there_is_nothing_that_is_said_beside_an_empty_output(desk: Desk, verb: list[str]) -> None:
    done = desk(*verb).ok()
    assert done.out == ""
    assert done.err.startswith("no ")
    assert desk(*verb, "--json").json() == []
    assert desk(*verb, "--jsonl").ok().out == ""


def test_status_counts_and_says_what_needs_looking_at(hits: Desk) -> None:
    status = hits("status", "--json").json()
    assert (status["hits"], status["control_hits"], status["messages"]) == (2, 1, 2)
    assert status["alerts"] == {"owed": 0, "sent": 0, "parked": 0, "withheld": 0}
    done = hits("status").ok()
    assert "hits                2, and 1 on controls" in done.out
    assert "canary: no alert channel" in done.err
    assert "guessed too easily" not in hits("status", "--set", "mint.floor_bits=5").ok().err
    hits("mint", "--control", "4000").ok()
    assert "guessed too easily: one guess in " in hits("status", "--set", "mint.floor_bits=5").ok().err


def test_owed_alerts_are_listed_and_tried_and_go_on_being_owed(
    desk: Desk, mail: Callable[..., Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_ALERT_SLACK_URL", URL.partition("=")[2])
    desk.keep(mail(desk.address()))
    (alert,) = desk("alerts", "list", "--json").json()
    assert list(alert) == [
        *("id", "channel", "state", "attempts", "created_at", "due_at", "hits", "incidents", "update"),
        "error",
    ]
    assert (alert["state"], alert["hits"]) == ("owed", ["hit_1"])
    done = desk("alerts", "retry").failed(75, "1 alert could not be delivered: ", hint="canary serve")
    assert done.out == "1 alert made due: 0 sent, 1 delayed, 0 parked\n"
    assert "SECRET" not in done.err
    (alert,) = desk("alerts", "list", "--state", "owed", "--jsonl").ok().lines
    assert json.loads(alert)["attempts"] == 1
    heading, row = desk("alerts", "list").ok().lines
    assert heading.split()[:4] == ["alert", "channel", "state", "tries"]
    assert row.split()[:4] == ["alr_1", "slack", "owed", "1"]
    assert "SECRET" not in row
    assert "no alerts" in desk("alerts", "list", "--state", "sent").ok().err
    desk("alerts", "retry", "hit_1").failed(1, "not the identifier of an alert")
