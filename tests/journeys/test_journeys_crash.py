"""`canary serve` is killed at random moments: what was acknowledged is kept, once, and told."""

import random
import smtplib
import threading
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys.journey_parts import (
    PATIENCE,
    SENDER,
    Home,
    Slack,
    all_told,
    initialise,
    log_rows,
    mail,
    subjects,
    until,
)

MAILS = 800
CONNECTIONS = 4
KILLS = 4
SEED = 20261122
BACKOFF = 0.1
IMPATIENT = """
from datetime import timedelta
from canary.alert import dispatcher
from canary.cli import main
dispatcher.LEASE = timedelta(seconds=4)
main()
"""
"""The program, except that what a dead dispatcher was delivering is anybody's after 4 s instead of 30."""


@dataclass
class Campaign:
    """A sender that tries every mail again until it is acknowledged, over several connections."""

    port: int
    recipient: str
    waiting: list[str]
    acknowledged: list[str] = field(default_factory=list)
    faults: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send over one connection at a time until nothing waits."""
        while self.waiting and not self.stopped.is_set():
            with (
                suppress(OSError, smtplib.SMTPException),
                smtplib.SMTP(
                    "127.0.0.1", self.port, local_hostname="mail.example", timeout=PATIENCE
                ) as client,
            ):
                self._send_all(client)
            self.stopped.wait(BACKOFF)

    def _send_all(self, client: smtplib.SMTP) -> None:
        while not self.stopped.is_set():
            try:
                subject = self.waiting.pop()
            except IndexError:
                return
            try:
                client.sendmail(SENDER, [self.recipient], mail(subject))
            except (OSError, smtplib.SMTPException):
                self.faults += 1
                self.waiting.append(subject)
                raise
            self.acknowledged.append(subject)


def test_no_acknowledged_mail_is_lost_or_doubled_or_left_untold(tmp_path: Path, slack: Slack) -> None:
    home = initialise(tmp_path, slack.url, "alert.window=3s")
    (decoy,) = home.plant(log_rows(["t.okafor"], 1)).values()
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    moments = sorted(chance.sample(range(1, MAILS - 100), KILLS))
    with ExitStack() as stack:
        serving = stack.enter_context(home.serving(program=IMPATIENT))
        campaign = Campaign(serving.port, decoy, [f"mail {number}" for number in range(MAILS)])
        threads = [threading.Thread(target=campaign.run, daemon=True) for _ in range(CONNECTIONS)]
        stack.callback(campaign.stopped.set)
        for thread in threads:
            thread.start()
        for moment in moments:
            until(lambda moment=moment: len(campaign.acknowledged) >= moment, f"{moment} mails")  # type: ignore[misc]
            serving.kill()
            serving = stack.enter_context(home.serving(port=serving.port, program=IMPATIENT))
        for thread in threads:
            thread.join(PATIENCE)
        assert campaign.faults >= KILLS
        assert sorted(campaign.acknowledged) == sorted({f"mail {number}" for number in range(MAILS)})
        hits = home.hits()
        kept = Counter(subjects(hits))
        assert {subject: count for subject, count in kept.items() if count > 1} == {}
        assert set(campaign.acknowledged) - set(kept) == set()
        assert {hit["class"] for hit in hits} == {"mail"}
        assert {access["employee"] for hit in hits for access in hit["accesses"]} == {"t.okafor"}
        all_told(home, {hit["id"] for hit in hits})
        assert serving.stop() == 0
    assert set(slack.outcomes()) == {200}


def test_an_alert_cut_short_by_a_crash_is_told_after_it(home: Home, slack: Slack) -> None:
    (decoy,) = home.plant(log_rows(["t.okafor"], 1)).values()
    slack.receiver.script(["hang"])
    with home.serving() as serving:
        serving.mail(decoy, mail("About your review"))
        until(lambda: slack.outcomes() == ["hang"], "an alert is on its way")
        serving.kill()
    (alert,) = home.json("alerts", "list")
    assert alert["state"] == "owed"
    home.run("alerts", "retry")
    (told,) = home.json("alerts", "list")
    assert (told["state"], told["hits"]) == ("sent", alert["hits"])
    assert "t.okafor" in slack.texts()[0]


def test_a_mail_cut_short_by_a_crash_is_not_half_kept(home: Home) -> None:
    (decoy,) = home.plant(log_rows(["t.okafor"], 1)).values()
    # A worker that outlives its parent for a moment may still say 421; it never says 250.
    with suppress(smtplib.SMTPResponseException), home.serving() as serving, serving.client() as client:
        client.mail(SENDER)
        client.rcpt(decoy)
        client.putcmd("data")
        client.getreply()
        client.send(mail("About your review"))
        serving.kill()
    status = home.json("status")
    assert (status["messages"], status["hits"]) == (0, 0)
