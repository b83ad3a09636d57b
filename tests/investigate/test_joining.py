"""Which hits belong together, by the rules alone."""

from datetime import timedelta

import pytest

from canary.investigate.joining import decision, dismissal_of, told
from canary.model import HitClass, Indicator, Strength
from canary.model.casework import Candidate, Dismissal, Newcomer
from canary.model.incident import IncidentState
from tests.investigate.cases import LINK, PROVEN, WECHAT, WINDOW
from tests.parts import START

OPEN = IncidentState.OPEN


def newcomer(hit_class: HitClass = HitClass.MAIL, **told: object) -> Newcomer:
    return Newcomer("hit_9", START, hit_class, **told)  # type: ignore[arg-type]


def candidate(number: int = 1, state: IncidentState = OPEN, days: float = -1, **told: object) -> Candidate:
    at = START + timedelta(days=days)
    return Candidate(f"inc_{number}", state, at, at, **told)  # type: ignore[arg-type]


def test_the_newest_incident_that_names_the_same_account_takes_a_hit() -> None:
    older, newer = (candidate(n, days=-n, accounts=("e.marsh",)) for n in (2, 1))
    found = decision(newcomer(accounts=("e.marsh",)), [older, newer], (), WINDOW)
    assert found is not None
    assert (found.rule, found.incident) == ("account", "inc_1")
    assert "names e.marsh" in found.words


def test_a_sender_alone_joins_nothing_and_with_an_account_it_does() -> None:
    alone = candidate(indicators=(WECHAT,))
    found = decision(newcomer(indicators=(WECHAT,), possible=3), [alone], (), WINDOW)
    assert found is not None
    assert (found.rule, found.incident) == ("new", "")
    both = candidate(indicators=(WECHAT,), may_be_one=True)
    found = decision(newcomer(indicators=(WECHAT,), possible=3), [both], (), WINDOW)
    assert found is not None
    assert (found.rule, found.incident) == ("sender", "inc_1")
    assert "wechat seller88" in found.words


def test_an_incident_outside_the_window_takes_nothing_before_or_after() -> None:
    hit = newcomer(accounts=("e.marsh",))
    for days, rule in ((-89, "account"), (-91, "new"), (89, "account"), (91, "new")):
        found = decision(hit, [candidate(days=days, accounts=("e.marsh",))], (), WINDOW)
        assert found is not None
        assert found.rule == rule, days


@pytest.mark.parametrize("hit_class", [HitClass.OWN, HitClass.SPAM, HitClass.DICTIONARY])
def test_noise_is_part_of_no_incident(hit_class: HitClass) -> None:
    same = [candidate(accounts=("e.marsh",))]
    assert decision(newcomer(hit_class, accounts=("e.marsh",)), same, (), WINDOW) is None
    assert decision(newcomer(noise=True, accounts=("e.marsh",)), same, (), WINDOW) is None


def test_a_bounce_joins_an_incident_and_opens_none() -> None:
    bounce = newcomer(HitClass.BOUNCE, accounts=("e.marsh",))
    assert decision(bounce, [], (), WINDOW) is None
    found = decision(bounce, [candidate(accounts=("e.marsh",))], (), WINDOW)
    assert found is not None
    assert found.rule == "account"


def test_a_dismissed_incident_takes_only_what_its_senders_send() -> None:
    dismissed = candidate(2, IncidentState.DISMISSED, accounts=("e.marsh",))
    rule = [Dismissal("inc_2", (PROVEN, LINK))]
    theirs = newcomer(accounts=("e.marsh",), indicators=(PROVEN,))
    found = decision(theirs, [dismissed], rule, WINDOW)
    assert found is not None
    assert (found.rule, found.incident) == ("dismissed", "inc_2")
    found = decision(newcomer(accounts=("e.marsh",), indicators=(LINK,)), [dismissed], rule, WINDOW)
    assert found is not None
    assert found.rule == "new"
    other = candidate(3, accounts=("e.marsh",))
    found = decision(theirs, [dismissed, other], rule, WINDOW)
    assert found is not None
    assert found.incident == "inc_3"


def test_who_copies_a_dismissed_senders_words_is_not_silenced_with_it() -> None:
    unproven = [Dismissal("inc_2", (LINK, WECHAT))]
    assert dismissal_of((LINK,), unproven)
    own = Indicator("telegram", "somebody", Strength.IDENTIFIES)
    assert dismissal_of((LINK, own), unproven) is None
    assert dismissal_of((), unproven) is None
    same = Indicator("message", "msg_1", Strength.IDENTIFIES)
    assert dismissal_of((same,), [Dismissal("inc_2", (same,))]) is None


def test_strangers_words_in_a_reason_cannot_be_clicked() -> None:
    evil = Indicator("link", "http://evil.example/\u202e\x1b[2J", Strength.IDENTIFIES)
    assert told([evil]) == "link hxxp://evil[.]example/ [2J"
