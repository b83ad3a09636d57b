"""Incidents as the store keeps them: joined once, by whomever, and audited for good."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from canary.attribute import judge_touch
from canary.errors import NotFoundError, UsageError
from canary.investigate.incidents import join_missing, joiner
from canary.model import (
    Access,
    Decoy,
    IncidentState,
    Indicator,
    Message,
    Peer,
    Probe,
    Seller,
    Strength,
    Touch,
    Verb,
)
from canary.model.casework import Act, IncidentFilter
from canary.ports import Appraisal, Attributed, Finding, HitFilter, Kept
from canary.watch import keep_probe
from tests.investigate.cases import LINK, PROVEN, WECHAT, WINDOW, Desk
from tests.parts import START, House
from tests.record.layer_parts import look, planned
from tests.store.store_parts import selftest_of

EVERY = IncidentFilter()


@pytest.fixture
def desk(house: House, access: Callable[..., Access], mail: Callable[..., Message]) -> Desk:
    return Desk(house, access, mail)


def act(words: str, who: str = "r.diaz") -> Act:
    return Act(who, START + timedelta(days=3), words)


def incidents(desk: Desk) -> list[tuple[str, ...]]:
    return [(each.id, *each.accounts) for each in desk.store.incidents(EVERY)]


def test_hits_on_one_account_are_one_incident_whoever_sends(desk: Desk) -> None:
    first, second = desk.decoy(record="B01"), desk.decoy(record="B02")
    (opened,) = desk.hit(first, origin=[WECHAT])
    (joined,) = desk.hit(second, origin=[LINK])
    assert (opened.rule, opened.opened) == ("new", True)
    assert (joined.rule, joined.incident, joined.fresh) == ("account", opened.incident, True)
    case = desk.store.incident(opened.incident)
    assert (case.incident.accounts, case.incident.hits) == (("e.marsh",), 2)
    assert [each.words for each in case.hits] == [opened.words, joined.words]
    assert [entry.action for entry in case.audit] == ["opened"]


def test_accounts_that_share_a_sender_are_linked_and_never_one_incident(desk: Desk) -> None:
    (one,) = desk.hit(desk.decoy("e.marsh", "B01"), origin=[WECHAT])
    (other,) = desk.hit(desk.decoy("k.ito", "B02"), origin=[WECHAT, LINK])
    assert one.incident != other.incident
    (link,) = desk.store.incident(one.incident).links
    assert (link.incident.id, link.shared) == (other.incident, (WECHAT,))


def test_one_message_to_decoys_of_two_accounts_is_two_incidents_linked_by_it(desk: Desk) -> None:
    one, other = desk.hit(desk.decoy("e.marsh", "B01"), desk.decoy("k.ito", "B02"))
    assert one.incident != other.incident
    (link,) = desk.store.incident(one.incident).links
    assert [each.kind for each in link.shared] == ["message"]


def test_proven_strangers_who_hit_one_shared_decoy_are_two_incidents(desk: Desk) -> None:
    planter = planned(desk.house, view_rate=0.0, stable=1)
    decoy = look(planter, "e.marsh").decoys[0]
    look(planter, "k.ito")
    other = Indicator("authenticated domain", "other.example", Strength.IDENTIFIES)
    (one,), (two,), (three,) = (
        desk.hit(decoy, origin=[each], raw=b"Subject: %d\r\n\r\n" % number)
        for number, each in enumerate((PROVEN, other, WECHAT))
    )
    assert (one.rule, two.rule) == ("new", "new")
    assert one.incident != two.incident
    assert (three.rule, three.incident in {one.incident, two.incident}) == ("decoy", True)


def test_the_same_hit_joins_once(desk: Desk) -> None:
    hits = desk.received(desk.decoy())
    first = desk.join(hits)
    again = desk.join([*hits, *hits])
    assert {each.incident for each in (*first, *again)} == {"inc_1"}
    assert [each.fresh for each in again] == [False, False]
    assert next(desk.store.incidents(EVERY)).hits == 1
    assert desk.store.hit(hits[0]).incident == "inc_1"


def test_two_processes_that_join_at_once_open_one_incident(desk: Desk) -> None:
    hits = [desk.received(desk.decoy(record=f"B{n:02}"))[0] for n in range(12)]
    stores = [desk.house.reopen() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda store: joiner(store, WINDOW)(hits), stores))
    assert [each.id for each in desk.store.incidents(EVERY)] == ["inc_1"]
    assert sum(each.fresh for joined in done for each in joined) == len(hits)
    assert sum(each.opened for joined in done for each in joined) == 1


def test_controls_and_selftests_open_nothing(desk: Desk) -> None:
    (control,) = desk.house.planter.mint_controls(1)
    hits = [*desk.received(control), *desk.received(selftest_of(desk.house))]
    assert [each.incident for each in desk.join(hits)] == ["", ""]
    assert incidents(desk) == []


def test_a_probe_and_a_touch_join_the_account_that_they_name(desk: Desk) -> None:
    decoy = desk.decoy()
    at = START + timedelta(days=1)
    probe = Probe(decoy.address, Verb.RCPT, "", Peer("192.0.2.9", 2525, session="s1"), at)
    (probed,) = desk.join(keep_probe(desk.store, probe).hit_ids)
    (sighting,) = desk.store.sightings([decoy.address]).values()
    touch = Touch(decoy.address, "export", "e.marsh", at, sighting.accesses[0].id)
    (kept,) = desk.store.keep([Attributed(touch, [Finding(sighting.decoy, judge_touch(touch, sighting))])])
    assert isinstance(kept, Kept)
    (joined,) = desk.join(kept.hit_ids)
    assert (probed.rule, joined.rule) == ("new", "account")
    assert incidents(desk) == [("inc_1", "e.marsh")]


def test_what_was_kept_before_is_joined_in_its_order_and_only_once(desk: Desk) -> None:
    decoys = [desk.decoy(record=f"B{n:02}") for n in range(3)]
    for decoy in decoys:
        desk.received(decoy)
    assert join_missing(desk.store, WINDOW) == 0  # what will be appraised is joined then, with its sender
    hits = list(desk.store.hits(HitFilter()))
    desk.store.appraise([Appraisal({hit.id: hit.verdict for hit in hits})])
    assert join_missing(desk.store, WINDOW) == 3
    assert join_missing(desk.store, WINDOW) == 0
    (incident,) = desk.store.incidents(EVERY)
    assert incident.hits == 3


def test_merging_and_splitting_move_hits_and_what_they_are_found_by(desk: Desk) -> None:
    (one,) = desk.hit(desk.decoy("e.marsh", "B01"), origin=[WECHAT])
    (other,) = desk.hit(desk.decoy("k.ito", "B02"), origin=[PROVEN])
    merged = desk.store.merge_incidents(one.incident, other.incident, act("one desk"))
    assert (merged.hits, merged.accounts) == (2, ("e.marsh", "k.ito"))
    assert desk.store.incident(other.incident).incident.merged_into == one.incident
    assert incidents(desk) == [(one.incident, "e.marsh", "k.ito")]
    (third,) = desk.hit(desk.decoy("k.ito", "B03"))
    assert third.incident == one.incident
    apart = desk.store.split_incident(one.incident, [other.hit, third.hit], act("not the same desk"))
    assert (apart.hits, apart.accounts) == (2, ("k.ito",))
    (fourth,) = desk.hit(desk.decoy("k.ito", "B04"))
    assert fourth.incident == apart.id
    told = [(entry.actor, entry.action) for entry in desk.store.incident(one.incident).audit]
    assert told == [("canary", "opened"), ("r.diaz", "merged"), ("r.diaz", "split")]


def test_what_cannot_be_meant_is_refused(desk: Desk) -> None:
    (one,) = desk.hit(desk.decoy("e.marsh", "B01"))
    (other,) = desk.hit(desk.decoy("k.ito", "B02"))
    store = desk.store
    with pytest.raises(UsageError, match="nothing to merge"):
        store.merge_incidents(one.incident, one.incident, act("x"))
    with pytest.raises(UsageError, match="leave it some"):
        store.split_incident(one.incident, [one.hit], act("x"))
    with pytest.raises(UsageError, match="not of inc_1"):
        store.split_incident(one.incident, [other.hit], act("x"))
    with pytest.raises(NotFoundError, match="no incident inc_9"):
        store.set_incident("inc_9", IncidentState.CONFIRMED, act("x"))
    store.merge_incidents(one.incident, other.incident, act("x"))
    with pytest.raises(UsageError, match="merged into inc_1"):
        store.set_incident(other.incident, IncidentState.CONFIRMED, act("x"))


def test_a_dismissal_takes_in_what_the_same_sender_sends_and_nothing_else(desk: Desk) -> None:
    (one,) = desk.hit(desk.decoy("e.marsh", "B01"), origin=[PROVEN])
    desk.store.set_incident(one.incident, IncidentState.DISMISSED, act("our newsletter's provider"))
    assert [each.incident for each in desk.store.dismissals([PROVEN])] == [one.incident]
    assert desk.store.dismissals([LINK]) == []
    (theirs,) = desk.hit(desk.decoy("e.marsh", "B02"), origin=[PROVEN])
    (another,) = desk.hit(desk.decoy("e.marsh", "B03"), origin=[WECHAT])
    assert (theirs.rule, theirs.incident) == ("dismissed", one.incident)
    assert another.rule == "new"
    desk.store.set_incident(one.incident, IncidentState.OPEN, act("it was not"))
    assert desk.store.dismissals([PROVEN]) == []


def test_the_audit_can_be_added_to_and_never_changed(desk: Desk) -> None:
    (one,) = desk.hit(desk.decoy())
    desk.store.note_on_incident(one.incident, act("called the seller"))
    db = sqlite3.connect(desk.house.database)
    for statement, said in (
        ("UPDATE audit SET at = 0", "never changed"),
        ("DELETE FROM audit", "taken out"),
        ("INSERT OR REPLACE INTO audit SELECT id, incident_id, 0, sealed FROM audit", "only grows"),
    ):
        with pytest.raises(sqlite3.IntegrityError, match=said):
            db.execute(statement)
    db.close()
    assert [entry.words for entry in desk.store.incident(one.incident).audit][1:] == ["called the seller"]


def test_incidents_are_found_by_account_state_and_time(desk: Desk) -> None:
    desk.hit(desk.decoy("e.marsh", "B01"))
    (other,) = desk.hit(desk.decoy("k.ito", "B02"), at=START + timedelta(days=9))
    desk.store.set_incident(other.incident, IncidentState.CONFIRMED, act("she said so"))

    def found(wanted: IncidentFilter) -> list[str]:
        return [each.id for each in desk.store.incidents(wanted)]

    assert found(EVERY) == ["inc_2", "inc_1"]
    assert found(IncidentFilter(employee="e.marsh")) == ["inc_1"]
    assert found(IncidentFilter(state=IncidentState.CONFIRMED)) == ["inc_2"]
    assert found(IncidentFilter(since=START + timedelta(days=5))) == ["inc_2"]


def test_nothing_that_names_somebody_is_readable_in_the_file(desk: Desk) -> None:
    (one,) = desk.hit(desk.decoy("e.marsh.the.seller"), origin=[WECHAT])
    desk.store.note_on_incident(one.incident, act("ask e.marsh.the.seller"))
    desk.store.keep_sellers([Seller("S1", "Brightpan", (WECHAT,))])
    assert [each.name for each in desk.store.sellers()] == ["Brightpan"]
    desk.store.close()
    raw = b"".join(path.read_bytes() for path in desk.house.folder.glob("canary.db*"))
    for word in (b"e.marsh", b"seller88", b"Brightpan", b"r.diaz"):
        assert word not in raw


def test_what_accounts_were_shown_is_found_within_a_time(desk: Desk) -> None:
    for n in range(4):
        desk.decoy("e.marsh", f"B{n:02}", at=START + timedelta(days=n))
    desk.decoy("k.ito", "B01")
    desk.decoy("e.marsh", "B01", at=START + timedelta(days=1, hours=1))
    within = desk.store.shown_to(["e.marsh"], START + timedelta(days=1), START + timedelta(days=2))
    assert [access.record for access in within] == ["B01", "B01", "B02"]
    assert len(list(desk.store.shown_to(["e.marsh", "k.ito"], None, None))) == 6


def test_shared_decoys_are_joined_by_a_sender_and_who_can_have_seen_both(desk: Desk) -> None:
    shared = planned(desk.house, view_rate=0.0, stable=1)

    def stable(record: str, *employees: str) -> Decoy:
        (first, *_) = [look(shared, each, record=record) for each in employees]
        return first.decoys[0]

    one, two = stable("B01", "e.marsh", "k.ito"), stable("B02", "k.ito", "l.wu")
    strangers = stable("B03", "o.ray")
    at = START + timedelta(days=2)
    (first,) = desk.hit(one, origin=[WECHAT], at=at)
    (second,) = desk.hit(two, origin=[WECHAT], at=at)
    (apart,) = desk.hit(strangers, origin=[WECHAT], at=at)
    (plain,) = desk.hit(two, at=at)
    assert [each.rule for each in (first, second, apart, plain)] == ["new", "sender", "new", "decoy"]
    assert {first.incident, second.incident, plain.incident} == {"inc_1"}
    assert incidents(desk) == [("inc_2",), ("inc_1",)]
    (named,) = desk.hit(desk.decoy("k.ito", "B09"), origin=[WECHAT], at=at)
    assert (named.rule, named.incident) == ("sender", "inc_1")
    (another,) = desk.hit(desk.decoy("l.wu", "B08"), origin=[WECHAT], at=at)
    assert (another.rule, another.incident) == ("new", "inc_3")


def test_decoys_of_one_message_belong_together_where_one_account_can_have_seen_them(desk: Desk) -> None:
    shared = planned(desk.house, view_rate=0.0, stable=1)
    decoys = [look(shared, "e.marsh", record=f"B{n:02}").decoys[0] for n in range(3)]
    joined = desk.hit(*decoys, at=START + timedelta(days=2))
    assert {each.incident for each in joined} == {"inc_1"}
    assert joined[-1].words.startswith("it shares the same message")
