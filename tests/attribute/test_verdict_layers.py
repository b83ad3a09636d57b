"""Verdicts on shared decoys name no account; those on what is no person say so."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from canary.attribute import judge_message
from canary.model import Access, ActorClass, BaseRate, Decoy, Layer, Message, Peer, Verdict
from canary.ports import Sighting
from tests.parts import START

DAY = timedelta(days=1)


def sighting(number: int, layer: Layer, employees: Sequence[str], **told: object) -> Sighting:
    address = f"ann.bell{number}@one.example"
    decoy = Decoy(address, "Ann", "Bell", START, 0, 30.0, "t", id=f"dec_{number}", layer=layer)
    accesses = (Access(who, "B07", START + n * DAY, **told) for n, who in enumerate(employees))  # type: ignore[arg-type]
    return Sighting(decoy, tuple(accesses))


def judged(*sightings: Sighting, days: float = 30) -> list[Verdict]:
    by_address = {each.decoy.address: each for each in sightings}
    sent = Message(b"x", "a@s.example", tuple(by_address), Peer("192.0.2.7", 4), START + days * DAY)
    return list(judge_message(sent, by_address, BaseRate(decoys=1000, controls=100)).values())


@pytest.mark.parametrize("layer", [Layer.STABLE, Layer.COHORT])
@pytest.mark.parametrize("employees", ["a", "abcdef"])
def test_a_shared_decoy_is_never_said_to_have_been_shown_to_some_only(layer: Layer, employees: str) -> None:
    (verdict,) = judged(sighting(1, layer, employees))
    assert "only" not in verdict.reasons[0]
    assert f"{len(employees)} account" in verdict.reasons[0]
    assert "points to none of them more than to another" in verdict.reasons[0]


def test_who_was_shown_a_shared_decoy_after_the_mail_is_not_counted() -> None:
    (verdict,) = judged(sighting(1, Layer.STABLE, "abcdef"), days=2)
    assert "3 accounts by then" in verdict.reasons[0]


def test_decoys_count_together_for_the_employee_who_was_shown_most_of_them() -> None:
    stable = sighting(1, Layer.STABLE, "abc")
    alone = judged(stable)[0]
    apart = judged(stable, sighting(2, Layer.VIEW, "x"))[0]
    both = judged(stable, sighting(2, Layer.VIEW, "b"), sighting(3, Layer.VIEW, "c"))[0]
    assert alone.confidence == apart.confidence < both.confidence
    assert any(reason.startswith("2 decoys that the same employee") for reason in both.reasons)


def test_a_hit_says_that_no_person_was_shown_the_decoy() -> None:
    (verdict,) = judged(sighting(1, Layer.VIEW, "a", actor_class=ActorClass.QA))
    assert "shown to qa (not a person)" in verdict.reasons
