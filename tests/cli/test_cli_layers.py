"""Plans on the command line: layers in every output, shared decoys at one place in every export."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from canary.model import Layer
from tests.cli.conftest import Desk
from tests.cli.test_cli_seed import EXPORTS, seed

PLAN = """
[plan.reviews]
records = ["B*"]
stable = 1
cohort = 2
join_every = "1h"
view_rate = 0.0
controls = 1000
"""


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """Return a desk whose records that begin with B have a plan."""
    path = desk.folder / "canary.toml"
    path.write_text(f"{path.read_text()}\n{PLAN}")
    return desk


def rows_of(path: Path) -> dict[str, tuple[int, list[str]]]:
    """Return the rows of an export by address, with their numbers."""
    rows = list(csv.reader(io.StringIO(path.read_text())))
    return {row[2]: (number, row) for number, row in enumerate(rows)}


def shared(body: dict[str, Any]) -> list[str]:
    return [decoy["address"] for decoy in body["decoys"] if decoy["layer"] != Layer.VIEW.value]


def stable_one(body: dict[str, Any]) -> str:
    return str(next(each["address"] for each in body["decoys"] if each["layer"] == Layer.STABLE.value))


def test_a_plan_in_the_configuration_gives_its_records_layers_and_controls(planned: Desk) -> None:
    first, other = planned.mint("a", "B07"), planned.mint("a", "C08")
    assert {decoy["layer"] for decoy in first["decoys"]} <= {"stable", "cohort"}
    assert [decoy["layer"] for decoy in other["decoys"]] == ["view"]
    assert planned("status", "--json").json()["controls"] == first["fresh"]
    listed = planned("decoys").ok().out
    assert all(word in listed for word in ("stable", "view", "control"))
    shown = planned("access", "show", first["access"]["id"]).ok().out
    assert "stable" in shown
    assert "bare" not in shown


def test_a_log_tells_layers_classes_and_bare_accesses(planned: Desk) -> None:
    planned.write(
        "log.csv",
        "at,employee,record,actor_class,bare\n2026-11-20,a,B07,,\n2026-11-20,bot,B07,crawler,\n"
        "2026-11-20,c,B07,,true\n",
    )
    planned("mint", "--from", "log.csv", "-o", "out.csv").ok()
    table = list(csv.DictReader(io.StringIO((planned.folder / "out.csv").read_text())))
    assert {row["layer"] for row in table if row["employee"] == "a"} >= {"stable"}
    assert "view" in {row["layer"] for row in table if row["employee"] == "bot"}
    assert not [row for row in table if row["employee"] == "c"]
    bot, bare = (planned("access", "show", f"acc_{number}").ok().out for number in (2, 3))
    assert "actor_class  crawler" in bot
    assert "shown without decoys" in bare
    told = planned("access", "show", "acc_3", "--json").json()
    assert (told["access"]["bare"], told["decoys"]) == (True, [])


def test_a_shared_decoy_is_the_same_row_at_the_same_place_in_every_employees_export(planned: Desk) -> None:
    planned.write("in.csv", EXPORTS["export.csv"])
    for who, kind in (("a", "person"), ("b", "person"), ("qa", "qa")):
        told = ("--employee", who, "--record", "B07", "--at", "2026-11-20", "--actor-class", kind)
        planned("seed", "in.csv", *told, "-o", f"{who}.csv").ok()
    stable = stable_one(planned.mint("a", "B07", at="2026-11-20T00:10"))
    a, b, qa = (rows_of(planned.folder / f"{who}.csv") for who in ("a", "b", "qa"))
    assert a[stable][1] == b[stable][1] == qa[stable][1]
    real = [address for address in a if address in b and address in qa]
    order = [[address for address in page if address in real] for page in (a, b, qa)]
    assert order[0] == order[1] == order[2]


def test_an_export_of_a_record_whose_plan_was_taken_away_still_shows_its_shared_decoys(planned: Desk) -> None:
    stable = shared(planned.mint("a", "B07", at="2026-11-19"))
    path = planned.folder / "canary.toml"
    path.write_text(path.read_text().replace(PLAN, ""))
    planned.write("in.csv", EXPORTS["export.csv"])
    seed(planned, "in.csv", "out.csv").ok()
    assert set(stable) & set(rows_of(planned.folder / "out.csv"))
