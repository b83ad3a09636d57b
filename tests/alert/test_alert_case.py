"""What an alert says of its incident: which it is, what is new, whom it points to, what to run."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.alert.blocks import PAYLOAD_BYTES, payload, size
from canary.alert.plain import plain
from canary.alert.wording import summary, title
from canary.model import Alert, Briefing, Case, Incident, IncidentState, Lead
from tests.alert.conftest import NOW

MakeAlert = Callable[..., Alert]
BRIEFING = Briefing(
    Lead(("e.moore",), 0.97),
    said="Exposed only through the access of e.moore (97.0 %).",
    rows=((0.97, "exposed through the access of e.moore"), (0.03, "nobody: chance, or another cause")),
    checks=("a hit on another decoy of record B022 would bring it from 97.0 % to 99.8 %",),
    links=("inc_9  open  k.ito: wechat seller88 (likely: the same way to answer)",),
    interests=("Brightpan profits from 2 records",),
)


def incident(number: int = 7, **told: object) -> Incident:
    made = Incident(
        f"inc_{number}", IncidentState.OPEN, NOW - timedelta(hours=3), NOW, 12, (f"e.moore{number}",)
    )
    return replace(made, **told)  # type: ignore[arg-type]


def of_case(alert: Alert, briefing: Briefing = BRIEFING, **told: object) -> Alert:
    case = replace(Case((incident(),)), **told)  # type: ignore[arg-type]
    return replace(alert, case=case, briefing=briefing)


def test_a_first_sign_names_its_incident_and_what_to_run_about_it(make_alert: MakeAlert) -> None:
    alert = of_case(make_alert())
    assert title(alert).startswith("inc_7: Decoy address received mail, exposed through the access of")
    text = " ".join(plain(alert).split())
    for words in (
        "What all hits of it say together - Exposed only through the access of e.moore (97.0 %).",
        "97.0 %: exposed through the access of e.moore",
        "Who wins, who wrote: Brightpan profits from 2 records",
        "Linked: inc_9",
        "What would decide: a hit on another decoy of record B022",
        "canary incident show inc_7 --explain",
        'canary incident set inc_7 investigating --why "…"',
        "canary incident exposed inc_7 --csv",
    ):
        assert words in text
    assert "in all" not in text


def test_an_update_says_how_much_is_new_and_how_far_it_is(make_alert: MakeAlert) -> None:
    state = incident(state=IncidentState.INVESTIGATING)
    alert = of_case(make_alert(count=3), incidents=(state,), updates=2, before=BRIEFING.lead)
    assert title(alert).startswith("inc_7, update 2: 3 decoy addresses received mail")
    assert "3 hits more: 12 in all; told 2 times before. State: investigating." in plain(alert)


def test_news_is_the_title(make_alert: MakeAlert) -> None:
    news = "It no longer points to e.moore (said with 97.0 %); read it anew before anything is done."
    alert = of_case(make_alert(), replace(BRIEFING, news=news), updates=1)
    assert title(alert) == "inc_7, update 1: it no longer points to e.moore (said with 97.0 %)"
    assert news in " ".join(plain(alert).split())
    assert "it no longer points to e.moore" in summary(alert)


def test_many_incidents_at_once_are_one_word(make_alert: MakeAlert) -> None:
    many = tuple(incident(number) for number in range(1, 40))
    alert = of_case(make_alert(count=39, employees=39), incidents=many, flood=True)
    assert title(alert).startswith("39 incidents at once: 39 decoy addresses received mail")
    assert "canary incidents" in plain(alert)


def test_two_incidents_are_both_named(make_alert: MakeAlert) -> None:
    alert = of_case(make_alert(count=2, employees=2), incidents=(incident(7), incident(8)))
    assert title(alert).startswith("inc_7, inc_8: ")


@pytest.mark.parametrize("count", [1, 40])
def test_slack_takes_it_however_hostile_the_words(make_alert: MakeAlert, count: int) -> None:
    nasty = "<!channel> *x* `y` <https://evil.example|click> :tada: " * 40
    told = Briefing(
        Lead((nasty,), 0.97), nasty, nasty, ((0.97, nasty),) * 9, (nasty,) * 9, (nasty,) * 9, (nasty,) * 9
    )
    message = payload(of_case(make_alert(count=count), told, updates=3))
    assert size(message) < PAYLOAD_BYTES
    assert "blocks" in message
    assert "<!channel>" not in json.dumps(message)
    assert "<https" not in json.dumps(message)
