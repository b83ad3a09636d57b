"""Receipts of self-tests and notices: short, no alarm, within Slack's limits whatever arrived."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.alert.blocks import notice_payload, notice_text, payload, size, text_payload
from canary.alert.plain import plain
from canary.alert.receipt import is_receipt, path_of
from canary.alert.silence import word_due
from canary.alert.slack import SlackChannel
from canary.demo.slack import SlackReceiver, render
from canary.demo.slack_limits import fault_of
from canary.errors import DeliveryDelayed, DeliveryError
from canary.model import Alert, HitClass, Notice, Peer, Trace
from tests.parts import START

MakeAlert = Callable[..., Alert]
TRACE = Trace(
    host="mx1.example.org",
    protocol="ESMTPS",
    queue_id="4F1A2B3C5D",
    lines=(
        "0.000 S: 220 mx1.example.org ESMTP",
        "0.001 C: EHLO mail.example.net",
        "0.001 S: 250-mx1.example.org",
        "0.002 C: STARTTLS",
        "0.002 S: 220 2.0.0 Ready to start TLS",
        "0.011 C: RCPT TO:<emma.stone0@mailbox.example>",
        "0.012 S: 250 2.1.5 Ok",
        "0.013 C: DATA",
        "0.013 S: 354 End data with <CR><LF>.<CR><LF>",
        "0.020 S: 250 2.0.0 Ok: queued as 4F1A2B3C5D",
    ),
)


@pytest.fixture(name="arrived")
def arrived_fixture(make_alert: MakeAlert) -> Callable[..., Alert]:
    """Return a maker of alerts about one self-test."""

    def arrived(*, peer: Peer | None = None, trace: Trace = TRACE, probe: bool = False) -> Alert:
        alert = make_alert(hit_class=HitClass.PROBE if probe else HitClass.MAIL)
        hit = alert.hits[0]
        decoy = replace(hit.decoy, control=True, selftest=True)
        message = hit.message and replace(hit.message, trace=trace, peer=peer or hit.message.peer)
        ours = replace(hit, decoy=decoy, accesses=(), message=message)
        return replace(alert, hits=(ours,), created_at=hit.at + timedelta(milliseconds=12))

    return arrived


def test_a_receipt_says_what_arrived_how_and_that_nobody_was_exposed(arrived: Callable[..., Alert]) -> None:
    shown = render(payload(arrived()))
    assert shown.startswith(
        "Self-test: mail to mailbox.example arrived\nKept: 2026-11-22 14:03:22 UTC, in 12 ms"
    )
    assert "203.0.113.9 saying mx[.]offers[.]example[.]net, TLSv1.3 TLS_AES_256_GCM_SHA384" in shown
    assert "0.001 EHLO 250, 0.002 STARTTLS 220, 0.011 RCPT 250, 0.013 DATA 354" in shown
    assert "Queued as: 4F1A2B3C5D" in shown
    assert "Nobody was exposed." in shown
    assert "canary hit show hit_0" in shown


def test_a_receipt_looks_like_no_alarm(arrived: Callable[..., Alert]) -> None:
    message = payload(arrived())
    assert {block["type"] for block in message["blocks"]} == {"section", "context"}
    assert "emma.stone0" not in str(message)
    for word in ("Decoy address", "Confidence", "What to do next", "exposed through"):
        assert word not in str(message)
    assert message["text"].startswith("Self-test: mail to mailbox.example arrived: kept ")
    assert plain(arrived()).startswith("Self-test: mail to mailbox.example arrived\n")
    assert max(map(len, plain(arrived()).splitlines())) <= 100


def test_a_self_test_that_broke_off_says_so(arrived: Callable[..., Alert]) -> None:
    shown = render(payload(arrived(probe=True)))
    assert "Self-test: the decoy of mailbox.example was named, no mail followed" in shown


def test_an_alert_about_another_decoy_beside_it_is_an_alarm(
    arrived: Callable[..., Alert], make_alert: MakeAlert
) -> None:
    mixed = replace(arrived(), hits=(*arrived().hits, *make_alert().hits))
    assert not is_receipt(mixed)
    assert payload(mixed)["blocks"][0]["type"] == "header"


@pytest.mark.parametrize(
    "nasty", ["<!channel> *x* https://evil.example `y`", "&" * 5000, "\u202e\ud800" * 900]
)
def test_a_stranger_who_writes_to_a_self_test_decoy_formats_nothing(
    arrived: Callable[..., Alert], nasty: str
) -> None:
    lines = tuple(f"0.{n} C: {nasty}" for n in range(500))
    alert = arrived(
        peer=Peer("203.0.113.9", 1, nasty, "TLSv1.3 X", name=nasty, via="192.0.2.1"),
        trace=Trace(queue_id="4F1A", lines=(*lines, f"0.1 S: {nasty}", nasty)),
    )
    message = payload(alert)
    assert fault_of(message) == ""
    assert size(message) < 6000
    assert "<!" not in str(message)
    assert "https://evil" not in str(message)
    assert fault_of(text_payload(alert)) == ""


def test_of_a_transcript_only_commands_codes_and_times_are_shown() -> None:
    lines = ("0.1 C: EHLO <!channel>", "0.2 S: 250 hi", "nonsense", "0.3 C: VERYLONGCOMMAND x", "0.4 C: QUIT")
    assert path_of(lines) == "0.1 EHLO 250, 0.4 QUIT"
    assert path_of(()) == ""


async def test_a_notice_is_posted_and_its_refusals_are_told_apart(receiver: SlackReceiver) -> None:
    due = word_due(None, START, START + timedelta(hours=26), timedelta(hours=24), None)
    assert due is not None
    notice = due[0]
    assert fault_of(notice_payload(notice)) == ""
    assert fault_of(notice_text(notice)) == ""
    channel = SlackChannel(receiver.url)
    receiver.script([200, 503, 403])
    await channel.announce(notice)
    with pytest.raises(DeliveryDelayed):
        await channel.announce(notice)
    with pytest.raises(DeliveryError):
        await channel.announce(notice)
    await channel.aclose()
    shown = render(receiver.received[0])
    assert "The sink has heard no self-test for 1 day 2 h" in shown
    assert "1. Run: canary selftest" in shown


async def test_a_notice_whose_blocks_slack_refuses_goes_out_as_text(receiver: SlackReceiver) -> None:
    channel = SlackChannel(receiver.url)
    receiver.script([400])
    await channel.announce(Notice("Something", "Somewhat."))
    await channel.aclose()
    assert receiver.received == [
        {"text": "Something. Somewhat.", "unfurl_links": False, "unfurl_media": False}
    ]
