"""Alerts about shared decoys name no account before others; those about what is no person say so."""

import json
from dataclasses import replace

import pytest

from canary.alert.blocks import payload
from canary.alert.markup import spoken
from canary.alert.wording import story, summary, title
from canary.model import ActorClass, Alert, Layer
from tests.alert.conftest import make_alert


def shared_alert(employees: int, *, own: int = 0) -> Alert:
    """Return an alert about one stable decoy that employees were shown, and view-unique ones of the first."""
    made = make_alert(count=employees, employees=employees)
    first = made.hits[0]
    stable = replace(
        first,
        decoy=replace(first.decoy, address="ann.bell@one.example", layer=Layer.STABLE),
        accesses=tuple(access for hit in made.hits for access in hit.accesses),
    )
    others = [
        replace(first, id=f"hit_o{n}", decoy=replace(first.decoy, address=f"o{n}@one.example"))
        for n in range(own)
    ]
    return replace(made, hits=(stable, *others))


def said(alert: Alert) -> str:
    told = story(alert)
    return "\n".join(map(spoken, (*told.lead, *told.exposed, *told.doubts, *told.steps)))


@pytest.mark.parametrize("employees", [1, 20])
def test_a_shared_decoy_is_never_told_as_one_accounts(employees: int) -> None:
    alert = shared_alert(employees)
    for text in (said(alert), summary(alert), title(alert)):
        assert "shown only to" not in text
    assert "all who view the record" in said(alert)


def test_among_many_accounts_no_access_is_picked_out() -> None:
    words = said(shared_alert(20))
    assert "points to none of them more than to another" in words
    assert "canary access show" not in words
    assert "for these accounts together" in story(shared_alert(20)).confidence
    assert "canary hits --employee" not in words
    assert "canary hits --record sku-4711" in words


def test_a_view_unique_decoy_beside_it_points_to_its_account() -> None:
    words = said(shared_alert(20, own=1))
    assert "1 of these addresses is shared" in words
    assert "canary hits --employee e.moore." in words


def test_an_account_that_is_no_person_is_told_as_such() -> None:
    alert = make_alert()
    (hit,) = alert.hits
    access = replace(hit.accesses[0], actor_class=ActorClass.QA)
    told = replace(alert, hits=(replace(hit, accesses=(access,)),))
    assert "(shown to qa: not a person)" in title(told)
    assert "(shown to qa: not a person)" in said(told)
    assert len(json.dumps(payload(told))) < 12_000
