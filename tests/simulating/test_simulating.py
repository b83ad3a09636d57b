"""A tiny company, played to its end through the real planter, listener and appraiser."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.simulating.__main__ import main
from scripts.simulating.chance import chance
from scripts.simulating.company import Company
from scripts.simulating.figures import Share, calibration, figures_of, wrongly
from scripts.simulating.leaks import Cell, Kind, able, leak_of
from scripts.simulating.mistyping import mistyped
from scripts.simulating.playing import play
from scripts.simulating.scene import Outcome, Scene
from scripts.simulating.world import World, built, config_of

COMPANY = Company(employees=40, days=16, looks=8.0, seed=5)
Player = Callable[..., Outcome]


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Return one small world for each of two plans."""
    return {plan: built(tmp_path_factory.mktemp(plan), plan, COMPANY) for plan in ("view", "stable")}


@pytest.fixture
def player(worlds: dict[str, World], tmp_path: Path) -> Player:
    """Return what plays a scene."""

    def plays(plan: str, cell: Cell | None, leaks: int = 1, noise: int = 0, number: int = 0) -> Outcome:
        return play(worlds[plan], Scene(plan, cell, leaks, noise, number), tmp_path)

    return plays


def test_a_lone_sellers_list_is_told_and_names_the_seller(player: Player) -> None:
    """Letters over SMTP become hits, an alert and an incident that names nobody else."""
    cell = Cell(Kind.LONE, 400, 0.9)
    outcome = player("view", cell, leaks=2)
    (figures,) = figures_of([outcome], 0.8)
    assert [played.hits > 9 for played in outcome.played] == [True, True]
    assert figures.told == figures.named == Share(2, 2)
    assert figures.wrong == 0
    for played in outcome.played:
        assert played.began
        assert played.told
        assert played.began <= played.told
        assert played.mails >= 0


def test_two_who_compare_take_out_all_that_differs(player: Player) -> None:
    """Of view-unique decoys nothing is left; record-stable ones are mailed, and point to the two."""
    assert player("view", Cell(Kind.PAIR, 400, 0.9)).played[0].leak.decoys == ()
    outcome = player("stable", Cell(Kind.PAIR, 400, 0.9))
    (played,) = outcome.played
    assert played.leak.decoys
    assert played.hits >= len(played.leak.decoys) // 2
    assert outcome.hits.keys() <= {("leak", "mail"), ("leak", "probe"), ("leak", "spam"), ("own", "own")} | {
        ("spam", each) for each in ("mail", "spam")
    } | {("crawled", "mail")}


def test_noise_names_nobody(player: Player) -> None:
    """Guesses, spam, bounces, forged and proven mail of the company's own are kept, and accuse nobody."""
    outcome = player("stable", None, noise=300)
    assert outcome.recipients["dictionary"] == 270
    assert {outcome.recipients[each] for each in ("bounce", "forged")} == {6}
    assert {each for source, each in outcome.hits if source == "own"} <= {"own"}
    assert not [each for each in outcome.ranked if wrongly(each, 0.9)]


def test_the_same_seed_is_the_same_outcome(player: Player) -> None:
    """Two plays of a scene agree in all that is counted; another number is another scene."""
    cell = Cell(Kind.PHOTO, 300, 0.5)
    first, again, other = (player("stable", cell, noise=60, number=number) for number in (1, 1, 2))
    assert first == again
    assert first.played != other.played
    (played,) = first.played
    assert played.hits < len(played.leak.decoys), "what was mistyped is nobody's"


def test_what_leaks_had_been_shown_to_the_insider(worlds: dict[str, World]) -> None:
    """A list holds what its insiders were shown by then, in all a twentieth of its addresses."""
    world, source = worlds["view"], chance(1, "a test")
    cell = Cell(Kind.BROKER, 900, 0.1)
    insiders = able(world, cell)[:3]
    leak = leak_of(world, cell, insiders, source)
    assert len(leak.decoys) == 45
    for decoy in leak.decoys:
        (account,) = leak.behind(decoy)
        assert any(page.get(decoy, leak.left) < leak.left for page in world.shown[account].values())


def test_the_company_works_in_the_week_and_looks_at_some_records_far_more() -> None:
    """Weekends are quiet, and the busiest tenth of the records has most of the looks."""
    days = [list(COMPANY.day(day)) for day in range(7)]
    people = [[each for each in day if each.tool == "console"] for day in days]
    assert len(people[5]) < len(people[4]) / 10
    assert all(day == sorted(day, key=lambda each: each.at) for day in people)
    looks: dict[str, int] = {}
    for each in (one for day in people for one in day):
        looks[each.record] = looks.get(each.record, 0) + 1
    busiest = sorted(looks.values(), reverse=True)[: COMPANY.records // 10]
    assert sum(busiest) > sum(looks.values()) / 2


def test_the_planter_holds_what_the_world_says(worlds: dict[str, World]) -> None:
    """The floor follows the rule of `canary plan`, controls come with the plan."""
    for world in worlds.values():
        assert config_of(world.folder).mint.floor_bits == 24
        assert len(world.controls) == len(world.addresses) // 100
        assert world.exposures >= len(world.addresses)


def test_a_mistyped_address_is_another_of_the_same_domain() -> None:
    """A letter or two are misread, left out or swapped."""
    source = chance(2, "typing")
    typed = [mistyped("anna.reed81@one.example", source) for _ in range(50)]
    assert {each.rpartition("@")[2] for each in typed} == {"one.example"}
    assert sum(each != "anna.reed81@one.example" for each in typed) > 40


def test_intervals_and_calibration_are_what_they_say() -> None:
    """Wilson's interval, and statements gathered by how sure they were."""
    low, high = Share(95, 100).interval
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)
    bins = calibration([(0.97, True)] * 97 + [(0.97, False)] * 3 + [(0.3, False)])
    assert [(each.low, each.right) for each in bins] == [(0.2, Share(0, 1)), (0.95, Share(97, 100))]


def test_the_program_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One plan, lone sellers, a few leaks: text, Markdown and JSON agree."""
    told = (
        f"--employees 20 --days 8 --looks 6 --scale 0.02 --noise 200 --plan view --kind lone --jobs 1 "
        f"--folder {tmp_path} --json {tmp_path}/a.json --markdown {tmp_path}/a.md"
    )
    assert main(told.split()) == 0
    text = capsys.readouterr().out
    assert (tmp_path / "a.md").read_text().strip() == text.strip()
    body = json.loads((tmp_path / "a.json").read_text())
    assert [each["cell"]["kind"] for each in body["cells"]] == ["lone seller"] * 5
    assert sum(body["noise"].values()) >= 200
    assert "Calibration" in text
