"""An incident in a paragraph: what is known, how surely, and what it does not say."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from canary.investigate.briefing import case_ranking
from canary.investigate.paragraph import LIMITS, paragraph
from canary.model import Access, Message, Peer, Probe, Verb
from canary.watch import keep_probe
from tests.investigate.cases import Desk
from tests.parts import START, House


@pytest.fixture
def desk(house: House, access: Callable[..., Access], mail: Callable[..., Message]) -> Desk:
    return Desk(house, access, mail)


def told(desk: Desk, incident: str = "inc_1") -> str:
    case = desk.store.incident(incident)
    return paragraph(case, case_ranking(desk.store, case), desk.store.base_rate())


def test_it_says_what_came_whose_access_showed_it_how_surely_and_its_limits(desk: Desk) -> None:
    desk.house.planter.mint_controls(50)
    desk.decoy("k.ito", "B09")
    first = desk.decoy("e.marsh", "B01", tool="review-console", session="s-1", client_ip="10.0.0.9")
    desk.hit(first, desk.decoy("e.marsh", "B02"))
    words = told(desk)
    for expected in (
        "1 message was aimed at 2 addresses that are nobody's",
        "All 2 had been shown only through the access of the account e.marsh, between 2026-11-20 09:0",
        "in 2 accesses to B01, B02 (tool review-console; session s-1; from 10.0.0.9)",
        "Of 50 controls, which nobody was ever shown, none received anything.",
        "the likeliest explanation is: exposed through the access of e.marsh, ",
    ):
        assert expected in words
    assert words.endswith(LIMITS)
    assert "k.ito" not in words


def test_probes_are_counted_and_missing_controls_are_said(desk: Desk) -> None:
    decoy = desk.decoy()
    probe = Probe(decoy.address, Verb.RCPT, "", Peer("192.0.2.1", 25), START + timedelta(days=2))
    desk.join([*desk.received(decoy), *keep_probe(desk.store, probe).hit_ids])
    words = told(desk)
    assert "1 message and 1 probe were aimed at an address that is nobody's" in words
    assert "It had been shown only through the access of the account e.marsh, on " in words
    assert "there were no controls" in words


def test_names_from_outside_are_one_clean_line(desk: Desk) -> None:
    desk.hit(desk.decoy("e\x1b[31m.marsh\nfree\u202e", "B01"))
    assert "\x1b" not in told(desk)
    assert "\n" not in told(desk)
