"""What a sender is known again by, out of mail that wants to be read otherwise, or not at all."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import os
import random
import time
import zipfile
from itertools import combinations

import pytest

from canary.model import Peer
from canary.origin import (
    Authentication,
    Indicator,
    Kind,
    Outcome,
    Result,
    Strength,
    addressed_notes,
    automatic,
    sender_of,
)
from canary.origin import indications as found_in
from canary.origin.fields import head_of, mailboxes
from canary.origin.links import host_of
from canary.origin.offers import Patterns
from canary.origin.parts import content_of
from canary.origin.wording import alike, distance, simhash
from tests.journeys.test_journeys_corpus import CORPUS
from tests.journeys.test_journeys_corpus_mutated import MADE, MUTATIONS

PEER = Peer("192.0.2.7", 41234, "smtp.seller.example")
HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
OFFER = """From: "Support" <lisa.review@gmail.com>\r
Reply-To: Lisa <lisa88@outlook.com>\r
Subject: =?utf-8?q?Gift_card_=2420_for_your_review?=\r
Message-ID: <ab@mail.gmail.com>\r
Content-Type: multipart/alternative; boundary="b1"\r
\r
--b1\r
Content-Type: text/plain; charset=utf-8\r
\r
We saw your review of B07QX4T2LM (order 113-1234567-7654321). Would you make it five stars? We pay €1,015.\r
We\u200bChat: lisa_wang88, 微信号：Lisa-wang2, WhatsApp +86 138-1234-5678, QQ: １２３４５６７８９\r
Fill https://bit.ly/3abcD?x=1 or see www.lisa-shop.xyz/a. Contact us by WeChat payment. wxpython is nice.\r
Or call (212) 555-0143 or write to lisa@lisa-shop.xyz. You are reader@one.example.\r
--b1\r
Content-Type: text/html; charset=utf-8\r
\r
<p>Click <a href="https://t.me/lisareviews">here</a> <img src="https://track.example/x.gif">\r
<a href="https://wa.me/8613812345678">us</a> <a href="https://www.amazon.com/dp/B000063EMG?x=y">it</a></p>\r
--b1--\r
""".encode()


ROOMS = "The committee meets on Monday in the large room to talk about the budget of next year "


def indicators(raw: bytes, authentication: Authentication | None = None) -> dict[tuple[Kind, str], Strength]:
    sender = sender_of(head_of(raw), "bounce@mail.seller.example", PEER)
    found = found_in(raw, sender, authentication, ["one.example"])
    return {(Kind(each.kind), each.value): each.strength for each in found.indicators}


def test_an_offer_gives_away_who_made_it() -> None:
    assert indicators(OFFER) == {
        **dict.fromkeys(
            [
                (Kind.REPLY_TO, "lisa88@outlook.com"),
                (Kind.TELEGRAM, "lisareviews"),
                (Kind.WHATSAPP, "8613812345678"),
                (Kind.WECHAT, "lisa_wang88"),
                (Kind.WECHAT, "lisa-wang2"),
                (Kind.QQ, "123456789"),
                (Kind.PHONE, "8613812345678"),
                (Kind.PHONE, "12125550143"),
                (Kind.CONTACT, "lisa@lisa-shop.xyz"),
                (Kind.LINK, "bit.ly/3abcD"),
                (Kind.LINK_DOMAIN, "lisa-shop.xyz"),
            ],
            Strength.IDENTIFIES,
        ),
        **dict.fromkeys(
            [
                (Kind.SENDER_DOMAIN, "seller.example"),
                (Kind.HELO, "seller.example"),
                (Kind.NETWORK, "192.0.2.0/24"),
                (Kind.IMAGE_DOMAIN, "track.example"),
                (Kind.PRODUCT, "asin:B07QX4T2LM"),
                (Kind.PRODUCT, "asin:B000063EMG"),
                (Kind.ORDER, "amazon:113-1234567-7654321"),
                (Kind.WORDING, f"{simhash(content_of(OFFER).plain):016x}"),
            ],
            Strength.SUPPORTS,
        ),
        **dict.fromkeys(
            [
                (Kind.MAILBOX, "lisa.review@gmail.com"),
                (Kind.SENDER_DOMAIN, "gmail.com"),
                (Kind.MESSAGE_ID, "gmail.com"),
                *((Kind.LINK_DOMAIN, domain) for domain in ("t.me", "wa.me", "bit.ly", "amazon.com")),
                (Kind.AMOUNT, "USD 20"),
                (Kind.AMOUNT, "EUR 1015"),
            ],
            Strength.HINTS,
        ),
    }


def test_a_mailbox_identifies_only_once_it_is_proven() -> None:
    passed = Result("dkim", Outcome.PASS, "header.d", "gmail.com")
    none = Result("spf", Outcome.NONE)
    proven = Authentication(none, (passed,), Result("dmarc", Outcome.PASS), "gmail.com", ("dkim",))
    found = indicators(OFFER, proven)
    assert found[Kind.MAILBOX, "lisa.review@gmail.com"] is Strength.IDENTIFIES
    assert found[Kind.AUTHENTICATED, "gmail.com"] is Strength.HINTS
    theirs = Authentication(none, (Result("dkim", Outcome.PASS, "header.d", "a.seller.example"),), none)
    found = indicators(OFFER, theirs)
    assert found[Kind.AUTHENTICATED, "seller.example"] is Strength.IDENTIFIES
    assert found[Kind.MAILBOX, "lisa.review@gmail.com"] is Strength.HINTS


def test_products_may_look_as_the_configuration_says() -> None:
    patterns = Patterns(products={"sku": (r"\b(SKU-\d{6})\b",)})
    raw = TEXT + b"About SKU-123456 and B07QX4T2LM"
    found = found_in(raw, sender_of(head_of(raw), "", Peer("", 0)), patterns=patterns).indicators
    assert [each for each in found if each.kind == Kind.PRODUCT] == [
        Indicator(Kind.PRODUCT, "sku:SKU-123456", Strength.SUPPORTS)
    ]


@pytest.mark.parametrize(
    ("domain", "ascii_", "note"),
    [
        ("аmazon.com", "xn--mazon-3ve.com", "mixes Cyrillic and Latin letters, reads like amazon.com"),
        ("xn--mazon-3ve.com", "xn--mazon-3ve.com", "mixes Cyrillic and Latin letters, reads like amazon.com"),
        ("раураӏ.com", "xn--80aa0cbo65f.com", "not in Latin letters, reads like paypal.com"),
        ("bücher.example", "xn--bcher-kva.example", ""),
        ("日本アニメtv.example", "xn--tv-gg4a0g6d3418ao4b.example", ""),
        ("ＡＭＡＺＯＮ.com", "amazon.com", ""),
        ("xn--\x00.example", None, ""),
        ("a" * 64 + ".example", None, ""),
        ("xn--99999999999999.example", "xn--99999999999999.example", ""),
    ],
)
def test_a_domain_is_shown_in_ascii_with_a_warning(domain: str, ascii_: str | None, note: str) -> None:
    raw = f"From: a@{domain}\r\n\r\n".encode()
    sender = sender_of(head_of(raw), "", Peer("", 0))
    assert [box.name.ascii for box in sender.header_from] == [ascii_] * bool(ascii_)
    assert sender.notes == ((f"{ascii_} {note}",) if note else ())


def test_who_writes_addresses_where_none_belong_is_not_believed() -> None:
    value = (
        '"care@company.example" (x@y.example (z@y.example)) <real@broker.example>, "a, b" <B@Two.Example.>'
    )
    assert [box.address for box in mailboxes(value)] == ["real@broker.example", "b@two.example"]
    raw = b"From: a@one.example\r\nFrom: b@two.example\r\nReply-To: " + b"x@y.example," * 9000 + b"\r\n\r\n"
    sender = sender_of(head_of(raw), "c@three.example", Peer("2001:db8:1:2::3", 1))
    assert sender.notes == ("2 From fields",)
    assert len(sender.reply_to) == 1
    assert sender.network == "2001:db8:1::/48"


def test_links_lead_where_a_browser_goes() -> None:
    assert [
        name and name.organisation
        for name in map(
            host_of,
            [
                "https://amazon.com@evil.example/x",
                "//a.b.evil.example:80",
                "http://[2001:db8::1]/",
                "http://%",
            ],
        )
    ] == ["evil.example", "evil.example", "", None]


def test_a_template_is_known_again_and_strangers_are_not() -> None:
    words = (
        "we saw that you wrote about our bottle and would like to send you a gift if you give it five stars"
    )
    template = (
        f"Dear customer {{}}, {words}. Please answer to {{}} and tell us your order number {{}}. Kind regards"
    )
    one = simhash(template.format("Ann", "a@b.example", 17))
    other = simhash(template.format("Ben", "https://c.example/d", 99).upper())
    stranger = simhash(ROOMS * 2)
    assert one is not None
    assert other is not None
    assert stranger is not None
    assert alike(one, other)
    assert not alike(one, stranger)
    assert simhash("Too short to say.") is None
    chinese = "您好我们看到您对水瓶的评价希望您能修改为五星我们将送您一张礼品卡请加微信联系"
    assert distance(simhash(chinese) or 0, simhash(chinese + "谢谢") or 0) <= 12


def test_strangers_texts_of_the_corpus_are_seldom_alike() -> None:
    mails = corpus()[::6]
    found = [simhash(max(content.plain, content.marked_up, key=len)) for content in map(content_of, mails)]
    hashes = sorted({bits for bits in found if bits is not None})
    assert len(hashes) > 80
    assert sum(alike(one, other) for one, other in combinations(hashes, 2)) <= 5


def corpus() -> list[bytes]:
    if not CORPUS.is_file():
        pytest.skip(f"NOT TESTED: the corpus of real mail is not at {CORPUS}")
    with zipfile.ZipFile(CORPUS) as archive:
        return [archive.read(name) for name in archive.namelist() if name.endswith(".txt")]


HOSTILE = {
    **MADE,
    "100,000 parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 100_000,
    "3,000 deep": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 3000,
    "3,000 messages deep": b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    "boundaries that are none": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x" * 1_000_000,
    "nested div": HTML + b"<div>" * 50_000,
    "misnested": HTML + b"<div><object></div><b><i><p></b></i>" * 5000,
    "entities": HTML + b"&lt;" * 50_000,
    "opened": HTML + b"<" * 200_000,
    "digits": TEXT + b"1" * 60_000,
    "pluses": TEXT + b"+1" * 30_000,
    "brackets of a link": TEXT + (b"http://a.com/" + b"(" * 180 + b" ") * 400,
    "half addresses": TEXT + b"a.b@" * 15_000,
    "one long local part": TEXT + b"a" * 60_000 + b"@b",
    "messengers": TEXT + b"wechat:" * 9000 + b"wechat" + b" " * 9000,
    "amounts": TEXT + b"$1,111" * 9000,
    "letters that unfold": TEXT + "\ufdfa".encode() * 16_000,
    "marks on one letter": TEXT + b"a" + "\u0301".encode() * 20_000,
    "broken base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=\n" * 60_000,
    "a codec that is none": b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 60_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_is_read_in_bounded_time(raw: bytes) -> None:
    assert seconds(raw) < 0.2


def test_mutated_real_mail_raises_nothing_and_is_read_in_bounded_time() -> None:
    """The issue asks for 12,000 mails: `MUTATED=12000 pytest -k mutated tests/origin` reads them all."""
    chance = random.Random(20261122)  # noqa: S311 - the same mutations each time
    mails = corpus()
    for _ in range(int(os.environ.get("MUTATED", "800"))):
        raw = chance.choice(mails)
        for _ in range(chance.choice((1, 1, 2, 3))):
            raw = chance.choice(MUTATIONS)(chance, raw) if raw else raw
        assert seconds(raw) < 0.2
        head = head_of(raw)
        assert len(addressed_notes(head, ("a@one.example",))) <= 1
        assert isinstance(automatic(head), str)


def seconds(raw: bytes) -> float:
    """Return the CPU seconds that reading a mail takes; the least of some, for others use the machine too."""
    least = 9.0
    for _ in range(10):
        began = time.thread_time()
        indicators(raw)
        least = min(least, time.thread_time() - began)
        if least < 0.2:
            break
    return least


def test_what_is_beyond_the_caps_is_said() -> None:
    raw = HOSTILE["100,000 parts"]
    assert found_in(raw, sender_of(head_of(raw), "", PEER)).capped
    assert not found_in(OFFER, sender_of(head_of(OFFER), "", PEER)).capped
