"""Applications plant within a budget, and are never failed by canary."""

import asyncio
import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from canary.cli.program import app
from canary.client import Planter, SyncPlanter, looked
from canary.errors import ConfigurationError
from tests.client.conftest import answering

PATIENT = 30.0
ROWS = [
    {"id": number, "name": f"Ann Example{number}", "email": f"ann{number}@mail.example", "stars": number % 5}
    for number in range(20)
]


async def test_a_page_is_planted_in_process_and_stays_the_same_when_refreshed(home: Path) -> None:
    async with Planter.in_process(home, budget=PATIENT) as planter:
        first = await planter.plant(looked("e.marsh", "product:1"))
        again = await planter.plant(looked("e.marsh", "product:1"))
        other = await planter.plant(looked("j.doe", "product:1"))
        assert [each.address for each in first] == [each.address for each in again] != []
        assert {each.address for each in first}.isdisjoint(each.address for each in other)
        assert first[0].name == f"{first[0].given} {first[0].family}"
        assert 0 <= first[0].position < 1
        assert planter.counts.planted == 3


async def test_many_pages_at_once_are_each_planted(home: Path) -> None:
    async with Planter.in_process(home, budget=PATIENT) as planter:
        pages = await asyncio.gather(*(planter.plant(looked(f"e{n}", "product:1")) for n in range(200)))
        assert len({page[0].address for page in pages}) == 200


async def test_rows_come_back_with_the_decoys_in_place_and_can_be_told_apart(home: Path) -> None:
    async with Planter.in_process(home, budget=PATIENT) as planter:
        told = [
            row | {"text": f"It broke after {row['id']} days, {'very ' * int(str(row['id']))}sad."}
            for row in ROWS
        ]
        rows = await planter.seed(looked("e.marsh", "product:1"), told, texts=["Fine, thank you."])
        (decoy,) = rows.decoys
        assert rows.planted
        assert len(rows) == len(ROWS) + 1
        assert rows[decoy.index]["email"] == decoy.address
        assert rows[decoy.index]["text"] == "Fine, thank you."
        assert rows.without_decoys() == told


async def test_a_touch_becomes_a_hit_without_anybody_waiting(home: Path) -> None:
    async with Planter.in_process(home, budget=PATIENT) as planter:
        (decoy,) = await planter.plant(looked("e.marsh", "product:1"))
        await planter.touch(decoy.marker, "delete", "e.marsh")
        assert planter.counts.waiting == 1
        await planter.aclose()
        assert (planter.counts.waiting, planter.counts.forgotten) == (0, 0)
    shown = CliRunner().invoke(app, ["--config", str(home), "hits", "--json"])
    (hit,) = json.loads(shown.stdout)
    assert hit["class"] == "touch"


async def test_a_canary_that_never_answers_costs_the_budget_and_no_more_and_is_told_later() -> None:
    with answering(None) as url:
        planter = Planter(url, key="key", budget=0.05)
        assert [await planter.plant(looked("e.marsh", f"product:{n}")) for n in range(3)] == [(), (), ()]
        assert planter.counts.late == 3
        began = time.monotonic()
        assert await planter.plant(looked("e.marsh", "product:4")) == ()
        assert planter.counts.unreachable == 1, "after several late ones nobody is kept waiting"
        assert time.monotonic() - began < PATIENT
        assert planter.counts.waiting == 4
        shown = await planter.seed(looked("e.marsh", "product:5"), ROWS)
        assert list(shown) == ROWS
        assert not shown.planted
        await planter.aclose(patience=0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "unreachable"),
        (b"SSH-2.0-x\r\n", "unreachable"),
        (b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "refused"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "refused"),
    ],
)
async def test_whatever_answers_instead_of_canary_the_page_is_shown(answer: bytes, kind: str) -> None:
    with answering(answer) as url:
        planter = Planter(url, key="key", budget=PATIENT)
        assert await planter.plant(looked("e.marsh", "product:1")) == ()
        assert getattr(planter.counts, kind) == planter.counts.lost == 1
        assert planter.counts.waiting == (kind == "unreachable"), "what was refused would be refused again"
        await planter.aclose(patience=0)


async def test_the_queue_is_bounded_and_says_what_it_forgot() -> None:
    planter = Planter("http://127.0.0.1:1", key="key", queue=5)
    for number in range(8):
        assert await planter.plant(looked("e.marsh", f"product:{number}")) == ()
    assert (planter.counts.waiting, planter.counts.forgotten) == (5, 3)
    await planter.aclose(patience=0)


async def test_rows_that_are_no_json_are_shown_as_they_are(home: Path) -> None:
    rows = [{"email": object()}]
    async with Planter.in_process(home, budget=PATIENT) as planter:
        assert list(await planter.seed(looked("e.marsh", "product:1"), rows)) == rows
        assert planter.counts.refused == 1


def test_threads_plant_too(home: Path) -> None:
    with SyncPlanter.in_process(home, budget=PATIENT) as planter:
        (decoy,) = planter.plant(looked("e.marsh", "product:1"))
        rows = planter.seed(looked("e.marsh", "product:1"), ROWS)
        assert decoy.address in [row["email"] for row in rows]
        planter.touch(decoy.marker, "open", "e.marsh")
        assert planter.counts.planted == 2


def test_a_forked_server_plants_with_a_thread_of_its_own() -> None:
    """As servers do that load the application before they fork."""
    planter = SyncPlanter("http://127.0.0.1:1", key="key", budget=PATIENT)

    def child() -> None:
        lost = planter.plant(looked("e.marsh", "product:1")) == () and planter.counts.unreachable == 1
        os._exit(0 if lost else 1)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(PATIENT)
    assert process.exitcode == 0
    planter.close(patience=0)


@pytest.mark.parametrize("url", ["", "canary.example", "ftp://canary.example", "https://u:p@canary.example"])
def test_a_planter_is_not_made_for_a_place_that_is_none(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Planter(url, key="key")


def test_the_key_is_read_from_a_file_of_its_owner_alone_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("canary_plant_1_secret\n")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        Planter("https://canary.example", key_file=file)
    file.chmod(0o600)
    planter = Planter("https://canary.example", key_file=file)
    assert "secret" not in repr(planter) + repr(vars(planter))
