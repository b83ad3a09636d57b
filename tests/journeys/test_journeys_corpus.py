"""Six hundred real mails, most of them spam, sent whole to decoys."""

import re
import smtplib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from canary.alert.blocks import payload
from canary.demo.slack_limits import fault_of
from canary.model import Alert, AlertState, Hit
from canary.ports import HitFilter
from tests.journeys.journey_parts import (
    ROOT,
    SENDER,
    Home,
    Slack,
    all_told,
    initialise,
    log_rows,
    slack,
)

CORPUS = ROOT.parent / "shared" / "corpus" / "spamassassin-sample.zip"
EMPLOYEES = ("e.marsh", "j.lindqvist", "t.okafor")
SHOWN_RAW = 3


@dataclass
class Sent:
    """What was sent to which decoy, and what the command line says of it."""

    home: Home
    slack: Slack
    owners: dict[str, str]
    mails: dict[str, tuple[str, bytes]]
    hits: list[dict[str, Any]]


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    """Return the real mails by name, as they are on the wire."""
    if not CORPUS.is_file():
        pytest.skip(f"NOT TESTED: the corpus of real mail is not at {CORPUS}")
    with zipfile.ZipFile(CORPUS) as archive:
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        return {name: on_the_wire(archive.read(name)) for name in names}


def on_the_wire(raw: bytes) -> bytes:
    lines = re.sub(rb"\r?\n", b"\r\n", raw)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


@pytest.fixture(scope="module")
def sent(corpus: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    with slack() as told:
        home = initialise(tmp_path_factory.mktemp("corpus"), told.url, "alert.window=2s")
        planted = home.plant(log_rows(EMPLOYEES, 1))
        owners = {address: employee for (employee, _), address in planted.items()}
        decoys = list(owners)
        mails = {
            name: (decoys[number % len(decoys)], raw) for number, (name, raw) in enumerate(corpus.items())
        }
        with home.serving() as serving:
            with serving.client() as client:
                for decoy, raw in mails.values():
                    _deliver(client, decoy, raw)
            hits = home.json("hits")
            all_told(home, {hit["id"] for hit in hits})
            assert serving.stop() == 0
        yield Sent(home, told, owners, mails, hits)


def _deliver(client: smtplib.SMTP, decoy: str, raw: bytes) -> None:
    assert client.sendmail(SENDER, [decoy], raw, ["BODY=8BITMIME"]) == {}


@pytest.fixture(scope="module")
def kept(sent: Sent) -> list[tuple[Hit, bytes]]:
    """Return every hit with the raw message behind it, as the store has them."""
    with sent.home.opened() as store:
        hits = list(store.hits(HitFilter()))
        return [(hit, store.raw_message(hit.message.id)) for hit in hits if hit.message]


def test_every_real_mail_is_kept_byte_for_byte(sent: Sent, kept: list[tuple[Hit, bytes]]) -> None:
    assert len(sent.mails) == 600
    assert sorted((hit.decoy.address, raw) for hit, raw in kept) == sorted(set(sent.mails.values()))


def test_the_command_line_shows_a_real_mail_byte_for_byte(sent: Sent) -> None:
    whole = {raw for _, raw in sent.mails.values()}
    for hit in sorted(sent.hits, key=lambda hit: int(hit["message"]["size"]))[-SHOWN_RAW:]:
        raw = sent.home.raw("hit", "show", hit["id"], "--raw")
        assert raw in whole
        assert len(raw) == hit["message"]["size"]


def test_every_real_mail_points_to_whom_its_decoy_was_shown(sent: Sent) -> None:
    assert len(sent.hits) == len(set(sent.mails.values()))
    for hit in sent.hits:
        employees = {access["employee"] for access in hit["accesses"]}
        assert employees == {sent.owners[hit["decoy"]["address"]]}
        assert (hit["class"], hit["message"]["mail_from"]) == ("mail", SENDER)
        assert hit["confidence"] > 0.5


def test_what_is_shown_of_a_real_mail_is_one_printable_line(sent: Sent) -> None:
    shown = [hit["message"][part] for hit in sent.hits for part in ("from", "subject")]
    assert [text for text in shown if not text.isprintable()] == []
    assert sum(1 for text in shown if text) > len(shown) * 0.95


def test_slack_would_take_an_alert_about_any_real_mail(kept: list[tuple[Hit, bytes]]) -> None:
    now = datetime.now(UTC)
    faults = {}
    for hit, _ in kept:
        made = payload(Alert("alr_1", "slack", AlertState.OWED, 0, now, now, hits=(hit,)))
        assert "blocks" in made
        if fault := fault_of(made):
            faults[hit.id] = fault
    assert faults == {}


def test_the_alerts_that_were_owed_were_taken_at_once(sent: Sent) -> None:
    assert set(sent.slack.outcomes()) == {200}
    texts = sent.slack.texts()
    assert len(texts) >= len(EMPLOYEES)
    assert all("blocks" in payload for payload in sent.slack.receiver.received)
    assert [name for name in EMPLOYEES if not any(name in text for text in texts)] == []


def test_the_table_for_people_holds_every_real_mail(sent: Sent) -> None:
    table = sent.home.run("hits")
    assert [hit["id"] for hit in sent.hits if hit["id"] not in table] == []
    assert all(line.isprintable() for line in table.splitlines())
