"""What an investigator looks at: the story of an incident, its table, its graph, and who was harmed."""

import json
from collections.abc import Callable
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.investigate.casefile import case_json, case_lines
from canary.investigate.drawing import svg
from canary.investigate.exposed import exposed, exposed_rows, window_of
from canary.investigate.graph import LAYERS, MOST, Graph, Node, graph_of
from canary.investigate.joining import plain, shown
from canary.investigate.linking import strength_words
from canary.investigate.matrix import matrix
from canary.investigate.sellers import Registry, interests
from canary.investigate.timeline import timeline
from canary.model import Indicator, Seller, Strength
from canary.model.casework import Act, CaseFile
from tests.investigate.cases import LINK, PROVEN, WECHAT, Desk
from tests.parts import START

EVIL = Indicator("link", '"><script>alert(1)</script> http://evil.example', Strength.IDENTIFIES)
DAY = timedelta(days=1)


def case_of(desk: Desk, incident: str = "inc_1") -> CaseFile:
    return desk.store.incident(incident)


def test_the_story_begins_with_what_was_shown_and_tells_what_was_done(desk: Desk) -> None:
    decoy = desk.decoy("e.marsh", "B01")
    desk.house.planter.plant(desk.access("e.marsh", "B01"))
    desk.hit(decoy, origin=[WECHAT])
    desk.store.note_on_incident("inc_1", Act("r.diaz", START + 3 * DAY, "asked her"))
    story = timeline(case_of(desk))
    desk.house.clock.forward(days=3)
    told = [(each.kind, each.words) for each in story if each.kind != "opened"]
    assert [kind for kind, _ in told] == ["shown", "shown again", "mail", "note"]
    assert told[0][1] == "first to e.marsh, record B01: a decoy that was hit later"
    assert told[1][1] == "to e.marsh, record B01: once"
    assert told[3][1] == "r.diaz: asked her"


def test_the_table_tells_named_accounts_from_possible_ones(desk: Desk) -> None:
    desk.hit(desk.decoy("e.marsh", "B01"), origin=[WECHAT, LINK])
    desk.hit(desk.decoy("e.marsh", "B02"), origin=[WECHAT])
    cells = matrix(case_of(desk))
    assert {(each.account, each.record, each.indicator.value, each.decoys) for each in cells} == {
        ("e.marsh", "B01", "seller88", 1),
        ("e.marsh", "B01", "gifts.example", 1),
        ("e.marsh", "B02", "seller88", 1),
    }
    assert all(each.named for each in cells)


def test_an_incident_is_the_contract_that_is_documented(desk: Desk) -> None:
    desk.hit(desk.decoy(), origin=[WECHAT])
    case = case_of(desk)
    body = case_json(case, interests(case, Registry()))
    assert set(body) == {
        *("id", "state", "opened_at", "last_at", "hits", "employees", "merged_into", "hit_ids"),
        *("records", "timeline", "matrix", "sellers", "links", "audit"),
    }
    assert json.loads(json.dumps(body)) == body


def test_lines_say_through_whose_access_and_never_who_did_it(desk: Desk) -> None:
    desk.hit(desk.decoy(), origin=[EVIL], mail_from="x@evil.example")
    case = case_of(desk)
    text = "\n".join(case_lines(case, interests(case, Registry())))
    assert "Exposed through the access of: e.marsh (1 hit)" in text
    assert "names accounts, not culprits" in text
    assert "http://evil" not in text
    assert "x@evil.example" not in text
    assert "leaked by" not in text


def test_links_say_how_much_they_say() -> None:
    assert strength_words([PROVEN]).startswith("strong")
    assert strength_words([WECHAT]).startswith("likely")
    assert strength_words([LINK]).startswith("possible")
    assert strength_words([LINK, Indicator("message", "msg_1", Strength.IDENTIFIES)]).startswith("certain")


def drawn(graph: Graph) -> list[str]:
    root = ET.fromstring(svg(graph))  # noqa: S314 - our own drawing is what is tested
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_graph_draws_who_met_whom_and_nothing_that_a_stranger_wrote_is_markup(desk: Desk) -> None:
    for employee in ("e.marsh", "k.ito"):
        desk.hit(desk.decoy(employee, "B01", beneficiary="S1"), origin=[WECHAT, EVIL])
    desk.store.merge_incidents("inc_1", "inc_2", Act("r.diaz", START, "one broker"))
    registry = Registry.of([Seller("S1", "Bright & <pan>", (WECHAT,))])
    graph = graph_of(case_of(desk), registry)
    assert [len(layer) for layer in graph.layers] == [2, 1, 2, 1]
    words = drawn(graph)
    assert {"e.marsh", "k.ito", "B01", "seller88", "Bright & <pan>", *LAYERS} <= set(words)
    assert not any("http://" in each for each in words)
    assert "<script" not in svg(graph)


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_whatever_somebody_is_called_the_drawing_is_well_formed(text: str) -> None:
    node = Node(0, "k", plain(text), shown(f"http://{text}"), 1)
    words = drawn(Graph(plain(text), ((node,), (), (), ()), ()))
    assert not any("http://" in each for each in words)
    svg(Graph(plain(text), ((node,), (), (), ()), ())).encode()


def test_a_large_incident_is_drawn_with_its_rest_as_one(desk: Desk) -> None:
    for n in range(MOST + 3):
        desk.hit(desk.decoy("e.marsh", f"B{n:02}"), origin=[LINK])
    graph = graph_of(case_of(desk), Registry())
    assert len(graph.layers[1]) == MOST + 1
    assert "3 more" in drawn(graph)


@pytest.fixture
def looks(desk: Desk) -> Callable[..., None]:
    def look(employee: str, record: str, days: float, **told: object) -> None:
        desk.house.planter.plant(desk.access(employee, record, at=START + days * DAY, **told))

    return look


def test_who_was_harmed_begins_a_day_before_and_ends_with_the_last_hit(
    desk: Desk, looks: Callable[..., None]
) -> None:
    looks("e.marsh", "B00", -2)
    looks("e.marsh", "B01", -0.5, beneficiary="S1")
    decoy = desk.decoy("e.marsh", "B02", at=START)
    looks("e.marsh", "=B03", 1)
    looks("k.ito", "B04", 1)
    looks("e.marsh", "=B03", 1.01)
    looks("e.marsh", "B05", 9)
    desk.hit(decoy, at=START + 2 * DAY)
    case = case_of(desk)
    first, last = window_of(case, case.incident.accounts, None, None)
    assert (first, last) == (START - DAY, START + 2 * DAY)
    found = exposed(desk.store.shown_to(case.incident.accounts, first, last), Registry())
    assert [(each.record, len(each.accesses)) for each in found] == [("=B03", 2), ("B01", 1), ("B02", 1)]
    rows = list(exposed_rows(found))
    assert rows[0][0] == "'=B03"
    assert (rows[1][1], rows[1][3], rows[1][4]) == ("S1", "e.marsh", "1")
