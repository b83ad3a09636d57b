"""Who sent a message, by SPF, DKIM and DMARC over a real name server that also lies."""

import asyncio
import time
from collections.abc import Callable

import pytest

from canary.model import Message
from canary.origin import Authenticator, Outcome, Why
from canary.origin.authentication import Bounds
from tests.origin.conftest import LETTER
from tests.origin.name_server import NameServer

Make = Callable[..., Message]
Sign = Callable[..., bytes]


async def test_aligned_spf_and_dkim_prove_the_from_domain(
    names: NameServer, authenticator: Authenticator, letter: Make, sign: Sign
) -> None:
    names.text("seller.example", "v=spf1 include:hosts.example -all")
    names.text("hosts.example", "v=spf1 ip4:192.0.2.0/28 -all")
    names.text("_dmarc.seller.example", "v=DMARC1; p=reject")
    found = await authenticator.check(letter(sign(LETTER)))
    assert found.summary == (
        "spf=pass (include:hosts.example) smtp.mailfrom=seller.example; "
        "dkim=pass header.d=seller.example; dmarc=pass (p=reject) header.from=seller.example"
    )
    assert found.aligned == ("spf", "dkim")
    assert found.authenticated == ("seller.example",)
    assert found.speaks_for(["mail.seller.example"])
    assert not found.speaks_for(["other.example"])


async def test_a_forged_from_of_ours_is_not_ours_though_the_forger_signs_for_himself(
    names: NameServer, authenticator: Authenticator, letter: Make, sign: Sign
) -> None:
    names.text("broker.example", "v=spf1 ip4:192.0.2.7 -all")
    names.text("_dmarc.company.example", "v=DMARC1; p=none")
    raw = LETTER.replace(b"Care <care@seller.example>", b'"Care, care@company.example" <x@company.example>')
    found = await authenticator.check(letter(sign(raw, "broker.example"), "x@broker.example"))
    assert found.authenticated == ("broker.example",)
    assert found.header_from == "company.example"
    assert found.dmarc.outcome is Outcome.FAIL
    assert not found.speaks_for(["company.example"])


async def test_a_subdomain_is_aligned_unless_the_record_is_strict(
    names: NameServer, authenticator: Authenticator, letter: Make
) -> None:
    names.text("bounce.seller.example", "v=spf1 ip4:192.0.2.7 -all")
    message = letter(mail_from="x@bounce.seller.example")
    assert (await authenticator.check(message)).aligned == ("spf",)
    names.text("_dmarc.seller.example", "v=DMARC1; p=quarantine; aspf=s")
    found = await authenticator.check(message)
    assert (found.aligned, found.dmarc.outcome) == ((), Outcome.FAIL)


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ("v=spf1 -all", Outcome.FAIL),
        ("v=spf1 ~all", Outcome.SOFTFAIL),
        ("v=spf1 ?all", Outcome.NEUTRAL),
        ("v=spf1 mx -all", Outcome.PASS),
        ("v=spf1 a:mail.seller.example -all", Outcome.PASS),
        ("v=spf1 exists:%{ir}.%{l}.seller.example -all", Outcome.PASS),
        ("v=spf1 include:seller.example -all", Outcome.PERMERROR),
        ("v=spf1 redirect=loop.example", Outcome.PERMERROR),
        ("v=spf1 a:1.nowhere.example a:2.nowhere.example a:3.nowhere.example -all", Outcome.PERMERROR),
        ("v=spf1 include:broken.example -all", Outcome.TEMPERROR),
        ("v=spf1 " + "a:" + "x" * 600 + ".example -all", Outcome.PERMERROR),
        ("v=spf1 " + "ip4:198.51.100.1 " * 400 + "-all", Outcome.PERMERROR),
        ("v=spf1 exp=why.example -all", Outcome.FAIL),
        ("nothing of the kind", Outcome.NONE),
    ],
)
async def test_a_policy_means_what_rfc_7208_says(
    names: NameServer, authenticator: Authenticator, letter: Make, policy: str, outcome: Outcome
) -> None:
    names.text("seller.example", policy)
    names.add("seller.example", "MX", "10 mail.seller.example.")
    names.add("mail.seller.example", "A", "192.0.2.7")
    names.add("7.2.0.192.care.seller.example", "A", "127.0.0.2")
    names.text("loop.example", "v=spf1 redirect=loop.example")
    names.manners["broken.example"] = "servfail"
    found = await authenticator.check(letter())
    assert found.spf.outcome is outcome
    assert ("why.example", "TXT") not in names.asked


