"""Package data: present, ordered, and carried into a wheel."""

import zipfile
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from canary.persona import digits
from canary.persona.strata import DIGITS, SEPARATORS, SHAPES, strata
from canary.persona.tables import Table, packaged, table

DATA = ("adjectives.txt", "family.txt.gz", "given.txt.gz", "nouns.txt", "prefixes.txt")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", DATA)
def test_tables_hold_distinct_lower_case_names_with_positive_weights(name: str) -> None:
    found = packaged(name)
    assert len(set(found.texts)) == len(found.texts) > 10
    assert all(text.isascii() and text.isalpha() and text.islower() for text in found.texts)
    assert min(found.weights) > 0
    assert found.total == sum(found.weights) == found.upto[-1] < 2**32


def test_names_are_those_of_the_1990_census_most_frequent_first() -> None:
    family, given = packaged("family.txt.gz"), packaged("given.txt.gz")
    assert family.texts[:3] == ("smith", "johnson", "williams")
    assert given.texts[:3] == ("james", "john", "robert")
    assert (len(family.texts), len(given.texts)) == (88_799, 5_163)
    for found in (family, given):
        assert all(more >= less for more, less in pairwise(found.weights))


def test_data_is_small() -> None:
    folder = files("canary.persona") / "data"
    assert sum(len((folder / name).read_bytes()) for name in DATA) < 450_000


def test_a_wheel_carries_the_data(tmp_path: Path) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="the build backend is not installed")
    built = next(wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    held = zipfile.ZipFile(built).namelist()
    assert {f"canary/persona/data/{name}" for name in DATA} <= set(held)


@pytest.mark.parametrize(
    ("found", "length", "size"),
    [
        (digits.singles(), 1, 10),
        (digits.pairs(), 2, 100),
        (digits.triples(), 3, 1000),
        (digits.quads(), 4, 10_000),
        (digits.years(), 4, 76),
    ],
)
def test_digits_have_their_length_and_none_is_impossible(found: Table, length: int, size: int) -> None:
    assert len(set(found.texts)) == len(found.texts) == size
    assert all(len(text) == length and text.isdigit() for text in found.texts)
    assert min(found.weights) > 0


def test_days_of_the_year_are_written_in_both_orders_and_summed() -> None:
    weights = dict(zip(digits.dates().texts, digits.dates().weights, strict=True))
    assert weights["2902"] == weights["0229"] == 1
    assert weights["0101"] == weights["0304"] == 2
    assert digits.dates().total == 2 * 366


def test_four_digits_are_years_in_their_measured_share() -> None:
    found = digits.quads()
    weights = {int(text): weight for text, weight in zip(found.texts, found.weights, strict=True)}
    born = sum(weights[year] for year in range(1940, 2016)) / found.total
    assert born == pytest.approx(0.0256 / 0.0865, abs=0.005)


@pytest.mark.parametrize("field", ["separator", "digits", "shape"])
def test_strata_have_the_measured_margins(field: str) -> None:
    wanted = {
        "separator": SEPARATORS, "digits": DIGITS, "shape": {shape: row[0] for shape, row in SHAPES.items()},
    }[field]  # fmt: skip
    assert sum(wanted.values()) == pytest.approx(1)
    for label, share in wanted.items():
        found = sum(one.share for one in strata() if getattr(one, field) == label)
        assert found == pytest.approx(share, rel=1e-3)


def test_every_stratum_puts_each_of_its_slots_once() -> None:
    for one in strata():
        assert sorted(filter(str.isdigit, one.layout)) == [str(slot) for slot in range(len(one.slots))]
        assert one.slots[-1].cut is None
        assert one.slots[-1].table in {"given", "family", "nouns"}


def test_a_table_sums_its_weights() -> None:
    assert table([("a", 2), ("b", 3)]).upto == (2, 5)
