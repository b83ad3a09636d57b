from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from canary.alert.advice import noise
from canary.alert.blocks import bare_payload, payload
from canary.alert.exposure import confidence
from canary.alert.facts import span
from canary.alert.markup import spoken
from canary.alert.plain import plain
from canary.alert.sample import sample_alert
from canary.alert.wording import summary, title
from canary.demo.slack import render
from canary.model import Alert, BaseRate, HitClass, Verdict

MakeAlert = Callable[..., Alert]
Screen = Callable[[Alert], str]


def seen(alert: Alert) -> str:
    return render(payload(alert))


def words(text: str) -> str:
    return " ".join(text.split())


both = pytest.mark.parametrize("screen", [seen, plain])


@both
def test_a_mail_hit_tells_everything_the_reader_needs(screen: Screen, make_alert: MakeAlert) -> None:
    told = words(screen(make_alert()))
    for part in (
        "Decoy address received mail, exposed through the access of e.moore",
        "for emma[.]stone0[@]mailbox[.]example",
        "shown only to the account e.moore",
        "sku-4711",
        "Northwind Traders",
        "2026-11-19 10:03:22 UTC, 3 days 4 h before the mail",
        "2026-11-22 12:03:22 UTC, 2 h before the mail",
        "review-console",
        "s-0",
        "10.20.30.40",
        "bounce[@]offers[.]example[.]net",
        "seller[@]offers[.]example[.]net",
        "Please change your 1-star review",
        "Confidence high (0.97), because",
        "too unlikely to be guessed",
        "shared, filmed or photographed screen",
        "infected laptop",
        "shared account",
        "breach of the record store",
        "one try in 10^13",
        "chance hits fewer than 1 decoy in 100",
        "41 recipients that nobody has",
        "canary hit show hit_0",
        "canary access show acc_0b",
        "canary hits --employee e.moore",
        "one decoy is never proof",
    ):
        assert part in told
    assert "203[.]0[.]113[.]9 saying mx[.]offers[.]example[.]net, TLSv1.3" in told
    assert "leaked by" not in told


@both
def test_a_probe_says_that_a_list_is_being_verified(screen: Screen, make_alert: MakeAlert) -> None:
    told = words(screen(make_alert(hit_class=HitClass.PROBE)))
    assert "Decoy address is being verified, exposed through the access of e.moore" in told
    assert "Somebody is verifying a list" in told
    assert "no mail yet" in told
    assert "RCPT without a message, 37 others tried in the same session" in told
    assert "2 h before the probe" in told
    assert "Subject" not in told


@both
def test_several_hits_of_several_accounts_are_one_alert_that_says_so(
    screen: Screen, make_alert: MakeAlert
) -> None:
    told = words(screen(make_alert(count=9, employees=3, messages=6, earlier=2)))
    assert "9 decoy addresses received mail, exposed through the accesses of 3 accounts" in told
    assert "6 messages arrived between" in told
    assert "e.moore1: 3 decoys" in told
    assert "and 5 more" in told
    assert "What arrived (1 of 6)" in told
    assert "… and 2 more." in told
    assert "2 earlier hits on decoys of the same accounts" in told
    assert "Compare the accounts" in told


def test_decoys_that_came_in_one_message_are_evidence_together(make_alert: MakeAlert) -> None:
    assert "All 4 came together" in plain(make_alert(count=4))
    assert "came together" not in plain(make_alert(count=4, messages=2))


@both
def test_a_message_from_a_file_says_that_the_envelope_was_not_ours(
    screen: Screen, make_alert: MakeAlert
) -> None:
    told = screen(make_alert(ours=False))
    assert "The envelope was not ours" in told
    assert "203" not in told


def test_a_bounce_is_told_as_one(make_alert: MakeAlert) -> None:
    assert title(make_alert(hit_class=HitClass.BOUNCE)).startswith("Decoy address received a bounce")


def test_a_repeated_delivery_is_counted_once_and_said(make_alert: MakeAlert) -> None:
    alert = make_alert()
    alert = replace(alert, hits=(replace(alert.hits[0], deliveries=3),))
    assert "delivered 3 times; it is counted once" in plain(alert)