async def test_a_null_sender_is_judged_by_its_helo_name(
    names: NameServer, authenticator: Authenticator, letter: Make
) -> None:
    names.text("mail.seller.example", "v=spf1 ip4:192.0.2.7 -all")
    found = await authenticator.check(letter(mail_from=""))
    assert str(found.spf) == "spf=pass (ip4:192.0.2.7) smtp.helo=mail.seller.example"


async def test_signatures_are_judged_one_by_one(
    names: NameServer, authenticator: Authenticator, letter: Make, sign: Sign
) -> None:
    await authenticator.check(letter(sign(LETTER)))
    names.text("s1024._domainkey.revoked.example", "v=DKIM1; p=")
    cases = {
        sign(LETTER): Outcome.PASS,
        sign(LETTER, "elsewhere.example"): Outcome.PASS,
        sign(LETTER) + b"One more line.\r\n": Outcome.FAIL,
        sign(LETTER).replace(b"Subject: About", b"Subject: Of"): Outcome.FAIL,
        sign(LETTER, length=True) + b"One more line.\r\n": Outcome.POLICY,
        sign(LETTER, bits=512): Outcome.POLICY,
        sign(LETTER, signature_algorithm=b"rsa-sha1"): Outcome.POLICY,
        sign(LETTER, "revoked.example"): Outcome.PERMERROR,
        sign(LETTER).replace(b"s=s1024", b"s=s1025"): Outcome.PERMERROR,
        sign(LETTER).replace(b"v=1;", b"v=2;"): Outcome.NEUTRAL,
        sign(LETTER).replace(b" b=", b" b=" + b"\v" * 300): Outcome.NEUTRAL,
        LETTER: Outcome.NONE,
    }
    for raw, outcome in cases.items():
        found = await authenticator.check(letter(raw))
        assert found.dkim[0].outcome is outcome, found.summary


async def test_what_would_hold_the_interpreter_is_not_tried(
    authenticator: Authenticator, letter: Make, sign: Sign
) -> None:
    began = time.process_time()
    blanks = sign(LETTER + b" " * 300_000 + b".\r\n")
    many = b"".join(sign(LETTER).partition(b"\r\nFrom:")[:1]) + b"\r\n"
    for raw in (blanks, many * 50 + LETTER, b"X: y\r\n" * 40_000 + sign(LETTER), sign(LETTER) + b"\n" * 9**6):
        found = await authenticator.check(letter(raw))
        assert any(result.why is Why.CAPPED for result in found.dkim), found.summary
    assert len((await authenticator.check(letter(many * 50 + LETTER))).dkim) == 5
    assert time.process_time() - began < 5


async def test_lies_and_silence_are_not_evaluated_within_the_deadline(
    names: NameServer, letter: Make, sign: Sign
) -> None:
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=1.5))
    raw = sign(LETTER)
    for manner in ("silent", "wrong id"):
        names.manners.update(dict.fromkeys(("seller.example", "s1024._domainkey.seller.example"), manner))
        began = time.monotonic()
        found = await authenticator.check(letter(raw))
        assert time.monotonic() - began < 20
        assert {found.spf.why, *(each.why for each in found.dkim), found.dmarc.why} <= {Why.SLOW, None}
        assert found.spf.outcome is found.dkim[0].outcome is Outcome.NOT_EVALUATED
        assert "spf=not evaluated (slow) smtp.mailfrom=seller.example" in found.summary
    authenticator.close()


