"""Verdicts: what raises confidence, what lowers it, and what is said."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.attribute import judge_message, judge_probe
from canary.attribute.verdict import guess_chance, noise_chance
from canary.model import Access, BaseRate, Decoy, HitClass, Message, Peer, Probe, Verb
from canary.ports import Sighting
from tests.parts import START

PEER = Peer("192.0.2.7", 4, "mail.seller.example")
QUIET = BaseRate(decoys=1000, controls=100)


def decoy(number: int = 1, *, surprisal: float = 30.0, control: bool = False) -> Decoy:
    address = f"ann.bell{number}@one.example"
    return Decoy(address, "Ann", "Bell", START, 0, surprisal, "natural-1", control, f"dec_{number}")


def sighting(number: int = 1, employee: str = "j.okafor", **told: object) -> Sighting:
    return Sighting(decoy(number, **told), (Access(employee, "B07", START),))  # type: ignore[arg-type]


def message(*recipients: str, mail_from: str = "care@seller.example", ours: bool = True) -> Message:
    return Message(b"x", mail_from, recipients, PEER, START + timedelta(days=1), ours=ours)


def confidence(*sightings: Sighting, rate: BaseRate = QUIET, **told: object) -> float:
    by_address = {each.decoy.address: each for each in sightings}
    sent = message(*by_address, **told)  # type: ignore[arg-type]
    return judge_message(sent, by_address, rate)[sightings[0].decoy.address].confidence


def test_one_decoy_is_never_proof() -> None:
    assert 0.8 < confidence(sighting()) < 0.91


def test_decoys_of_one_employee_hit_together_raise_confidence_those_of_others_do_not() -> None:
    alone = confidence(sighting(1))
    assert confidence(sighting(1), sighting(2)) > alone
    assert confidence(sighting(1), sighting(2, "somebody.else")) == alone


@pytest.mark.parametrize(
    ("told", "rate", "surprisal"),
    [
        ({"ours": False}, QUIET, 30.0),
        ({"mail_from": ""}, QUIET, 30.0),
        ({}, replace(QUIET, control_hits=20), 30.0),
        ({}, replace(QUIET, strays=5_000_000), 24.0),
    ],
    ids=["a file's envelope", "null sender", "noisy controls", "many guesses"],
)
def test_doubts_lower_confidence(told: dict[str, object], rate: BaseRate, surprisal: float) -> None:
    assert confidence(sighting(surprisal=surprisal), rate=rate, **told) < confidence(sighting())


def test_a_null_sender_is_a_bounce_and_says_so() -> None:
    verdict = judge_message(message("ann.bell1@one.example", mail_from=""), {"a": sighting()}, QUIET)["a"]
    assert verdict.hit_class is HitClass.BOUNCE
    assert any("null sender" in reason for reason in verdict.reasons)


def test_a_control_accuses_nobody() -> None:
    verdict = judge_message(message("a"), {"a": Sighting(decoy(control=True), ())}, QUIET)["a"]
    assert verdict.confidence == 0
    assert "nobody was ever shown" in verdict.reasons[0]


def test_a_decoy_that_no_access_showed_accuses_nobody() -> None:
    assert confidence(Sighting(decoy(), ())) == 0


def test_a_probe_says_what_was_done() -> None:
    probe = Probe("a", Verb.VRFY, "", PEER, START, others=12)
    verdict = judge_probe(probe, sighting(), QUIET)
    assert verdict.hit_class is HitClass.PROBE
    assert "12 other recipients" in verdict.reasons[-1]
    broken = judge_probe(replace(probe, verb=Verb.DATA), sighting(), QUIET)
    assert "broken off or refused" in broken.reasons[-1]


def test_few_controls_are_not_called_a_measurement() -> None:
    verdict = judge_message(message("a"), {"a": sighting()}, BaseRate())["a"]
    assert any("assumed, not measured" in reason for reason in verdict.reasons)
    assert noise_chance(BaseRate()) == 0.02
    assert noise_chance(BaseRate(controls=99)) == pytest.approx(0.005)


def test_hits_on_controls_say_how_many_hits_are_noise() -> None:
    noisy = BaseRate(decoys=1000, controls=100, control_hits=1)
    assert noise_chance(noisy) == 0.5
    assert noise_chance(replace(noisy, hits=99)) == pytest.approx(0.1)
    verdict = judge_message(message("a"), {"a": sighting()}, noisy)["a"]
    assert 0.3 < verdict.confidence < 0.5
    assert any("about 10.0 of the 1000 shown decoys" in reason for reason in verdict.reasons)


def test_an_access_after_the_mail_cannot_have_leaked_it() -> None:
    later = replace(sighting(), accesses=(Access("j.okafor", "B07", START + timedelta(days=2)),))
    assert confidence(later) < confidence(sighting()) / 5
    verdict = judge_message(message("a"), {"a": later}, QUIET)["a"]
    assert any("compare the clocks" in reason for reason in verdict.reasons)


def test_a_decoy_minted_from_an_old_log_says_so() -> None:
    minted = replace(sighting(), accesses=(Access("j.okafor", "B07", START - timedelta(days=2)),))
    verdict = judge_message(message("a"), {"a": minted}, QUIET)["a"]
    assert any("minted after the accesses, from a log" in reason for reason in verdict.reasons)


@given(st.floats(10, 60), st.integers(0, 10**9))
def test_the_chance_of_a_guess_is_a_probability_that_grows_with_tries(surprisal: float, tries: int) -> None:
    assert 0 <= guess_chance(surprisal, tries) <= guess_chance(surprisal, tries + 1000) <= 1


def test_the_chance_of_a_guess_is_what_counting_says() -> None:
    assert guess_chance(10, 0) == pytest.approx(1 / 1024)
    assert guess_chance(10, 1023) == pytest.approx(1 - (1 - 1 / 1024) ** 1024)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**9), st.floats(1, 70))
def test_confidence_stays_between_nothing_and_almost_sure(
    controls: int, control_hits: int, strays: int, surprisal: float
) -> None:
    rate = BaseRate(1, controls, control_hits, strays)
    assert 0 <= confidence(sighting(surprisal=surprisal), rate=rate) <= 0.99
