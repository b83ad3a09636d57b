"""POST /v1/accesses: what an application tells becomes decoys to show."""

from datetime import UTC, datetime, timedelta

from canary.model import ActorClass
from tests.api.api_parts import Door


def addresses(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [decoy["address"] for decoy in answer["decoys"]]


def test_a_view_gets_decoys_that_are_in_the_store_before_the_answer(door: Door) -> None:
    answer = door.plant(
        "first", "B01", tool="portal", session="s1", client_ip="192.0.2.7", beneficiary="Acme"
    )
    (decoy,) = answer["decoys"]
    assert set(decoy) == {"address", "name", "given", "family", "position", "marker"}
    assert decoy["name"] == f"{decoy['given']} {decoy['family']}"
    assert 0 <= decoy["position"] < 1
    with door.store() as store:
        kept = store.access(answer["access"]["id"])
        assert store.is_live(decoy["address"])
    assert [each.address for each in kept.decoys] == [decoy["address"]]
    assert (kept.access.tool, kept.access.session, kept.access.beneficiary) == ("portal", "s1", "Acme")


def test_looking_again_shows_the_same_at_the_same_place_in_another_access(door: Door) -> None:
    first, again = door.plant("again", "B01"), door.plant("again", "B01")
    assert first["access"]["id"] != again["access"]["id"]
    assert addresses(first) == addresses(again)
    assert first["decoys"][0]["position"] == again["decoys"][0]["position"]
    assert first["decoys"][0]["marker"] != again["decoys"][0]["marker"]


def test_two_employees_are_shown_different_decoys(door: Door) -> None:
    assert not {*addresses(door.plant("one", "B01"))} & {*addresses(door.plant("two", "B01"))}


def test_an_access_with_an_identifier_of_the_callers_is_told_once(door: Door) -> None:
    told = {"employee": "named", "record": "B01", "id": "request-1"}
    first, again = door.post("/v1/accesses", told), door.post("/v1/accesses", told)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_each_access_of_an_array_has_an_outcome_of_its_own_in_its_place(door: Door) -> None:
    told = [
        {"employee": "several", "record": "B01"},
        {"employee": "several", "record": "B02", "what": 1},
        {"employee": "several\x01", "record": "B03"},
        {"record": "B04"},
        {"employee": "several", "record": "B05"},
        7,
    ]
    answer = door.post("/v1/accesses", told)
    assert answer.status_code == 200
    outcomes = answer.json()
    assert [each["status"] for each in outcomes] == [201, 422, 422, 422, 201, 422]
    assert outcomes[0]["decoys"]
    assert outcomes[4]["access"]["record"] == "B05"
    faults = [each["errors"][0] for each in outcomes if "errors" in each]
    assert faults == [
        {"field": "what", "message": "is no field of this"},
        {"field": "employee", "message": "contains a control character"},
        {"field": "employee", "message": "is missing"},
        {"field": "", "message": "is a whole number, where an object is expected"},
    ]


def test_an_array_of_a_thousand_is_taken_and_no_longer_one(door: Door) -> None:
    told = [{"employee": f"many{number % 7}", "record": f"M{number % 11}"} for number in range(1001)]
    assert door.post("/v1/accesses", told).status_code == 422
    outcomes = door.post("/v1/accesses", told[:1000]).json()
    assert len(outcomes) == 1000
    assert {each["status"] for each in outcomes} == {201}
    assert door.post("/v1/accesses", []).json() == []


def test_an_access_that_was_shown_without_decoys_is_recorded_and_shows_none(door: Door) -> None:
    bare = door.plant("bare", "B01", bare=True, at=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    assert bare["decoys"] == []
    with door.store() as store:
        assert store.access(bare["access"]["id"]).access.bare
    assert len(door.plant("bare", "B01")["decoys"]) == 1


def test_what_is_no_person_is_shown_decoys_of_its_own(door: Door) -> None:
    person, crawler = door.plant("robot", "B01"), door.plant("robot", "B01", actor_class="crawler")
    assert not {*addresses(person)} & {*addresses(crawler)}
    with door.store() as store:
        assert store.access(crawler["access"]["id"]).access.actor_class is ActorClass.CRAWLER


def test_a_clock_that_is_ahead_a_little_is_set_right(door: Door) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=2)
    at = datetime.fromisoformat(door.plant("ahead", "B01", at=ahead.isoformat())["access"]["at"])
    assert at < ahead
    late = datetime.now(UTC) - timedelta(hours=3)
    assert door.plant("late", "B01", at=late.isoformat())["access"]["at"] == late.isoformat().replace(
        "+00:00", "Z"
    )
