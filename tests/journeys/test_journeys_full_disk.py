"""A disk that is full or read-only while mail arrives: 451, nothing half-kept, and on as soon as it can."""

import os
import resource
import shutil
import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.journeys.journey_parts import SENDER, Home, Serving, Slack, log_rows, mail, subjects, until
from tests.parts import need

NOT_KEPT = b"4.3.0 Error: queue file write error"
ROOM = 192 * 1024
BODY = b"x" * 70 + b"\r\n"
BIG = BODY * 300


@contextmanager
def little_room(serving: Serving) -> Iterator[None]:
    """Let no file of the sink's grow beyond `ROOM` bytes, as on a disk that is full."""
    pid = serving.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, most))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def sound(home: Home) -> None:
    with closing(sqlite3.connect(home.folder / "canary.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_full_disk_costs_no_mail(home: Home, slack: Slack) -> None:
    (decoy,) = home.plant(log_rows(["t.okafor"], 1)).values()
    kept: list[str] = []
    with home.serving() as serving:
        with serving.client() as client:
            with little_room(serving):
                refusals = _fill(client, decoy, kept)
                assert set(refusals) == {(451, NOT_KEPT)}
            client.sendmail(SENDER, [decoy], mail("There is room again", BIG))
            kept.append("There is room again")
            until(lambda: slack.receiver.received, "the alert is told once there is room")
        hits = home.hits()
        assert sorted(subjects(hits)) == sorted(kept)
        assert {(hit["class"], hit["deliveries"]) for hit in hits} == {("mail", 1)}
        assert serving.stop() == 0
    status = home.json("status")
    assert (status["messages"], status["hits"]) == (len(kept), len(kept))
    sound(home)


def _fill(client: smtplib.SMTP, decoy: str, kept: list[str]) -> list[tuple[int, bytes | str]]:
    """Send until there were three refusals, all over one connection; return them."""
    refusals: list[tuple[int, bytes | str]] = []
    while len(refusals) < 3:
        subject = f"mail {len(kept)}"
        try:
            client.sendmail(SENDER, [decoy], mail(subject, BIG))
        except smtplib.SMTPDataError as refused:
            refusals.append((refused.smtp_code, refused.smtp_error))
        else:
            kept.append(subject)
        assert len(kept) < 100
    return refusals


def test_a_read_only_database_costs_no_mail(home: Home) -> None:
    need(shutil.which("setpriv"), "setpriv, to take from root the right to write everywhere")
    (decoy,) = home.plant(log_rows(["t.okafor"], 1)).values()
    harmless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    unwritten = home.serving("alert.slack.url_file=", wrapped_in=harmless)  # no dispatcher writes before
    with unwritten as serving, serving.client() as client:
        client.mail(SENDER)
        assert client.rcpt(decoy)[0] == 250
        with read_only(home):
            code, said = client.data(mail("Read-only"))
        assert (code, said) == (451, NOT_KEPT)
        client.sendmail(SENDER, [decoy], mail("Writable again"))
        assert subjects(home.hits()) == ["Writable again"]
    sound(home)


@contextmanager
def read_only(home: Home) -> Iterator[None]:
    """Let nobody write to the database, nor beside it."""
    files = [*home.folder.glob("canary.db*")]
    home.folder.chmod(0o500)
    for file in files:
        file.chmod(0o400)
    try:
        yield
    finally:
        for file in files:
            file.chmod(0o600)
        home.folder.chmod(0o700)
