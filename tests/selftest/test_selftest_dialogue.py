"""The sending side of a self-test against hosts that behave, and hosts that do not."""

import socket
import ssl
import time
from collections.abc import Callable

import pytest

from canary.selftest import LEGS, Errand, Expected, Leg, LegState, Letter, Stop, deliver, walked
from canary.selftest.dialogue import stuffed
from tests.parts import START
from tests.selftest.conftest import MailHost

Hosts = Callable[..., MailHost]
STRANGER = "karl.winter81@example.org"


def said(
    letter: Letter, *stops: Stop, expected: Expected | None = None, patience: float = 5.0
) -> dict[str, Leg]:
    """Return the legs by name."""
    errand = Errand(letter, STRANGER, "mail.example.net")
    legs = walked(deliver(stops, errand, expected or Expected(), now=START, patience=patience))
    return {leg.name: leg for leg in legs}


def failed(legs: dict[str, Leg]) -> list[str]:
    return [name for name, leg in legs.items() if leg.state is LegState.FAILED]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_letter_goes_as_any_mail_host_sends_one(letter: Letter, mail_host: Hosts) -> None:
    host = mail_host()
    legs = said(letter, host.stop_at())
    assert [name for name, leg in legs.items() if leg.state is LegState.OK] == [
        "connect",
        "unknown",
        "recipient",
        "data",
    ]
    assert legs["tls"].state is LegState.SKIPPED
    assert legs["data"].said == "250 2.0.0 Ok: queued as 4F1A2B"
    assert host.heard == [
        "EHLO mail.example.net",
        "MAIL FROM:<postmaster@example.net>",
        f"RCPT TO:<{STRANGER}>",
        "RSET",
        "MAIL FROM:<postmaster@example.net>",
        "RCPT TO:<nadine.foster84@example.org>",
        "DATA",
        "QUIT",
    ]
    assert host.letters == [letter.raw]


def test_a_refused_connection_ends_it_and_the_rest_is_skipped(letter: Letter) -> None:
    legs = said(letter, Stop("mx.example.org", "127.0.0.1", closed_port()))
    assert failed(legs) == ["connect"]
    assert "Connection refused" in legs["connect"].said
    assert legs["connect"].temporary
    assert "firewall" in legs["connect"].hint
    assert {legs[name].said for name in LEGS[2:]} == {"not reached"}


@pytest.mark.parametrize("banner", ["421 4.3.2 Busy", "554 Go away", "hangup", "SSH-2.0-OpenSSH"])
def test_a_host_that_does_not_greet_is_passed_over_and_told(
    letter: Letter, mail_host: Hosts, banner: str
) -> None:
    bad, good = mail_host(banner=banner), mail_host()
    legs = said(letter, bad.stop_at(), good.stop_at())
    assert legs["connect"].state is LegState.WARNED
    assert f"127.0.0.1:{bad.port}" in legs["connect"].said
    assert legs["data"].state is LegState.OK


@pytest.mark.parametrize(
    ("script", "leg", "hint", "temporary"),
    [
        ({"RCPT": ["550 5.1.1 No", "550 5.1.1 User unknown"]}, "recipient", "does not know the self-", False),
        ({"RCPT": ["550 5.1.1 No", "550 5.7.1 Relaying denied"]}, "recipient", "mint.domains", False),
        ({"RCPT": ["550 5.1.1 No", "451 4.3.0 Later"]}, "recipient", "sink.greylist", True),
        ({"MAIL": ["250 Ok", "552 5.3.4 No"]}, "recipient", "what stands between", False),
        ({"DATA": "451 4.3.0 Later"}, "data", "database", True),
        ({".": "451 4.3.0 Later"}, "data", "database", True),
        ({".": "554 5.6.0 Spam"}, "data", "what stands between", False),
        ({".": "hangup"}, "data", "log of `canary serve`", True),
        ({"RCPT": ["550 5.1.1 No", "hangup"]}, "recipient", "log of `canary serve`", True),
        ({"RSET": "nonsense"}, "unknown", "log of `canary serve`", True),
        ({".": "250-" + "x" * 9000}, "data", "log of `canary serve`", True),
    ],
)
def test_a_refusal_says_which_leg_failed_and_what_to_do(
    letter: Letter, mail_host: Hosts, script: dict[str, str], leg: str, hint: str, *, temporary: bool
) -> None:
    legs = said(letter, mail_host(**script).stop_at())
    assert failed(legs) == [leg]
    assert hint in legs[leg].hint
    assert legs[leg].temporary is temporary
    assert legs["kept"].said == "not reached"


def test_a_reply_that_repeats_the_decoys_address_is_told_without_it(letter: Letter, mail_host: Hosts) -> None:
    repeated = "250 2.1.5 <Nadine.Foster84@Example.org> is welcome"
    legs = said(letter, mail_host(RCPT=["550 5.1.1 No", repeated]).stop_at())
    assert legs["recipient"].said == "250 2.1.5 <the decoy> is welcome"


def test_a_silent_host_is_waited_for_no_longer_than_said(letter: Letter, mail_host: Hosts) -> None:
    began = time.monotonic()
    legs = said(letter, mail_host(DATA="silence").stop_at(), patience=0.3)
    assert time.monotonic() - began < 30
    assert failed(legs) == ["data"]
    assert "no answer in time" in legs["data"].said