def test_an_access_after_the_mail_is_not_taken_for_the_exposing_one(make_alert: MakeAlert) -> None:
    alert = make_alert()
    hit = alert.hits[0]
    later = replace(hit.accesses[0], at=hit.at + timedelta(hours=1), session="later", id="acc_later")
    told = plain(replace(alert, hits=(replace(hit, accesses=(*hit.accesses, later)),)))
    assert "3 accesses, 1 since" in told
    assert "session later" not in told
    only = plain(replace(alert, hits=(replace(hit, accesses=(later,)),)))
    assert "1 h after the mail: compare the clocks" in only


@both
def test_a_hit_on_a_control_accuses_nobody(screen: Screen, make_alert: MakeAlert) -> None:
    alert = make_alert()
    hit = alert.hits[0]
    told = words(
        screen(replace(alert, hits=(replace(hit, decoy=replace(hit.decoy, control=True), accesses=()),)))
    )
    assert "Control address received mail, shown through no access" in told
    assert "no access ever showed the address" in told
    assert "employee" not in told


def test_a_probe_before_mail_makes_the_alert_a_mail_alert(make_alert: MakeAlert) -> None:
    probe = make_alert(hit_class=HitClass.PROBE).hits[0]
    mail = make_alert(count=2).hits[1]
    told = plain(replace(make_alert(), hits=(probe, mail)))
    assert "A message arrived between" in told
    assert "(and 1 probe)" in told
    assert "before the first hit" in told
    assert "1 mail, 1 probe" in told


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.0, "high (0.99)"), (0.75, "fair (0.75)"), (0.5, "low (0.50)"), (0.0, "very low (0.00)")],
)
def test_confidence_is_a_word_and_never_certain(value: float, words: str, make_alert: MakeAlert) -> None:
    alert = make_alert()
    verdict = Verdict(HitClass.MAIL, value, ())
    assert confidence(replace(alert, hits=(replace(alert.hits[0], verdict=verdict),))) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (BaseRate(), "there are no controls"),
        (BaseRate(decoys=9, controls=1), "no hit on 1 control, which are too few"),
        (BaseRate(decoys=9, controls=90), "fewer than 1 decoy in 30 (95% bound)"),
        (BaseRate(decoys=1000, controls=100, control_hits=1), "about 10.0 on the 1,000 decoys"),
    ],
)
def test_the_base_rate_is_said_in_words(rate: BaseRate, words: str) -> None:
    assert words in spoken(noise(rate))


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=2, seconds=5), "2 h"),
        (timedelta(days=1, hours=1), "1 day 1 h"),
        (timedelta(days=-400), "400 days"),
    ],
)
def test_a_duration_is_told_in_two_parts(delta: timedelta, words: str) -> None:
    assert span(delta) == words


def test_the_summary_is_short_and_names_account_record_and_command(make_alert: MakeAlert) -> None:
    told = summary(make_alert(count=100, employees=7))
    assert len(told) < 400
    assert "7 accounts" in told
    assert "record sku-4711, sku-4712 and 1 more" in told
    assert told.endswith("canary hit show hit_0, and 99 more with canary hits")


def test_the_notification_keeps_commands_fit_to_copy(make_alert: MakeAlert) -> None:
    assert payload(make_alert())["text"].endswith("canary hit show hit_0")


@both
def test_the_sample_says_that_it_is_a_test(screen: Screen) -> None:
    told = screen(sample_alert(lambda: datetime(2026, 1, 1, tzinfo=UTC)))
    assert told.startswith("TEST: ")
    assert "This is a test of the alert channel: nobody was exposed" in told


def test_an_employee_who_is_no_plain_argument_is_not_put_into_a_command(make_alert: MakeAlert) -> None:
    alert = make_alert()
    hit = alert.hits[0]
    odd = replace(hit.accesses[0], employee="x; rm -rf /")
    assert "--employee" not in plain(replace(alert, hits=(replace(hit, accesses=(odd,)),)))


def test_an_alert_without_hits_is_still_a_message(make_alert: MakeAlert) -> None:
    empty = replace(make_alert(), hits=())
    assert payload(empty) == bare_payload(empty)
    assert plain(empty) == "An alert without hits."
