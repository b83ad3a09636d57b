"""The main job as a security team does it: mint, seed, serve, leak, alert, look."""

import csv
import json
import re
import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.journey_parts import (
    DOMAINS,
    EXAMPLES,
    HOSTNAME,
    PATIENCE,
    SENDER,
    Home,
    initialise,
    mail,
    slack,
    until,
)

VIEWERS = ("e.marsh", "j.lindqvist", "t.okafor")
SOLD_BY = "t.okafor"
RECORD = "B0B4L7XSRP"
ACCESS = {
    "beneficiary": "A1XT6PZ93KCMEJ",
    "tool": "review-console",
    "session": "s-0417",
    "client_ip": "10.20.30.41",
}
CONTROLS = 30
HIT = {"id", "at", "class", "confidence", "reasons", "decoy", "accesses", "message", "deliveries"}
DECOY = {"address", "name", "minted_at", "control"}
EXPOSING = {"id", "employee", "record", "beneficiary", "tool", "session", "client_ip", "at"}
MESSAGE = {"id", "sha256", "mail_from", "from", "subject", "peer", "tls", "size", "received_at"}


@dataclass
class Journey:
    """What was seen on the way, and the home it happened in."""

    home: Home
    planted: list[dict[str, str]] = field(default_factory=list)
    seeded: dict[str, Any] = field(default_factory=dict)
    copies: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    leaked: str = ""
    refusal: tuple[int, bytes] = (0, b"")
    alerts: list[str] = field(default_factory=list)
    hits: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    ended: tuple[int, float] = (-1, 0.0)

    @property
    def hit(self) -> dict[str, Any]:
        (hit,) = self.hits
        return hit


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Go the whole way once; the tests look at what was seen."""
    with slack() as told:
        made = Journey(initialise(tmp_path_factory.mktemp("main"), told.url))
        _mint(made)
        for employee in VIEWERS:
            _seed(made, employee)
        with made.home.serving() as serving:
            made.leaked = made.seeded[SOLD_BY]["decoys"][-1]["address"]
            serving.mail(made.leaked, mail("About your review"))
            made.refusal = _refused(serving.host, serving.port)
            until(lambda: told.receiver.received, "Slack has an alert")
            made.hits = made.home.json("hits")
            began = time.monotonic()
            made.ended = serving.stop(), time.monotonic() - began
            made.log = serving.lines
        made.alerts = told.texts()
        yield made


def _mint(journey: Journey) -> None:
    home = journey.home
    home.run("mint", "--from", EXAMPLES / "access-log.csv", "--output", "decoys.csv")
    home.run("mint", "--control", str(CONTROLS))
    with (home.folder / "decoys.csv").open(encoding="utf-8", newline="") as file:
        journey.planted = list(csv.DictReader(file))


def _seed(journey: Journey, employee: str) -> None:
    copy = f"reviews-{employee}.csv"
    journey.seeded[employee] = journey.home.json(
        "seed",
        EXAMPLES / "reviews.csv",
        *("--employee", employee, "--record", RECORD, "--texts", EXAMPLES / "texts.txt", "-o", copy),
        *(f"--{name.replace('_', '-')}={value}" for name, value in ACCESS.items()),
    )
    with (journey.home.folder / copy).open(encoding="utf-8", newline="") as file:
        journey.copies[employee] = list(csv.DictReader(file))


def _refused(host: str, port: int) -> tuple[int, bytes]:
    with (
        smtplib.SMTP(host, port, local_hostname="mail.example", timeout=PATIENCE) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
    ):
        client.sendmail(SENDER, [f"postmaster.jones@{DOMAINS[0]}"], mail("Nobody"))
    ((code, said),) = refused.value.recipients.values()
    return code, said


def test_every_access_of_the_log_has_its_decoys(journey: Journey) -> None:
    with (EXAMPLES / "access-log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    looked = {(row["employee"], row["record"]) for row in rows}
    assert {(row["employee"], row["record"]) for row in journey.planted} == looked
    assert len({row["access"] for row in journey.planted}) == len(rows)
    owners = {(row["address"], row["employee"], row["record"]) for row in journey.planted}
    assert len({address for address, _, _ in owners}) == len(owners)


@pytest.mark.parametrize("employee", VIEWERS)
def test_a_seeded_copy_is_the_original_with_the_employees_decoys(journey: Journey, employee: str) -> None:
    original = (EXAMPLES / "reviews.csv").read_bytes().splitlines(keepends=True)
    copy = (journey.home.folder / f"reviews-{employee}.csv").read_bytes().splitlines(keepends=True)
    decoys = {each["address"] for each in journey.seeded[employee]["decoys"]}
    assert [line for line in copy if not any(one.encode() in line for one in decoys)] == original
    rows = [row for row in journey.copies[employee] if row["reviewer_email"] in decoys]
    assert len(rows) == len(decoys)
    assert all(row["record"] == RECORD and row["body"] for row in rows)


def test_no_decoy_is_in_two_copies(journey: Journey) -> None:
    shown = [each["address"] for seeded in journey.seeded.values() for each in seeded["decoys"]]
    assert len(shown) == len(set(shown))


def test_the_alert_names_the_employee_and_no_other(journey: Journey) -> None:
    (alert,) = journey.alerts
    assert SOLD_BY in alert
    others = {row["employee"] for row in journey.planted} - {SOLD_BY}
    assert len(others) >= len(VIEWERS) - 1
    assert [other for other in others if other in alert] == []
    assert RECORD in alert
    assert ACCESS["beneficiary"] in alert
    assert f"canary incident show {journey.hit['incident']}" in alert


def test_a_hit_has_the_fields_of_the_contract(journey: Journey) -> None:
    hit = journey.hit
    assert set(hit) >= HIT
    assert set(hit["decoy"]) >= DECOY
    assert set(hit["message"]) >= MESSAGE
    assert all(set(access) >= EXPOSING for access in hit["accesses"])
    assert (hit["class"], hit["deliveries"]) == ("mail", 1)
    assert 0.5 < hit["confidence"] <= 1
    assert hit["reasons"]
    assert all(isinstance(reason, str) for reason in hit["reasons"])
    for at in (hit["at"], hit["decoy"]["minted_at"], hit["message"]["received_at"]):
        assert datetime.fromisoformat(at).utcoffset() is not None


def test_the_hit_tells_what_arrived_and_who_was_shown_the_decoy(journey: Journey) -> None:
    hit, message = journey.hit, journey.hit["message"]
    assert hit["decoy"]["address"] == journey.leaked
    assert hit["decoy"]["control"] is False
    (access,) = hit["accesses"]
    assert access == journey.seeded[SOLD_BY]["access"]
    expected = {"employee": SOLD_BY, "record": RECORD, **ACCESS}
    assert {key: access[key] for key in expected} == expected
    assert (message["mail_from"], message["subject"]) == (SENDER, "About your review")
    assert message["from"] == f"Care <{SENDER}>"
    assert message["peer"].startswith("127.0.0.1:")
    assert message["tls"] == ""
    assert message["size"] == len(mail("About your review"))


def test_every_look_agrees(journey: Journey) -> None:
    home, hit = journey.home, journey.hit
    shown = home.json("hit", "show", hit["id"])
    origin = shown.pop("origin")
    assert shown == hit
    assert origin["header_from"] == "brightpan-care.example"
    assert home.hits() == [hit]
    shown = home.json("access", "show", hit["accesses"][0]["id"])
    assert shown["access"] == hit["accesses"][0]
    assert hit["decoy"] in shown["decoys"]
    decoys = home.json("decoys")
    assert hit["decoy"] in decoys
    assert sum(each["control"] for each in decoys) == CONTROLS
    known = {row["address"] for row in journey.planted}
    known |= {each["address"] for seeded in journey.seeded.values() for each in seeded["decoys"]}
    assert {each["address"] for each in decoys if not each["control"]} == known


def test_status_counts_what_happened(journey: Journey) -> None:
    status = journey.home.json("status")
    shown = {row["access"] for row in journey.planted}
    expected = {
        "accesses": len(shown) + len(VIEWERS),
        "controls": CONTROLS,
        "hits": 1,
        "control_hits": 0,
        "messages": 1,
        "unknown_recipients": 1,
        "alerts": {"owed": 0, "sent": 1, "parked": 0, "withheld": 0},
        "oldest_owed_alert": None,
        "last_mail": journey.hit["message"]["received_at"],
    }
    assert {key: status[key] for key in expected} == expected


def test_the_alert_is_noted_as_sent_with_its_hit(journey: Journey) -> None:
    (alert,) = journey.home.json("alerts", "list")
    assert (alert["channel"], alert["state"], alert["attempts"]) == ("slack", "sent", 1)
    assert alert["hits"] == [journey.hit["id"]]


def test_what_people_read_names_the_employee_too(journey: Journey) -> None:
    page = journey.home.run("hit", "show", journey.hit["id"])
    assert f"Exposed only through the access of: {SOLD_BY}" in page
    assert "About your review" in page
    table = journey.home.run("hits")
    assert all(word in table for word in (journey.hit["id"], SOLD_BY, RECORD, journey.leaked))


def test_a_hit_can_end_a_script(journey: Journey) -> None:
    assert journey.home.json("hits", "--fail-on-hit", "--employee", SOLD_BY, code=3) == journey.hits
    assert journey.home.json("hits", "--fail-on-hit", "--employee", VIEWERS[0], code=0) == []


def test_anyone_else_is_refused_as_an_ordinary_host_would(journey: Journey) -> None:
    code, said = journey.refusal
    assert code == 550
    assert said.startswith(b"5.1.1 ")


def test_serve_ends_at_once_when_it_is_asked_to(journey: Journey) -> None:
    code, seconds = journey.ended
    assert code == 0
    assert seconds < 20


def test_the_log_names_the_address_that_is_listened_on(journey: Journey) -> None:
    (line,) = (line for line in journey.log if "listening on 127.0.0.1:" in line["message"])
    assert line["level"] == "info"


def test_the_log_says_what_happened_and_nothing_personal(journey: Journey) -> None:
    assert all({"at", "level", "logger", "message"} <= set(line) for line in journey.log)
    text = json.dumps(journey.log)
    assert re.search(r"kept 1 in [\d.]+ ms: 1 hits, 1 new", text)
    private = (journey.leaked, journey.leaked.partition("@")[0], SOLD_BY, SENDER, "About your review")
    assert [word for word in private if word in text] == []


def test_the_database_names_nobody(journey: Journey) -> None:
    files = [*journey.home.folder.glob("canary.db*")]
    kept = b"".join(Path(file).read_bytes() for file in files).lower()
    assert len(kept) > 100_000
    addresses = [row["address"] for row in journey.planted]
    private = [*VIEWERS, journey.leaked, *addresses, SENDER, "About your review", "change your review"]
    assert [word for word in private if word.lower().encode() in kept] == []


def test_the_host_goes_by_the_name_it_was_given(journey: Journey) -> None:
    rows = journey.home.json("config", "show")
    assert rows["sink.hostname"]["value"] == HOSTNAME
    assert rows["alert.slack.url_file"]["source"].startswith("canary.toml:")