@pytest.mark.parametrize(
    ("policy", "reply", "state"),
    [
        ("reject", "550 5.1.1 User unknown", LegState.OK),
        ("reject", "250 2.1.5 Ok", LegState.FAILED),
        ("reject", "451 4.3.0 Later", LegState.FAILED),
        ("some", "550 5.1.1 User unknown", LegState.OK),
        ("some", "250 2.1.5 Ok", LegState.OK),
        ("accept-all", "250 2.1.5 Ok", LegState.OK),
        ("accept-all", "550 5.1.1 User unknown", LegState.WARNED),
    ],
)
def test_an_unknown_recipient_is_measured_by_the_policy_and_the_letter_goes_all_the_same(
    letter: Letter, mail_host: Hosts, policy: str, reply: str, state: LegState
) -> None:
    host = mail_host(RCPT=[reply, "250 2.1.5 Ok"])
    legs = said(letter, host.stop_at(), expected=Expected(policy))
    assert legs["unknown"].state is state
    assert legs["data"].state is LegState.OK
    assert host.heard.index("RSET") < host.heard.index("DATA")


def test_a_good_certificate_is_told_with_its_days(
    letter: Letter, mail_host: Hosts, certified: Callable[..., ssl.SSLContext]
) -> None:
    host = mail_host(certified())
    legs = said_now(letter, host)
    assert legs["tls"].said.startswith("TLSv1.3 TLS_")
    assert (legs["certificate"].state, legs["certificate"].said) == (
        LegState.OK,
        "valid for mx.example.org, 60 days left",
    )
    assert host.heard[:3] == ["EHLO mail.example.net", "STARTTLS", "EHLO mail.example.net"]


@pytest.mark.parametrize(
    ("made", "said_of_it"),
    [
        ({"days": 5}, "valid for mx.example.org, 5 days left"),
        ({"days": -3}, "certificate has expired"),
        ({"name": "elsewhere.example"}, "Hostname mismatch"),
        ({"trusted": False}, "self-signed certificate"),
    ],
    ids=["soon", "expired", "another name", "unknown authority"],
)
def test_a_bad_certificate_is_told_and_the_letter_goes_encrypted_all_the_same(
    letter: Letter,
    mail_host: Hosts,
    certified: Callable[..., ssl.SSLContext],
    made: dict[str, object],
    said_of_it: str,
) -> None:
    host = mail_host(certified(**made), EHLO=["250-mx\r\n250 STARTTLS", "250-mx\r\n250 STARTTLS", "250 mx"])
    legs = said_now(letter, host)
    assert legs["certificate"].state is LegState.WARNED
    assert said_of_it in legs["certificate"].said
    assert legs["tls"].state is LegState.OK
    assert legs["data"].state is LegState.OK
    assert host.secured >= 1


def said_now(letter: Letter, host: MailHost) -> dict[str, Leg]:
    """Return the legs as of today, by which certificates are dated."""
    import datetime as dt  # noqa: PLC0415 - only here the real time counts

    errand = Errand(letter, STRANGER, "mail.example.net")
    now = dt.datetime.now(dt.UTC)
    legs = walked(deliver([host.stop_at()], errand, Expected(tls=True), now=now, patience=5))
    return {leg.name: leg for leg in legs}


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        ("454 4.7.0 Not now", "454 4.7.0 Not now"),
        ("220 Ready\r\n250 injected", "clear text after STARTTLS"),
        ("hangup", "hung up"),
        ("220 Ready", "wrong version number"),
    ],
    ids=["refused", "injected", "hung up", "no TLS"],
)
def test_a_broken_starttls_fails_its_leg_and_the_letter_goes_in_clear_text(
    letter: Letter, mail_host: Hosts, reply: str, what: str
) -> None:
    legs = said(letter, mail_host(EHLO="250-mx\r\n250 STARTTLS", STARTTLS=reply).stop_at())
    assert failed(legs) == ["tls"]
    assert what in legs["tls"].said
    assert legs["certificate"].state is LegState.SKIPPED
    assert legs["data"].state is LegState.OK


def test_tls_that_is_configured_and_not_offered_fails_its_leg(letter: Letter, mail_host: Hosts) -> None:
    legs = said(letter, mail_host().stop_at(), expected=Expected(tls=True))
    assert failed(legs) == ["tls"]
    assert legs["data"].state is LegState.OK


def test_a_host_of_the_last_century_is_greeted_with_helo(letter: Letter, mail_host: Hosts) -> None:
    host = mail_host(EHLO="500 What?", HELO="250 mx")
    assert said(letter, host.stop_at())["data"].state is LegState.OK


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (b"a\r\n.b\r\n..\r\n", b"a\r\n..b\r\n...\r\n.\r\n"),
        (b".a\r\n", b"..a\r\n.\r\n"),
        (b"no end", b"no end\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed(raw: bytes, sent: bytes) -> None:
    assert stuffed(raw) == sent


def test_legs_are_timed_each_for_itself() -> None:
    times = iter((0.0, 1.0, 1.0, 3.5, 3.5))
    legs = [Leg("mx", LegState.OK, ""), Leg("connect", LegState.FAILED, "")]
    timed = list(walked(iter(legs), lambda: next(times)))
    assert [leg.seconds for leg in timed[:2]] == [1.0, 2.5]
    assert [leg.name for leg in timed] == list(LEGS)
