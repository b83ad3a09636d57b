"""A decoy that very many were shown does not hold anybody up."""

from datetime import timedelta

from canary.mint import Minter, MintPolicy
from canary.model import Access
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.store.sighting import MOST_READ
from tests.parts import START, House


def test_of_a_busy_decoy_those_on_record_first_are_read_and_that_there_are_more_is_said(house: House) -> None:
    policy = MintPolicy((("one.example", 1.0),), window=timedelta(0), per_view=1, cap=1)
    minter = Minter(policy, NaturalGenerator(house.keys.draw, floor_bits=24), house.keys.draw)
    planter = Planter(house.store, minter, house.clock)
    looks = [Access("e.marsh", "r1", START + timedelta(minutes=n)) for n in range(MOST_READ + 5)]
    address = planter.plant_all(looks)[0].decoys[0].address
    seen = house.store.sightings([address])[address]
    assert [each.at for each in seen.accesses] == [each.at for each in looks[:MOST_READ]]
    assert seen.more
