"""Who is accepted, who is refused, and what the host in front may say of its client."""

import re
from typing import Any

import pytest

from canary.errors import ConfigurationError
from canary.sink.answer import Do
from canary.sink.commands import answer
from canary.sink.profiles import spoken_by
from canary.sink.settings import Limits, Unknown
from canary.sink.visit import Visit
from canary.tallies import COMMANDS, LIMIT_RECIPIENTS, RECIPIENTS
from tests.sink.visits import OddDoor, new_visit

OK = "250 2.1.5 Ok"


def begun(visit: Visit) -> Visit:
    """Bring a visit as far as RCPT."""
    answer(visit, b"LHLO relay.example" if visit.lmtp else b"EHLO client.example")
    assert answer(visit, b"MAIL FROM:<seller@shop.example>").text.startswith("250")
    return visit


def rcpt(visit: Visit, address: str) -> str:
    return answer(visit, f"RCPT TO:<{address}>".encode()).text


def test_an_unknown_profile_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="sendmail"):
        spoken_by("sendmail", "mx.example.net")


@pytest.mark.parametrize("profile", ["postfix", "exim", "generic"])
def test_a_live_decoy_is_accepted_and_nobody_else(profile: str) -> None:
    visit = begun(new_visit(profile=profile))
    assert rcpt(visit, "live@example.net")[:3] == "250"
    assert rcpt(visit, "nobody@example.net")[:3] == "550"
    assert rcpt(visit, "nobody@elsewhere.example")[:2] == "55"
    assert rcpt(visit, "locked@example.net")[:3] == "451"
    assert visit.transaction is not None
    assert visit.transaction.decoys == {"live@example.net"}
    assert answer(visit, b"DATA").do is Do.READ_BODY


def test_everybody_is_accepted_where_that_is_the_policy_and_counted_as_a_stray() -> None:
    door = OddDoor()
    visit = begun(new_visit(door, unknown=Unknown.ACCEPT_ALL))
    assert rcpt(visit, "nobody@example.net") == OK
    assert rcpt(visit, "nobody@elsewhere.example").startswith("554 5.7.1 ")
    assert door.strays == ["nobody@example.net"]
    assert answer(visit, b"VRFY xq7z@example.net").text == "252 2.0.0 xq7z@example.net"
    assert visit.transaction is not None
    assert (list(visit.transaction.recipients), visit.transaction.decoys) == (["nobody@example.net"], set())


def test_some_are_accepted_where_that_is_the_policy_and_always_the_same() -> None:
    door = OddDoor({"anna.reed@example.net": 0.01, "ben.ward@example.net": 0.04})
    visit = begun(new_visit(door, unknown=Unknown.SOME, unknown_share=0.03))
    for _ in range(2):
        assert rcpt(visit, "anna.reed@example.net") == OK
        assert rcpt(visit, "ben.ward@example.net").startswith("550 5.1.1 ")
        assert rcpt(visit, "xq7z@example.net").startswith("550 5.1.1 ")
    assert door.strays == ["anna.reed@example.net", "ben.ward@example.net", "xq7z@example.net"] * 2


def test_everybody_is_looked_up_so_that_time_tells_nothing() -> None:
    door = OddDoor()
    visit = begun(new_visit(door))
    named = ["live@example.net", "nobody@example.net", "x@elsewhere.example", "postmaster", "a%b@example.net"]
    for address in named:
        rcpt(visit, address)
    assert door.looked_up == named


def test_mail_for_a_role_is_ordinary_mail() -> None:
    visit = begun(new_visit())
    named = ["postmaster", "Postmaster@example.net", "ABUSE+x@EXAMPLE.net", '"postmaster"@example.net']
    assert [rcpt(visit, address) for address in named] == [OK] * 4
    assert visit.transaction is not None
    assert (list(visit.transaction.recipients), visit.transaction.decoys) == (named, set())


def test_recipients_beyond_the_limit_are_put_off_and_are_no_errors() -> None:
    visit = begun(new_visit(max_recipients=1))
    assert rcpt(visit, "live@example.net") == OK
    for _ in range(30):
        assert rcpt(visit, "live@example.net") == "452 4.5.3 Error: too many recipients"
    assert visit.errors == 0
    assert visit.house.tallies.values[LIMIT_RECIPIENTS] == 30