async def test_nonsense_from_dns_is_a_temporary_error(names: NameServer, letter: Make) -> None:
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=2))
    names.add("seller.example", "CNAME", "loop.example.")
    names.add("loop.example", "CNAME", "seller.example.")
    found = await authenticator.check(letter())
    assert found.spf.outcome in {Outcome.TEMPERROR, Outcome.NONE}
    names.manners["junk.example"] = "junk"
    found = await authenticator.check(letter(mail_from="a@junk.example"))
    assert found.spf.outcome in {Outcome.TEMPERROR, Outcome.NOT_EVALUATED}
    authenticator.close()


async def test_a_huge_answer_comes_by_tcp_and_is_not_read_as_a_policy(
    names: NameServer, authenticator: Authenticator, letter: Make
) -> None:
    names.text("seller.example", "v=spf1 ip4:192.0.2.7 -all")
    for number in range(150):
        names.text("seller.example", f"{number}" + "x" * 380)
    assert (await authenticator.check(letter())).spf.outcome is Outcome.PASS
    assert names.by_tcp


async def test_a_policy_that_asks_for_a_hundred_names_is_cut_off(names: NameServer, letter: Make) -> None:
    names.text("seller.example", "v=spf1 " + " ".join(f"mx:{n}.example" for n in range(10)) + " -all")
    for number in range(10):
        names.add(f"{number}.example", "MX", *(f"{n} m{n}.{number}.example." for n in range(10)))
        for n in range(10):
            names.add(f"m{n}.{number}.example", "A", "198.51.100.1")
    authenticator = Authenticator(["127.0.0.1"], names.port)
    found = await authenticator.check(letter())
    authenticator.close()
    assert found.spf.why is Why.CAPPED
    assert len(names.asked) == 40


async def test_an_envelope_that_was_not_ours_is_not_held_against_its_sender(
    names: NameServer, authenticator: Authenticator, letter: Make, sign: Sign
) -> None:
    found = await authenticator.check(letter(sign(LETTER), ours=False, ip=""))
    assert str(found.spf) == "spf=not evaluated (envelope not ours)"
    assert found.aligned == ("dkim",)
    assert ("seller.example", "TXT") not in names.asked


async def test_no_more_wait_than_may_and_the_loop_stays_free(names: NameServer, letter: Make) -> None:
    names.manners["seller.example"] = "silent"
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=0.8, threads=1, waiting=3))
    checks = [asyncio.create_task(authenticator.check(letter())) for _ in range(5)]
    turns = 0
    while not any(each.done() for each in checks[:1]):
        await asyncio.sleep(0.005)
        turns += 1
    found = await asyncio.gather(*checks)
    assert [each.spf.why for each in found].count(Why.BUSY) == 2
    assert [each.spf.why for each in found].count(Why.SLOW) == 3
    assert turns > 5
    authenticator.close()
    assert (await authenticator.check(letter())).spf.why is Why.BUSY


@pytest.mark.parametrize(
    "heads",
    [
        b"",
        b"From: a@one.example\r\nFrom: b@two.example\r\n",
        b"From: a@one.example, b@two.example\r\n",
        b"From: nobody\r\n",
        b"From: " + b'"(<' * 2000 + b"\r\n",
        b"From: " + b"a@b.example," * 9000 + b"\r\n",
        b"DKIM-Signature: " + b";" * 4000 + b"\r\nFrom: a@b.example\r\n",
        b" From: a@b.example\r\nDKIM-Signature: v=1\r\n",
        b"\x00\xff\xfe: a\r\nDKIM-Signature: v=1; d=\xff; h=from\r\n",
    ],
)
async def test_whatever_the_head_says_nothing_is_raised(
    authenticator: Authenticator, letter: Make, heads: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    found = await authenticator.check(letter(heads + b"\r\nhello\r\n", "a\xff@b..example", ".."))
    assert not any(result.passed for result in (found.spf, *found.dkim, found.dmarc))
    assert "could not be checked" not in caplog.text


def test_without_any_name_server_everything_is_offline(
    letter: Make, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.origin.authentication.resolver_of", lambda *_: None)
    authenticator = Authenticator()
    found = authenticator.check_now(letter(sign(LETTER)))
    authenticator.close()
    assert {found.spf.why, found.dkim[0].why, found.dmarc.why} == {Why.OFFLINE}
