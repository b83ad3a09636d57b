"""An access becomes decoys: views, windows, caps, uniqueness."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.address import canonical
from canary.errors import ConfigurationError, TemporaryError
from canary.keyring import Keyring
from canary.mint import Minter, MintPolicy
from canary.model import Access, Persona
from canary.persona import NaturalGenerator
from canary.plant import Planter
from tests.parts import START, House

Maker = Callable[..., Access]


def with_policy(house: House, **policy: object) -> Planter:
    wanted = replace(house.planter.minter.policy, **policy)  # type: ignore[arg-type]
    generator = NaturalGenerator(house.keys.draw, floor_bits=24)
    return Planter(house.store, Minter(wanted, generator, house.keys.draw), house.clock)


def test_looking_again_within_the_window_shows_the_same_decoys_and_adds_an_access(
    house: House, access: Maker
) -> None:
    first = house.planter.plant(access(at=START))
    again = house.planter.plant(access(at=START + timedelta(hours=23, minutes=59)))
    assert (first.fresh, again.fresh) == (1, 0)
    assert again.decoys == first.decoys
    assert again.access.id != first.access.id
    assert house.store.status().accesses == 2


def test_after_the_window_a_new_decoy_joins_and_the_old_one_stays(house: House, access: Maker) -> None:
    first = house.planter.plant(access(at=START))
    later = house.planter.plant(access(at=START + timedelta(hours=24)))
    assert later.fresh == 1
    assert later.decoys[0] == first.decoys[0]
    assert [decoy.slot for decoy in later.decoys] == [0, 1]


def test_the_cap_bounds_the_decoys_of_an_employee_and_record(house: House, access: Maker) -> None:
    plantings = [house.planter.plant(access(at=START + timedelta(days=day))) for day in range(9)]
    assert [len(each.decoys) for each in plantings] == [1, 2, 3, 4, 5, 5, 5, 5, 5]


def test_a_window_of_zero_makes_every_access_a_view(house: House, access: Maker) -> None:
    planter = with_policy(house, window=timedelta(0))
    same_moment = [access(at=START, session=f"s{n}") for n in range(3)]
    assert [each.fresh for each in planter.plant_all(same_moment)] == [1, 1, 1]


def test_a_view_may_get_several_decoys(house: House, access: Maker) -> None:
    planter = with_policy(house, per_view=3, cap=4)
    assert len(planter.plant(access(at=START)).decoys) == 3
    assert len(planter.plant(access(at=START + timedelta(days=2))).decoys) == 4


def test_employees_and_records_share_no_decoy(house: House, access: Maker) -> None:
    plantings = house.planter.plant_all(
        [access(employee, record, at=START) for employee in "abc" for record in "xyz"]
    )
    assert len({each.decoys[0].address for each in plantings}) == 9


def test_an_access_out_of_order_is_shown_nothing_that_came_later(house: House, access: Maker) -> None:
    later = house.planter.plant(access(at=START + timedelta(days=3)))
    earlier = house.planter.plant(access(at=START))
    assert earlier.fresh == 1
    assert later.decoys[0] not in earlier.decoys


def test_a_late_log_does_not_change_what_an_open_view_shows(house: House, access: Maker) -> None:
    first = house.planter.plant(access(at=START + timedelta(days=3)))
    house.planter.plant(access(at=START))
    again = house.planter.plant(access(at=START + timedelta(days=3, hours=1)))
    assert again.decoys == first.decoys


def test_the_same_access_twice_changes_nothing(house: House, access: Maker) -> None:
    once = access(at=START, tool="console")
    first = house.planter.plant(once)
    again = house.planter.plant(once)
    assert again.duplicate
    assert again.fresh == 0
    assert (again.access, again.decoys) == (first.access, first.decoys)
    assert house.store.status().accesses == 1


def test_a_request_that_shows_several_records_is_several_accesses(house: House, access: Maker) -> None:
    plantings = house.planter.plant_all([access(record=record, source_id="req-1") for record in "xyz"])
    assert [each.duplicate for each in plantings] == [False] * 3


def test_an_access_is_known_again_whatever_its_view(house: House, access: Maker) -> None:
    accesses = [access(at=START + timedelta(days=day)) for day in range(5)]
    house.planter.plant_all(accesses)
    assert all(each.duplicate for each in house.planter.plant_all(accesses))


def test_the_callers_identifier_decides_what_is_the_same_access(house: House, access: Maker) -> None:
    first, second = house.planter.plant_all(
        [access(at=START, source_id="a"), access(at=START + timedelta(hours=1), source_id="a")]
    )
    assert second.duplicate
    assert second.access.id == first.access.id


def test_minting_is_deterministic_in_key_and_view(house: House, access: Maker) -> None:
    def forever_free(_: str) -> bool:
        return True

    from canary.ports import Standing  # noqa: PLC0415 - only here

    drafts = [
        house.planter.minter.draft(access(at=START), "x", Standing(), forever_free, START)[0] for _ in "ab"
    ]
    assert drafts[0].decoys == drafts[1].decoys


def test_controls_are_shown_to_nobody(house: House, access: Maker) -> None:
    controls = house.planter.mint_controls(5)
    more = house.planter.mint_controls(5)
    planted = house.planter.plant(access())
    addresses = {decoy.address for decoy in (*controls, *more)}
    assert len(addresses) == 10
    assert all(decoy.control for decoy in (*controls, *more))
    assert planted.decoys[0].address not in addresses
    assert house.store.status().controls == 10


def test_domains_are_drawn_by_weight(house: House) -> None:
    decoys = house.planter.mint_controls(800)
    share = sum(decoy.address.endswith("@two.example") for decoy in decoys) / 800
    assert 0.68 < share < 0.82


def test_without_domains_nothing_is_minted() -> None:
    with pytest.raises(ConfigurationError, match="no domains"):
        MintPolicy(())


class OnePerson:
    """A generator that knows one person only."""

    version = "one"

    def persona(self, seed: bytes, domain: str) -> Persona:  # noqa: ARG002 - the one person, always
        return Persona("Ann", "Bell", "ann.bell", 30.0, self.version)


def test_full_domains_are_said_not_looped_over(house: House, access: Maker, keys: Keyring) -> None:
    minter = Minter(MintPolicy((("one.example", 1.0),)), OnePerson(), keys.draw)
    planter = Planter(house.store, minter, house.clock)
    planter.plant(access("a"))
    with pytest.raises(TemporaryError, match="no free address") as caught:
        planter.plant(access("b"))
    assert "mint.domains" in caught.value.hint
    assert house.store.status().accesses == 1


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("xy"), st.integers(0, 200_000)),
        min_size=1,
        max_size=40,
    )
)
def test_a_log_planted_twice_changes_nothing_and_no_two_decoys_meet(
    house: House, rows: list[tuple[str, str, int]]
) -> None:
    accesses = [Access(who, what, START + timedelta(seconds=at)) for who, what, at in rows]
    first = list(house.planter.plant_stream(accesses))
    before = house.store.status()
    again = list(house.planter.plant_stream(accesses))
    assert house.store.status() == before
    assert all(each.duplicate for each in again)
    assert [each.decoys for each in again] == [each.decoys for each in first]
    addresses = [canonical(decoy.address) for decoy in house.store.decoys()]
    assert len(addresses) == len(set(addresses))