def test_whoever_writes_too_much_is_put_off_and_a_decoy_it_names_is_a_probe() -> None:
    visit = begun(new_visit(limits=Limits(recipient_rate=60, message_rate=60)))
    said = [rcpt(visit, "postmaster") for _ in range(80)]
    assert said.count(OK) == 60
    assert said[-1] == "450 4.7.1 Error: too many recipients from 192.0.2.1"
    answer(visit, b"RSET")
    said = []
    for _ in range(80):
        said.append(answer(visit, b"MAIL FROM:<a@b.example>").text)
        answer(visit, b"RSET")
    assert said[-1] == "450 4.7.1 Error: too much mail from 192.0.2.1"


def test_commands_and_recipients_are_counted_by_kind() -> None:
    visit = begun(new_visit())
    for address in (
        "live@example.net",
        "nobody@example.net",
        "x@y.example",
        "postmaster",
        "locked@x",
        "a b@c",
    ):
        rcpt(visit, address)
    answer(visit, b"XYZZY")
    counted = visit.house.tallies.values
    kinds = {key.partition("|")[2]: n for key, n in counted.items() if key.startswith(f"{RECIPIENTS}|")}
    assert kinds == dict.fromkeys(("live", "unknown", "foreign", "ordinary", "failed", "malformed"), 1)
    assert (counted[f"{COMMANDS}|RCPT"], counted[f"{COMMANDS}|MAIL"], counted[f"{COMMANDS}|other"]) == (
        6,
        1,
        1,
    )


def test_lmtp_is_greeted_with_lhlo_and_nothing_else() -> None:
    visit = new_visit(lmtp=True)
    assert answer(visit, b"EHLO x").text.startswith("500 ")
    assert answer(visit, b"HELO x").text.startswith("500 ")
    said = answer(visit, b"LHLO relay.example").text
    assert said.startswith("250-mx.example.net\r\n250-PIPELINING\r\n")
    assert said.endswith("\r\n250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE")
    assert answer(new_visit(), b"LHLO x").text.startswith("500 ")


def test_the_host_in_front_says_whom_it_speaks_for_one_message_long() -> None:
    visit = new_visit(lmtp=True)
    answer(visit, b"LHLO relay.example")
    front = visit.peer
    said = b"XFORWARD NAME=mail.shop.example ADDR=203.0.113.7 PORT=4025"
    assert answer(visit, said).text == "250 2.0.0 Ok"
    assert (
        answer(visit, b"XFORWARD PROTO=ESMTP HELO=shop+2Eexample IDENT=4D SOURCE=REMOTE").text
        == "250 2.0.0 Ok"
    )
    answer(visit, b"MAIL FROM:<seller@shop.example>")
    assert answer(visit, b"XFORWARD NAME=x").text == "503 5.5.1 Error: MAIL transaction in progress"
    assert rcpt(visit, "live@example.net") == OK
    message = visit.message(b"", "4D")
    assert (message.peer.ip, message.peer.port, message.peer.name) == (
        "203.0.113.7",
        4025,
        "mail.shop.example",
    )
    assert (message.peer.helo, message.peer.via) == ("shop.example", "192.0.2.1:1")
    visit.keep()
    assert visit.peer == front


@pytest.mark.parametrize(
    "said", ["", "NAME", "NAME=", "ADDR=x", "PORT=70000", "PORT=-1", "FOO=bar", "HELO=a+0Ab", "NAME=a+00b"]
)
def test_a_host_in_front_that_speaks_badly_is_refused(said: str) -> None:
    visit = new_visit(lmtp=True)
    before = visit.peer
    answered = answer(visit, f"XFORWARD {said}".encode()).text
    assert answered == ("250 2.0.0 Ok" if said == "NAME=" else "501 5.5.4 Bad XFORWARD syntax")
    assert (visit.peer.ip, visit.peer.port, visit.peer.helo) == (before.ip, before.port, "")


