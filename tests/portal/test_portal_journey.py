"""The portal in a real browser: looked at by several employees, sold by one, touched by another."""

import csv
import smtplib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from examples.portal.catalogue import reviews
from tests.journeys.journey_parts import DOMAINS, SENDER, Home, Serving, initialise, mail, slack, until
from tests.parts import need
from tests.portal.portal_parts import CHROMIUM, Running, Screen, api, browser, logged_in, portal

PRODUCT, OTHER = "B0B4L7XSRP", "B0C7K2WQ9D"
SOLD_BY, TOUCHED_BY = "t.okafor", "j.lindqvist"
NAMES = {"e.marsh": "Eleanor Marsh", SOLD_BY: "Tobi Okafor", TOUCHED_BY: "Jonas Lindqvist"}
REAL = {
    number: sorted(row["address"] for row in reviews() if row["product"] == number)
    for number in (PRODUCT, OTHER)
}


@dataclass
class Journey:
    """What was seen on the way."""

    home: Home
    deleted: str = ""
    pages: dict[str, list[str]] = field(default_factory=dict)
    first: dict[str, list[str]] = field(default_factory=dict)
    refreshed: dict[str, list[str]] = field(default_factory=dict)
    faces: list[str] = field(default_factory=list)
    after_deletion: list[str] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)
    surveyed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    hits: list[dict[str, Any]] = field(default_factory=list)
    alerts: str = ""
    without_api: dict[str, list[str]] = field(default_factory=dict)
    portal_log: str = ""
    with_api_again: list[str] = field(default_factory=list)

    def decoys(self, employee: str) -> list[str]:
        return [address for address in self.pages[employee] if address not in REAL[PRODUCT]]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Go the whole way once; the tests look at what was seen."""
    need(CHROMIUM.exists(), "Chromium: apt-get install chromium")
    folder = tmp_path_factory.mktemp("portal")
    with slack() as told:
        home = initialise(folder, told.url)
        made = Journey(home)
        with (
            home.serving() as sink,
            api(home) as answering,
            portal(home, answering.url) as tool,
            browser() as launched,
        ):
            screens = {who: logged_in(launched, tool.url, name) for who, name in NAMES.items()}
            _look(made, screens)
            _delete(made, screens)
            _take_along(made, screens[SOLD_BY], folder)
            _sell(made, sink)
            until(lambda: len(told.receiver.received) >= 2, "Slack was told of both")
            made.hits = home.hits()
            made.alerts = "\n".join(told.texts())
            _go_without(made, screens, answering, tool)
            with api(home, answering.url.removeprefix("http://")):
                made.with_api_again = until(lambda: _decoys_of(screens[SOLD_BY]), "there are decoys again")
        yield made


def _look(journey: Journey, screens: dict[str, Screen]) -> None:
    for employee, screen in screens.items():
        journey.first[employee] = journey.pages[employee] = screen.open(PRODUCT)
        journey.refreshed[employee] = screen.open(PRODUCT)


def _delete(journey: Journey, screens: dict[str, Screen]) -> None:
    """Delete a decoy's review, and a person's beside the decoy of somebody else."""
    (touched,) = journey.decoys(TOUCHED_BY)
    screens[TOUCHED_BY].press(touched, "Delete")
    journey.after_deletion = screens[TOUCHED_BY].open(PRODUCT)
    (decoy,), page, screen = journey.decoys("e.marsh"), journey.pages["e.marsh"], screens["e.marsh"]
    journey.faces = [screen.review(decoy)]
    place = page.index(decoy)
    neighbour = page[place + 1] if place + 1 < len(page) else page[place - 1]
    screen.press(neighbour, "Delete")
    journey.faces.append(screen.review(decoy))
    journey.deleted = neighbour
    journey.pages[SOLD_BY] = screens[SOLD_BY].open(PRODUCT)


def _take_along(journey: Journey, screen: Screen, folder: Path) -> None:
    with screen.page.expect_download() as download:
        screen.page.get_by_role("link", name="Export CSV").click()
    download.value.save_as(folder / "sold.csv")
    with (folder / "sold.csv").open(encoding="utf-8", newline="") as file:
        journey.exported = [row["email"] for row in csv.DictReader(file)]
    screen.page.get_by_role("button", name="Send survey").click()
    screen.page.get_by_role("status").wait_for()
    with sqlite3.connect(folder / "portal.db") as database:
        journey.surveyed = [row[0] for row in database.execute("SELECT email FROM survey")]
    database.close()


def _sell(journey: Journey, sink: Serving) -> None:
    """Mail everybody on the list whose domain leads to the sink, as whoever bought it does."""
    for address in journey.exported:
        if address.rpartition("@")[2] in DOMAINS:
            with sink.client() as client:
                try:
                    client.sendmail(SENDER, address, mail(f"About your review {address}"))
                except smtplib.SMTPRecipientsRefused:
                    continue
            journey.kept.append(address)


def _go_without(journey: Journey, screens: dict[str, Screen], answering: Running, tool: Running) -> None:
    answering.stop()
    for product in (PRODUCT, OTHER):
        journey.without_api[product] = sorted(screens[SOLD_BY].open(product))
    journey.portal_log = tool.told()


def _decoys_of(screen: Screen) -> list[str]:
    return [address for address in screen.open(PRODUCT) if address not in REAL[PRODUCT]]


def test_every_employee_sees_all_reviews_and_a_decoy_of_their_own(journey: Journey) -> None:
    decoys = [tuple(journey.decoys(employee)) for employee in journey.pages]
    assert [len(each) for each in decoys] == [1, 1, 1]
    assert len(set(decoys)) == 3
    assert all(set(REAL[PRODUCT]) <= set(page) for page in journey.refreshed.values())


def test_a_refresh_shows_the_same_page(journey: Journey) -> None:
    assert journey.refreshed == journey.first


def test_a_deleted_decoy_stays_deleted(journey: Journey) -> None:
    assert set(journey.after_deletion) == set(journey.refreshed[TOUCHED_BY]) - set(journey.decoys(TOUCHED_BY))


def test_a_decoys_review_stays_as_it_was_when_its_neighbour_goes(journey: Journey) -> None:
    before, after = journey.faces
    assert before == after
    assert "No text" not in before


def test_the_list_that_is_taken_along_is_the_page_and_the_survey_goes_to_people_alone(
    journey: Journey,
) -> None:
    assert sorted(journey.exported) == sorted(journey.pages[SOLD_BY])
    assert sorted([*journey.surveyed, journey.deleted]) == REAL[PRODUCT]


def test_the_mail_names_who_sold_the_list_and_the_touch_who_deleted(journey: Journey) -> None:
    assert journey.kept == journey.decoys(SOLD_BY), "everybody else is unknown to the sink"
    named = {hit["class"]: {access["employee"] for access in hit["accesses"]} for hit in journey.hits}
    assert named == {"mail": {SOLD_BY}, "touch": {TOUCHED_BY}}
    assert SOLD_BY in journey.alerts
    assert TOUCHED_BY in journey.alerts
    assert "e.marsh" not in journey.alerts


def test_without_the_api_the_pages_show_all_people_and_the_log_says_what_is_missing(
    journey: Journey,
) -> None:
    people = sorted(set(REAL[PRODUCT]) - {journey.deleted})
    assert journey.without_api == {PRODUCT: people, OTHER: REAL[OTHER]}
    assert "a page is shown without decoys" in journey.portal_log
    assert journey.with_api_again == journey.decoys(SOLD_BY)
