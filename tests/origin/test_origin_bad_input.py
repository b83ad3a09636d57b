"""Mail that lies about who sent it and to whom: what is noted, what is not believed, what it costs."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import time
from collections.abc import Callable

import pytest

from canary.model import Message, Peer
from canary.origin import (
    Authenticator,
    Outcome,
    Strength,
    addressed_notes,
    head_of,
    indications,
    sender_of,
)
from canary.origin.authentication import Bounds
from canary.origin.results import Why
from tests.origin.conftest import LETTER
from tests.origin.name_server import NameServer

Make = Callable[..., Message]
Sign = Callable[..., bytes]
PEER = Peer("192.0.2.7", 41234, "smtp.seller.example")
THOUSANDS = b", ".join(b"<reader%d@one.example>" % number for number in range(9000))


def noted(head: bytes, *recipients: str) -> tuple[str, ...]:
    return addressed_notes(head_of(head + b"\r\nhello\r\n"), recipients)


def test_thousands_of_addresses_in_a_header_are_said_to_be_many_and_read_quickly() -> None:
    head = b"From: a@b.example\r\nTo: " + THOUSANDS + b"\r\nCc: " + THOUSANDS + b"\r\n"
    began = time.thread_time()
    (note,) = noted(head, "reader1@one.example")
    assert time.thread_time() - began < 0.5
    assert note == (
        "To and Cc name 19 other addresses or more, which the envelope did not: only the envelope counts"
    )
    folded = head.replace(b", ", b",\r\n ")
    assert noted(folded, "reader1@one.example") == (note,)


def test_who_is_named_again_in_the_head_is_no_other() -> None:
    head = b'To: "Reader, One" <Reader.One+x@ONE.example>, b@two.example\r\nCc: group: b@two.example;\r\n'
    (note,) = noted(head, "readerone@one.example")
    assert note.startswith("To and Cc name 1 other address, ")
    assert noted(head, "readerone@one.example", "b@two.example") == ()


@pytest.mark.parametrize(
    "forged",
    [
        b"From: Company <ceo@company.example> <real@broker.example>\r\n",
        b'From: "ceo@company.example" <real@broker.example>\r\n',
        b"From: =?utf-8?q?ceo=40company=2Eexample?= <real@broker.example>\r\n",
        b"From: real@broker.example (ceo@company.example)\r\n",
    ],
)
def test_a_display_name_that_is_the_companys_address_is_not_its_from(forged: bytes) -> None:
    sender = sender_of(head_of(forged + b"\r\n"), "real@broker.example", PEER)
    assert [box.address for box in sender.header_from] == ["real@broker.example"]


@pytest.mark.parametrize("domain", ["company.example", "news.company.example", "COMPANY.EXAMPLE."])
async def test_a_forged_own_domain_is_never_proven_by_the_forgers_own_records(
    names: NameServer, authenticator: Authenticator, letter: Make, sign: Sign, domain: str
) -> None:
    names.text("broker.example", "v=spf1 ip4:192.0.2.7 -all")
    names.text("company.example", "v=spf1 ip4:198.51.100.1 -all")
    names.text("_dmarc.company.example", "v=DMARC1; p=reject")
    raw = sign(LETTER.replace(b"care@seller.example", b"care@" + domain.encode(), 1), "broker.example")
    found = await authenticator.check(letter(raw, "care@broker.example"))
    assert found.spf.outcome is found.dkim[0].outcome is Outcome.PASS
    assert not found.speaks_for(["company.example"])
    assert found.dmarc.outcome is Outcome.FAIL
    enveloped = await authenticator.check(letter(raw, f"care@{domain}"))
    assert not enveloped.speaks_for(["company.example"])


@pytest.mark.parametrize(
    ("address", "ascii_", "said"),
    [
        ("care@соmpany.example", "xn--mpany-iyeu.example", "mixes Cyrillic and Latin letters, reads like"),
        ("care@xn--mpany-iyeu.example", "xn--mpany-iyeu.example", "reads like company.example"),
        ("care@cømpany.example", "xn--cmpany-bya.example", ""),
        ("пример@company.example", "company.example", ""),
        ("care@company\u3002example", "company.example", ""),
        ("care@company.example\u200b", "company.example", ""),
    ],
)
def test_a_sender_that_reads_like_the_company_is_another_and_the_note_says_so(
    address: str, ascii_: str | None, said: str
) -> None:
    head = head_of(f"From: Company <{address}>\r\n\r\n".encode())
    sender = sender_of(head, address, PEER)
    assert [box.name.ascii for box in sender.header_from] == [ascii_] * bool(ascii_)
    assert any(said in note for note in sender.notes) or not said
    assert not any(not note.isascii() for note in sender.notes)


@pytest.mark.parametrize("manner", ["another name", "cut short", "servfail"])
async def test_a_name_server_that_lies_proves_nothing_and_holds_nobody_up(
    names: NameServer, letter: Make, sign: Sign, manner: str
) -> None:
    raw = sign(LETTER)
    names.text("seller.example", "v=spf1 ip4:192.0.2.7 -all")
    asked = ("seller.example", "s1024._domainkey.seller.example", "_dmarc.seller.example")
    names.manners.update(dict.fromkeys(asked, manner))
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=2))
    began = time.monotonic()
    found = await authenticator.check(letter(raw))
    authenticator.close()
    assert time.monotonic() - began < 10
    assert not any(result.passed for result in (found.spf, *found.dkim, found.dmarc)), found.summary
    assert not found.speaks_for(["seller.example"])


async def test_no_answer_in_time_is_said_and_what_is_known_by_then_is_kept(
    names: NameServer, letter: Make, sign: Sign
) -> None:
    raw = sign(LETTER)
    names.text("seller.example", "v=spf1 ip4:192.0.2.7 -all")
    names.manners["s1024._domainkey.seller.example"] = "silent"
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=1.5))
    found = await authenticator.check(letter(raw))
    authenticator.close()
    assert found.spf.passed
    assert found.dkim[0].why is Why.SLOW


@pytest.mark.parametrize(
    "domain", ["gmail.com", "qq.com", "web.de", "seller-com.20230601.gappssmtp.com", "eu.amazonses.com"]
)
async def test_strangers_at_one_mail_provider_share_nothing_that_identifies(
    names: NameServer, authenticator: Authenticator, letter: Make, sign: Sign, domain: str
) -> None:
    common = []
    for who in ("lisa", "ben"):
        raw = sign(LETTER.replace(b"care@seller.example", f"{who}@{domain}".encode()), domain)
        names.text(domain, "v=spf1 ip4:192.0.2.7 -all")
        proof = await authenticator.check(letter(raw, f"{who}@{domain}", helo=f"mail.{domain}"))
        names.records.pop((domain, "TXT"))
        assert proof.aligned
        sender = sender_of(head_of(raw), f"{who}@{domain}", PEER)
        common.append(
            {
                (each.kind, each.value)
                for each in indications(raw, sender, proof).indicators
                if each.strength is Strength.IDENTIFIES
            }
        )
    assert common == [{("mailbox", f"lisa@{domain}")}, {("mailbox", f"ben@{domain}")}]