def test_what_the_host_in_front_does_not_know_stays_empty() -> None:
    visit = new_visit(lmtp=True)
    answer(visit, b"LHLO relay.example")
    answer(visit, b"XFORWARD NAME=[UNAVAILABLE] ADDR=IPv6:2001:db8::1 HELO=[UNAVAILABLE] PORT=[UNAVAILABLE]")
    assert (visit.peer.ip, visit.peer.name, visit.peer.helo) == ("2001:db8::1", "", "")


@pytest.mark.parametrize("verb", ["XFORWARD ADDR=203.0.113.7", "XCLIENT ADDR=203.0.113.7"])
def test_strangers_speak_for_nobody(verb: str) -> None:
    visit = new_visit()
    assert answer(visit, verb.encode()).text == "550 5.7.0 Error: insufficient authorization"
    assert visit.peer.ip == "192.0.2.1"


def heard(lines: list[str], **settings: Any) -> list[str]:
    visit = new_visit(**settings)
    return [answer(visit, line.encode()).text for line in lines]


def test_exim_bears_three_mistakes_and_no_more() -> None:
    assert heard(["FOO"] * 4, profile="exim")[2:] == [
        "500 unrecognized command",
        "500 Too many unrecognized commands",
    ]
    assert heard(["HELO x", *["DATA now"] * 4], profile="exim")[-1] == (
        "503-valid RCPT command must precede DATA\r\n503 Too many syntax or protocol errors"
    )
    assert heard(["NOOP"] * 11, profile="exim")[9:] == ["250 OK", "554 Too many nonmail commands"]


@pytest.mark.parametrize(
    ("profile", "extensions"),
    [
        ("postfix", "PIPELINING SIZE VRFY ETRN STARTTLS ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING"),
        ("exim", "SIZE 8BITMIME PIPELINING PIPECONNECT CHUNKING STARTTLS HELP"),
        ("generic", "PIPELINING SIZE 8BITMIME ENHANCEDSTATUSCODES SMTPUTF8 STARTTLS CHUNKING"),
    ],
)
def test_extensions_are_announced_in_the_order_of_the_profile(profile: str, extensions: str) -> None:
    (said,) = heard(["EHLO client.example"], profile=profile)
    first, *announced = said.split("\r\n")
    assert first.startswith("250-mx.example.net")
    assert [line[4:].split()[0] for line in announced] == extensions.split()
    assert [line[3] for line in announced] == ["-"] * (len(announced) - 1) + [" "]


@pytest.mark.parametrize("profile", ["exim", "generic"])
def test_a_host_that_tells_nothing_to_vrfy_learns_from_it_all_the_same(profile: str) -> None:
    door = OddDoor()
    visit = new_visit(door, profile=profile)
    named = ("live@example.net", "nobody@example.net", "x@elsewhere.example")
    assert len({answer(visit, f"VRFY {address}".encode()).text for address in named}) == 1
    assert answer(visit, b"VRFY locked@example.net").text.startswith("451 ")
    visit.end()
    assert [probe.recipient for probe in visit.owed] == ["live@example.net"]
    assert door.strays == ["nobody@example.net"]


@pytest.mark.parametrize("profile", ["postfix", "exim", "generic"])
def test_ids_of_messages_are_never_the_same(profile: str) -> None:
    words = spoken_by(profile, "mx.example.net")
    shape = r"\w{6}-\w{6}-\w\w" if profile == "exim" else r"[0-9A-F]{10,11}"
    given = {words.queue_id() for _ in range(50)}
    assert len(given) == 50
    assert all(re.fullmatch(shape, each) and each in words.queued(each) for each in given)


def test_a_generic_host_asks_for_a_greeting_first() -> None:
    assert heard(["MAIL FROM:<>", "EHLO x", "MAIL FROM:<>"], profile="generic")[::2] == [
        "503 5.5.1 Bad sequence of commands",
        "250 2.1.0 Sender ok",
    ]


def test_a_chunk_that_would_never_end_is_not_read() -> None:
    visit = begun(new_visit(max_message=1000))
    assert answer(visit, b"BDAT 4001").do is Do.HANG_UP
    assert answer(begun(new_visit(max_message=1000)), b"BDAT 4000").do is Do.READ_CHUNK
