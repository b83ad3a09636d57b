"""What a channel is told of incidents: a first sign at once, growth in ever larger steps, floods together."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from canary.model import Access, Alert, AlertState, Indicator, Lead, Message, Peer, Probe, Verb
from canary.model.casework import Act
from canary.ports import Owing, Told
from canary.watch import keep_probe
from tests.investigate.cases import LINK, WECHAT, Desk
from tests.parts import START, House

LEASE = timedelta(seconds=30)
WINDOW = timedelta(minutes=5)


@pytest.fixture
def desk(house: House, access: Callable[..., Access], mail: Callable[..., Message]) -> Desk:
    return Desk(house, access, mail)


def claimed(desk: Desk) -> Alert | None:
    return desk.store.claim_alert("slack", desk.house.clock(), LEASE)


def sent(desk: Desk, lead: Lead = Lead(), thread: str = "") -> Alert:  # noqa: B008 - frozen
    """Claim the one alert that is due and say that it was sent."""
    alert = claimed(desk)
    assert alert
    told = Told(lead, thread)
    desk.store.settle_alert(alert.id, AlertState.SENT, due_at=desk.house.clock(), told=told)
    return alert


def drained(desk: Desk) -> Iterator[Alert]:
    """Send all that is due."""
    while alert := claimed(desk):
        desk.store.settle_alert(alert.id, AlertState.SENT, due_at=desk.house.clock(), told=Told())
        yield alert


def hit(desk: Desk, employee: str, number: int, *origin: Indicator) -> str:
    """Have another decoy of an employee hit; return the incident."""
    decoy = desk.decoy(employee, f"R{number:04}")
    (joining,) = desk.hit(decoy, origin=origin, raw=b"Subject: %d\r\n\r\nhello\r\n" % number)
    return joining.incident


def due_in(desk: Desk) -> timedelta:
    due = desk.store.next_due(["slack"])
    assert isinstance(due, datetime)
    return due - desk.house.clock()


def test_the_first_sign_of_an_incident_is_told_at_once_and_names_it(desk: Desk) -> None:
    name = hit(desk, "e.marsh", 1)
    alert = sent(desk)
    assert alert.case
    assert [each.id for each in alert.case.incidents] == [name]
    assert (alert.case.updates, alert.case.before, alert.case.thread) == (0, None, "")
    assert claimed(desk) is None


def test_growth_is_one_alert_after_the_window_that_knows_what_was_told(desk: Desk) -> None:
    hit(desk, "e.marsh", 1)
    lead = Lead(("e.marsh",), 0.9)
    sent(desk, lead, "17.0001")
    for number in range(2, 6):
        hit(desk, "e.marsh", number)
    assert claimed(desk) is None
    assert due_in(desk) == WINDOW
    assert desk.store.status().oldest_owed == desk.house.clock() + WINDOW
    desk.house.clock.forward(minutes=5)
    alert = sent(desk)
    assert len(alert.hits) == 4
    assert alert.case
    assert (alert.case.updates, alert.case.before, alert.case.thread) == (1, lead, "17.0001")


def test_every_update_waits_twice_as_long_up_to_six_hours(desk: Desk) -> None:
    hit(desk, "e.marsh", 1)
    sent(desk)
    waited = []
    for number in range(2, 12):
        hit(desk, "e.marsh", number)
        waited.append(due_in(desk))
        desk.house.clock.now += waited[-1]
        sent(desk)
    minutes = [each / timedelta(minutes=1) for each in waited]
    assert minutes == [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]


def test_what_comes_after_a_long_quiet_is_told_at_once(desk: Desk) -> None:
    hit(desk, "e.marsh", 1)
    sent(desk)
    desk.house.clock.forward(hours=1)
    hit(desk, "e.marsh", 2)
    assert sent(desk).case


def test_growth_is_told_at_once_where_it_is_hastened(desk: Desk) -> None:
    name = hit(desk, "e.marsh", 1)
    sent(desk, Lead(("e.marsh",), 0.4))
    assert desk.store.behind([name]) == []
    hit(desk, "e.marsh", 2)
    assert (desk.store.behind([name]), desk.store.leads(name)) == ([name], [Lead(("e.marsh",), 0.4)])
    assert desk.store.hasten([name]) == 1
    assert len(sent(desk).hits) == 1
    assert desk.store.hasten([name]) == 0


def test_the_first_mail_to_a_list_that_was_only_probed_is_told_at_once(desk: Desk) -> None:
    decoy = desk.decoy("e.marsh", "R0001")
    for number in range(3):
        probe = Probe(decoy.address, Verb.RCPT, "", Peer("192.0.2.1", 25, session=f"s{number}"), START)
        desk.join(keep_probe(desk.store, probe).hit_ids)
        desk.house.clock.forward(minutes=20)
        sent(desk)
    hit(desk, "e.marsh", 2)
    assert len(sent(desk).hits) == 1
    hit(desk, "e.marsh", 3)
    assert claimed(desk) is None


def test_a_message_to_decoys_of_two_accounts_is_one_alert_about_two_incidents(desk: Desk) -> None:
    desk.hit(desk.decoy("e.marsh", "B01"), desk.decoy("k.ito", "B02"))
    alert = sent(desk)
    assert alert.case
    assert [each.id for each in alert.case.incidents] == ["inc_1", "inc_2"]
    assert not alert.case.flood
    hit(desk, "k.ito", 3)
    assert due_in(desk) == WINDOW


def test_hits_of_two_incidents_are_two_alerts(desk: Desk) -> None:
    hit(desk, "e.marsh", 1, WECHAT)
    hit(desk, "k.ito", 2, LINK)
    told = [alert.case.incidents[0].accounts for alert in drained(desk) if alert.case]
    assert told == [("e.marsh",), ("k.ito",)]


def test_many_new_incidents_at_once_are_told_together_after_the_first_few(desk: Desk) -> None:
    for number in range(30):
        hit(desk, f"e.{number}", number)
    assert [len(alert.hits) for alert in drained(desk)] == [1, 1, 1, 1]
    assert due_in(desk) == WINDOW
    desk.house.clock.forward(minutes=5)
    (alert,) = drained(desk)
    assert alert.case
    assert (alert.case.flood, len(alert.case.incidents), len(alert.hits)) == (True, 26, 26)


def test_nothing_is_lost_where_a_flood_outgrows_an_alert(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canary.store.telling.MOST_HITS", 5)
    for number in range(20):
        hit(desk, f"e.{number}", number)
    list(drained(desk))
    desk.house.clock.forward(minutes=5)
    told = [hit.id for alert in desk.store.alerts() for hit in alert.hits]
    assert sorted(told) == sorted(f"hit_{number}" for number in range(1, 21))
    assert [len(alert.hits) for alert in drained(desk)] == [5, 5, 5, 1]


def test_without_a_window_every_hit_is_told_by_itself(desk: Desk) -> None:
    desk.house.store = desk.house.reopen(Owing(("slack",), timedelta(0)))
    for number in range(3):
        hit(desk, "e.marsh", number)
    assert [len(alert.hits) for alert in drained(desk)] == [1, 1, 1]


def test_an_alert_held_for_its_incident_goes_once_that_is_known(desk: Desk) -> None:
    desk.house.store = desk.house.reopen(Owing(("slack",), WINDOW, hold=timedelta(seconds=3)))
    hits = desk.received(desk.decoy())
    assert claimed(desk) is None
    desk.join(hits)
    assert sent(desk).case


def test_an_alert_goes_without_its_incident_at_the_end_of_the_hold(desk: Desk) -> None:
    desk.house.store = desk.house.reopen(Owing(("slack",), WINDOW, hold=timedelta(seconds=3)))
    desk.received(desk.decoy())
    desk.house.clock.forward(seconds=3)
    assert sent(desk).case is None


def test_what_went_out_before_its_incident_was_known_counts_as_told(desk: Desk) -> None:
    hits = desk.received(desk.decoy("e.marsh", "R0001"))
    assert sent(desk, thread="17.0001").case is None
    desk.join(hits)
    hit(desk, "e.marsh", 2)
    assert due_in(desk) == WINDOW
    desk.house.clock.forward(minutes=5)
    alert = sent(desk)
    assert alert.case
    assert (alert.case.updates, alert.case.thread) == (1, "17.0001")


def test_what_is_merged_by_hand_goes_on_as_one_story(desk: Desk) -> None:
    one, other = hit(desk, "e.marsh", 1, WECHAT), hit(desk, "k.ito", 2, LINK)
    assert len(list(drained(desk))) == 2
    desk.store.merge_incidents(one, other, Act("r.diaz", START, "one broker"))
    hit(desk, "k.ito", 3)
    assert due_in(desk) > WINDOW
    desk.house.clock.forward(hours=1)
    alert = sent(desk)
    assert alert.case
    assert ([each.id for each in alert.case.incidents], alert.case.updates) == ([one], 2)


def test_two_processes_tell_one_story(desk: Desk) -> None:
    other = Desk(
        House(desk.house.folder, desk.house.keys, desk.house.clock, desk.house.reopen(), desk.house.planter),
        desk.access,
        desk.mail,
    )
    hit(desk, "e.marsh", 1)
    sent(other)
    hit(other, "e.marsh", 2)
    hit(desk, "e.marsh", 3)
    hit(other, "e.marsh", 4)
    assert claimed(desk) is None
    desk.house.clock.forward(minutes=5)
    assert len(sent(desk).hits) == 3
