"""Classes: which rule decides, and that noise cannot be made of a leak by a few junk recipients."""

from dataclasses import replace

import pytest

from canary.attribute import Facts, Ways, class_of, seen_on_controls, weighed
from canary.attribute.classes import RULES
from canary.model import HitClass, Indicator, Strength, Verdict

MAIL = Facts(HitClass.MAIL)
GUESSED = Ways(tried=100, decoys=1_000_000, surprisal=28)
NOISE = "controls were sent the same"


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (MAIL, HitClass.MAIL),
        (Facts(HitClass.TOUCH, ways=GUESSED), HitClass.TOUCH),
        (Facts(HitClass.PROBE), HitClass.PROBE),
        (Facts(HitClass.PROBE, ways=GUESSED), HitClass.DICTIONARY),
        (replace(MAIL, ways=GUESSED), HitClass.DICTIONARY),
        (replace(MAIL, ways=GUESSED._replace(tried=99)), HitClass.MAIL),
        (replace(MAIL, ways=GUESSED._replace(decoys=1000)), HitClass.MAIL),
        (replace(MAIL, null_sender=True, noise=NOISE), HitClass.BOUNCE),
        (replace(MAIL, automatic="its Auto-Submitted field says auto-replied"), HitClass.BOUNCE),
        (replace(MAIL, own_claim="company.example", own_proven=True, noise=NOISE), HitClass.OWN),
        (replace(MAIL, own_claim="company.example"), HitClass.MAIL),
        (replace(MAIL, noise=NOISE), HitClass.SPAM),
    ],
)
def test_the_first_rule_that_fits_decides(facts: Facts, found: HitClass) -> None:
    assert class_of(facts)[0] is found


def test_every_class_has_a_rule_and_the_last_takes_everything() -> None:
    assert {rule.hit_class for rule in RULES} == set(HitClass)
    assert RULES[-1].fits(MAIL)


def test_a_verdict_says_its_rule_and_is_lowered_once_where_the_class_speaks_for_noise() -> None:
    verdict = Verdict(HitClass.MAIL, 0.9, ("only 1 account was shown the address",))
    own = weighed(verdict, replace(MAIL, own_claim="company.example", own_proven=True))
    assert own.confidence < 0.05
    assert own.reasons[0] == verdict.reasons[0]
    assert own.reasons[-1].startswith("class own: it is from company.example")
    bounce = Verdict(HitClass.BOUNCE, 0.45, ())
    assert weighed(bounce, replace(MAIL, null_sender=True)).confidence == bounce.confidence
    forged = weighed(verdict, replace(MAIL, own_claim="company.example"))
    assert (forged.confidence, forged.hit_class) == (0.9, HitClass.MAIL)
    assert "nothing proves that" in forged.reasons[-1]


def test_what_was_tried_in_vain_is_told_with_its_odds() -> None:
    told = weighed(Verdict(HitClass.MAIL, 0.9, ()), replace(MAIL, ways=Ways(7, 1000, 30)))
    assert "tried 7 recipients that nobody has" in told.reasons[0]
    assert "1 in 134,218" in told.reasons[0]


def test_only_identifying_indicators_and_near_wording_make_noise_of_mail() -> None:
    link = Indicator("link domain", "offers.example", Strength.IDENTIFIES)
    hint = Indicator("mailbox", "a@offers.example", Strength.HINTS)
    words = Indicator("wording", f"{0b1111:016x}", Strength.SUPPORTS)
    near, far = (replace(words, value=f"{bits:016x}") for bits in (0b1000, 0b11110000))
    assert "link domain" in seen_on_controls([link], [[hint], [hint, link]])
    assert seen_on_controls([hint], [[hint]]) == ""
    assert "wording" in seen_on_controls([words], [[near]])
    assert seen_on_controls([words], [[far]]) == ""
