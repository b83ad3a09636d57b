"""Views become pages with decoys of several layers: who is shown what, and that it stays."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.model import Access, ActorClass, Layer
from tests.parts import House
from tests.record.layer_parts import DAY, at, look, of, planned

PEOPLE = [f"e.{n:03}" for n in range(60)]


def test_a_record_stable_decoy_is_the_same_for_everybody_and_no_diff_of_two_screens_shows_it(
    house: House,
) -> None:
    planter = planned(house, stable=1, view_rate=0.0)
    pages = [look(planter, employee, day) for day, employee in enumerate("abcd")]
    assert [page.fresh for page in pages] == [1, 0, 0, 0]
    assert len({page.decoys for page in pages}) == 1
    assert look(planter, "a", record="C08").decoys != pages[0].decoys


def test_one_more_record_stable_decoy_joins_every_so_often_up_to_the_plans_number(house: House) -> None:
    planter = planned(house, stable=3, view_rate=0.0, join_every=10 * DAY)
    days = [0, 9, 10, 19.5, 20, 500]
    assert [len(look(planter, f"e{n}", day).decoys) for n, day in enumerate(days)] == [1, 1, 2, 2, 3, 3]
    assert [len(look(planter, "late", day).decoys) for day in (-1, 5, 15, 25)] == [0, 1, 2, 3]


def test_decoys_that_nobody_came_to_see_have_joined_when_they_were_due(house: House) -> None:
    planter = planned(house, stable=3, view_rate=0.0, join_every=10 * DAY)
    look(planter, "a")
    everything = look(planter, "b", 400)
    assert (len(everything.decoys), everything.fresh) == (3, 2)
    assert len(look(planter, "c", 12).decoys) == 2


def test_a_cohort_decoy_is_shown_to_a_keyed_half_of_the_employees_and_minted_for_them_alone(
    house: House,
) -> None:
    planter = planned(house, cohort=2, view_rate=0.0, join_every=timedelta(hours=1))
    pages = planter.plant_all([Access(who, "B07", at(n)) for n, who in enumerate(PEOPLE * 2)])
    shown = Counter(decoy.slot for page in pages[len(PEOPLE) :] for decoy in page.decoys)
    assert all(len(PEOPLE) * 0.2 < shown[slot] < len(PEOPLE) * 0.8 for slot in (0, 1))
    assert len(list(house.store.decoys())) == 2
    (first,) = [n for n, page in enumerate(pages) if page.fresh][:1]
    assert all(not page.decoys for page in pages[:first])


def test_cohorts_of_two_records_are_not_the_same_half(house: House) -> None:
    planter = planned(house, cohort=1, view_rate=0.0)
    halves = []
    for record in ("B07", "C08"):
        looks = planter.plant_all([Access(who, record, at(n)) for n, who in enumerate(PEOPLE * 2)])
        halves.append({page.access.employee for page in looks[len(PEOPLE) :] if page.decoys})
    assert halves[0] != halves[1]


def test_view_unique_decoys_stand_on_part_of_the_pages_and_a_page_without_one_is_normal(house: House) -> None:
    planter = planned(house, view_rate=0.3)
    pages = planter.plant_all([Access(f"e{n}", "B07", at(0)) for n in range(400)])
    assert 80 < sum(bool(page.decoys) for page in pages) < 160


def test_a_page_without_decoys_stays_without_them_within_its_window(house: House) -> None:
    planter = planned(house, view_rate=0.3)
    for who in PEOPLE:
        first, again = look(planter, who), look(planter, who, 0.9)
        assert first.decoys == again.decoys


def test_a_view_shows_the_same_all_through_its_window_though_a_shared_decoy_joins_meanwhile(
    house: House,
) -> None:
    planter = planned(house, stable=2, view_rate=0.0, join_every=10 * DAY)
    look(planter, "a")
    before = look(planter, "b", 9.9)
    assert len(look(planter, "c", 10).decoys) == 2
    assert look(planter, "b", 10.1).decoys == before.decoys


def test_a_larger_plan_changes_no_view_that_is_open(house: House) -> None:
    planter = planned(house, stable=1, view_rate=0.0)
    look(planter, "a")
    open_view = look(planter, "b", 100)
    larger = planned(house, stable=3, cohort=2, join_every=10 * DAY, view_rate=0.0)
    late = look(larger, "c", 99)
    assert len(of(Layer.STABLE, late)) == 3
    assert look(larger, "b", 100.5).decoys == open_view.decoys
    assert len(of(Layer.STABLE, look(larger, "b", 102))) == 3


def test_no_decoy_vanishes_when_the_plan_is_taken_away(house: House) -> None:
    shown = look(planned(house, stable=2, cohort=2, join_every=timedelta(hours=1)), "a", 0)
    later = look(planned(house), "a", 2)
    assert set(shown.decoys) <= set(later.decoys)
    assert of(Layer.STABLE, look(planned(house), "b", 3)) == of(Layer.STABLE, later)


def test_shared_decoys_are_deterministic_in_key_record_and_slot(house: House) -> None:
    from canary.ports import Standing  # noqa: PLC0415 - only here

    minter = planned(house, stable=1, view_rate=0.0).minter
    drafts = [
        minter.draft(Access(who, "B07", at(day)), "x", Standing(), lambda _: True, at(0))[0]
        for who, day in (("a", 0), ("b", 7))
    ]
    assert drafts[0].decoys == drafts[1].decoys


def test_what_is_no_person_has_views_and_decoys_of_its_own_and_sees_the_shared_ones(house: House) -> None:
    planter = planned(house, stable=1, view_rate=0.0)
    person = look(planter, "qa-1")
    crawler = look(planter, "qa-1", actor_class=ActorClass.CRAWLER)
    assert of(Layer.VIEW, person) == set()
    assert len(of(Layer.VIEW, crawler)) == 1
    assert of(Layer.STABLE, crawler) == of(Layer.STABLE, person)
    again = house.store.access(crawler.access.id)
    assert (again.access.actor_class, again.decoys) == (ActorClass.CRAWLER, crawler.decoys)
    assert look(planter, "qa-1", actor_class=ActorClass.CRAWLER).duplicate
    assert look(planter, "qa-1", 0.5).decoys == person.decoys


def test_the_same_request_of_another_class_is_another_access(house: House) -> None:
    planter = planned(house)
    pages = planter.plant_all(
        [Access("qa-1", "B07", at(0), source_id="r1", actor_class=each) for each in ActorClass]
    )
    assert not any(page.duplicate for page in pages)
    assert len({page.decoys for page in pages}) == len(ActorClass)


def test_a_bare_access_is_on_record_shows_nothing_and_leaves_the_next_view_its_decoys(house: House) -> None:
    planter = planned(house, stable=1)
    bare = [look(planter, "a", day, bare=True) for day in (0, 0.1)]
    assert [(page.decoys, page.fresh) for page in bare] == [((), 0)] * 2
    shown = look(planter, "a", 0.2)
    assert len(shown.decoys) == shown.fresh == 2
    assert look(planter, "a", 0.3, bare=True).decoys == ()
    assert look(planter, "a", 0.4).decoys == shown.decoys
    assert look(planter, "a", 0, bare=True).duplicate
    kept = house.store.access(bare[0].access.id)
    assert (kept.access.bare, kept.decoys) == (True, ())
    assert house.store.status().accesses == 5


def test_an_access_that_turns_out_bare_loses_its_exposures_and_the_view_keeps_its_decoys(
    house: House,
) -> None:
    planter = planned(house)
    planted = look(planter, "a", source_id="r1")
    again = look(planter, "a", source_id="r1", bare=True)
    assert (again.access.id, again.duplicate, again.decoys) == (planted.access.id, True, ())
    kept = house.store.access(planted.access.id)
    assert (kept.access.bare, kept.decoys) == (True, ())
    address = planted.decoys[0].address
    assert house.store.sightings([address])[address].accesses == ()
    assert look(planter, "a", 0.1).decoys == planted.decoys


def test_controls_are_minted_along_at_the_plans_rate_and_counted(house: House) -> None:
    planter = planned(house, controls=100)
    for part in range(4):
        planter.plant_all([Access(f"e{part}-{n}", "B07", at(0)) for n in range(17)])
    assert house.store.status().controls == 6  # of 68 decoys, a tenth
    assert house.store.base_rate().controls == len(list(house.store.decoys(control=True))) == 6
    assert house.store.base_rate().decoys == 68


def test_neither_order_nor_slot_tells_a_layer(house: House) -> None:
    planter = planned(house, stable=1)
    pages = planter.plant_all([Access(f"e{n}", "B07", at(n)) for n in range(100)])
    first = sum(page.decoys[0].layer is Layer.STABLE for page in pages)
    assert 25 < first < 75


EXAMPLES = count()
"""Each has records of its own in the one house."""

Seen = tuple[str, str, int, str]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    views=st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from("xy"), st.integers(0, 2000), st.sampled_from("pqb")
        ),
        min_size=1,
        max_size=40,
    ),
    plan=st.fixed_dictionaries(
        {
            "stable": st.integers(0, 3),
            "cohort": st.integers(0, 3),
            "view_rate": st.sampled_from([0.0, 0.5, 1.0]),
            "join_every": st.sampled_from([timedelta(hours=1), 5 * DAY]),
        }
    ),
    cut=st.integers(0, 40),
)
def test_whatever_comes_in_whatever_order_no_decoy_vanishes_and_a_window_shows_one_set(
    house: House, views: Sequence[Seen], plan: dict[str, object], cut: int
) -> None:
    planter = planned(house, **plan)  # type: ignore[arg-type]
    kinds = {"p": {}, "q": {"actor_class": ActorClass.QA}, "b": {"bare": True}}
    example = next(EXAMPLES)
    accesses = [
        Access(who, f"{what}{example}", at(hour / 24), source_id=f"{n}", **kinds[kind])  # type: ignore[arg-type]
        for n, (who, what, hour, kind) in enumerate(views)
    ]
    pages = [*planter.plant_all(accesses[:cut]), *planter.plant_all(accesses[cut:])]
    again = planter.plant_all(accesses)
    assert [page.decoys for page in again] == [page.decoys for page in pages]
    assert not any(page.duplicate for page in pages)
    opened: dict[tuple[str, str, str], dict[datetime, frozenset[str]]] = {}
    for page in pages:
        access, addresses = page.access, frozenset(decoy.address for decoy in page.decoys)
        if access.bare:
            assert not addresses
            continue
        views_of = opened.setdefault((access.employee, access.record, access.actor_class.value), {})
        assert page.opened is not None
        if page.opened not in views_of:  # what was planted before it and shown earlier is in it
            assert all(shown <= addresses for when, shown in views_of.items() if when < page.opened)
        assert views_of.setdefault(page.opened, addresses) == addresses
