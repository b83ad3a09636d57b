"""The letter itself: ordinary to everybody, and found again among all."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP

from canary.mail import headers_of
from canary.model import Decoy
from canary.selftest import letter_to
from tests.parts import START


def test_a_letter_is_ordinary_mail_and_says_nothing_of_tests(decoy: Decoy) -> None:
    for _ in range(30):
        letter = letter_to(decoy, "postmaster@example.net", START)
        parsed = message_from_bytes(letter.raw, policy=SMTP)
        assert set(parsed.keys()) == {
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "Content-Type",
            "Content-Transfer-Encoding",
            "MIME-Version",
        }
        assert parsed["To"] == "Nadine Foster <nadine.foster84@example.org>"
        assert parsed.get_content().startswith("Dear Nadine Foster,")
        assert not re.search(rb"canary|test|decoy|check|monitor|probe|X-", letter.raw, re.IGNORECASE)
        assert max(map(len, letter.raw.split(b"\r\n"))) <= 200
        assert b"\n" not in letter.raw.replace(b"\r\n", b"")
        assert not parsed.defects


def test_each_letter_has_a_reference_of_its_own_at_the_senders_domain(decoy: Decoy) -> None:
    letters = [letter_to(decoy, "postmaster@example.net", START) for _ in range(100)]
    assert len({letter.message_id for letter in letters}) == 100
    for letter in letters:
        assert re.fullmatch(r"<20261120090000\.[0-9a-f]{18}@example\.net>", letter.message_id)
        assert headers_of(letter.raw).message_id == letter.message_id


def test_an_internationalised_domain_goes_out_in_ascii(decoy: Decoy) -> None:
    letter = letter_to(replace(decoy, address="ana.bell@m\u00fcller.example"), "a@stra\u00dfe.example", START)
    assert letter.recipient == "ana.bell@xn--mller-kva.example"
    assert letter.raw.isascii()
