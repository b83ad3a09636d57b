"""Greylisting: who is new has to come back."""

import pytest

from canary.sink.answer import Do
from canary.sink.commands import answer
from canary.sink.greylist import DAY, GOOD_FOR, RETRY_WITHIN, Greylist
from tests.sink.visits import Times, new_visit

IP, SENDER, RECIPIENT = "192.0.2.1", "seller@shop.example", "live@example.net"
WAIT = "450 4.2.0 <live@example.net>: Recipient address rejected: Greylisted"


def test_who_comes_back_after_the_delay_is_let_in_and_stays_so() -> None:
    greylist = Greylist(300)
    assert greylist.waits(IP, SENDER, RECIPIENT, 0)
    assert greylist.waits(IP, SENDER, RECIPIENT, 299)
    assert not greylist.waits(IP, SENDER, RECIPIENT, 300)
    assert not greylist.waits(IP, SENDER, RECIPIENT, 301)
    assert not greylist.waits(IP, SENDER, RECIPIENT, 30 * DAY)
    assert not greylist.waits(IP, SENDER, RECIPIENT, 60 * DAY)


def test_who_comes_back_too_late_is_new() -> None:
    greylist = Greylist(300)
    assert greylist.waits(IP, SENDER, RECIPIENT, 0)
    assert greylist.waits(IP, SENDER, RECIPIENT, RETRY_WITHIN + 1)
    assert not greylist.waits(IP, SENDER, RECIPIENT, RETRY_WITHIN + 301)
    assert greylist.waits(IP, SENDER, RECIPIENT, RETRY_WITHIN + 302 + GOOD_FOR)


@pytest.mark.parametrize(
    ("ip", "sender", "recipient", "waits"),
    [
        ("192.0.2.1", "Seller@shop.example", "LIVE@example.net", False),
        ("192.0.2.77", SENDER, RECIPIENT, False),
        ("192.0.3.1", SENDER, RECIPIENT, True),
        ("2001:db8::1", SENDER, RECIPIENT, True),
        ("", SENDER, RECIPIENT, True),
        (IP, "other@shop.example", RECIPIENT, True),
        (IP, "", RECIPIENT, True),
        (IP, SENDER, "other@example.net", True),
    ],
)
def test_a_network_a_sender_and_a_recipient_are_known_together(
    ip: str, sender: str, recipient: str, waits: bool
) -> None:
    greylist = Greylist(300)
    assert greylist.waits(IP, SENDER, RECIPIENT, 0)
    assert not greylist.waits(IP, SENDER, RECIPIENT, 300)
    assert greylist.waits(ip, sender, recipient, 301) is waits


def test_hosts_of_one_ipv6_network_are_one() -> None:
    greylist = Greylist(300)
    assert greylist.waits("2001:db8::1", SENDER, RECIPIENT, 0)
    assert not greylist.waits("2001:db8::ffff", SENDER, RECIPIENT, 300)
    assert greylist.waits("2001:db8:0:1::1", SENDER, RECIPIENT, 300)


def test_the_table_is_bounded_and_forgets_whom_it_saw_longest_ago() -> None:
    greylist = Greylist(300, most=10)
    for number in range(1000):
        assert greylist.waits(IP, SENDER, f"{number}@example.net", 0)
    assert len(greylist) == 10
    assert not greylist.waits(IP, SENDER, "995@example.net", 300)
    assert greylist.waits(IP, SENDER, "1@example.net", 300)


def test_a_decoy_that_is_made_to_wait_is_a_probe_all_the_same() -> None:
    times = Times()
    visit = new_visit(times=times, greylist=60.0)
    answer(visit, b"MAIL FROM:<seller@shop.example>")
    assert answer(visit, b"RCPT TO:<live@example.net>").text == WAIT
    assert answer(visit, b"RCPT TO:<nobody@example.net>").text.startswith("550 5.1.1 ")
    assert answer(visit, b"DATA").text == "554 5.5.1 Error: no valid recipients"
    answer(visit, b"RSET")
    assert visit.owed == []  # it may have its mail yet
    times.now += 60
    answer(visit, b"MAIL FROM:<seller@shop.example>")
    assert answer(visit, b"RCPT TO:<live@example.net>").text == "250 2.1.5 Ok"
    assert answer(visit, b"RCPT TO:<postmaster@example.net>").text.startswith("450 4.2.0 ")
    assert answer(visit, b"DATA").do is Do.READ_BODY
