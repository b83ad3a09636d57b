"""What a real store says of a letter: kept, told, and the clock set anew."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from canary.attribute import judge_message
from canary.errors import StoreError
from canary.model import AlertState, BaseRate, HitClass, Message, Peer
from canary.ports import Attributed, Finding, HitFilter
from canary.selftest import Leg, LegState, Letter, Waiting, arrived, letter_to
from canary.store import SqliteStore
from tests.parts import START, House

PEER = Peer("192.0.2.9", 25, "mail.example.net")
DAY = timedelta(days=1)
Keep = Callable[..., str]


@pytest.fixture
def sent(house: House) -> Letter:
    return letter_to(house.planter.selftest_decoy("one.example"), "postmaster@two.example", START)


@pytest.fixture
def keep(house: House) -> Keep:
    """Return what attributes and keeps a letter, as the sink does."""

    def kept(letter: Letter) -> str:
        message = Message(letter.raw, letter.sender, (letter.recipient,), PEER, house.clock())
        sightings = house.store.sightings(message.recipients)
        verdicts = judge_message(message, sightings, BaseRate())
        findings = [Finding(sightings[who].decoy, verdict) for who, verdict in verdicts.items()]
        (outcome,) = house.store.keep([Attributed(message, findings)])
        assert not isinstance(outcome, Exception), outcome
        return outcome.hit_ids[0]

    return kept


def legs(
    store: SqliteStore,
    letter: Letter,
    *,
    channels: tuple[str, ...] = ("slack",),
    silence: timedelta = DAY,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Leg]:
    """Return the legs, with a time that passes by itself while they are waited for."""
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds
        meanwhile()

    return list(arrived(store, letter, START, channels, silence, Waiting(30, sleep, lambda: passed[0])))


def settle(store: SqliteStore, house: House, state: AlertState, error: str = "") -> None:
    alert = store.claim_alert("slack", house.clock(), timedelta(seconds=30))
    assert alert is not None
    store.settle_alert(alert.id, state, due_at=house.clock(), error=error)


def test_a_letter_that_was_kept_and_told_is_found(house: House, sent: Letter, keep: Keep) -> None:
    hit = keep(sent)
    settle(house.store, house, AlertState.SENT)
    kept, told, silence = legs(house.store, sent)
    assert (kept.name, kept.state) == ("kept", LegState.OK)
    assert kept.said.startswith(hit)
    assert (told.name, told.channel, told.state) == ("told", "slack", LegState.OK)
    assert (silence.name, silence.state) == ("silence", LegState.OK)
    assert silence.said == "the next must be kept by 2026-11-21 09:00:00 UTC"


def test_an_earlier_letter_to_the_same_decoy_is_not_taken_for_this_one(
    house: House, sent: Letter, keep: Keep
) -> None:
    keep(sent)
    decoy = house.planter.selftest_decoy("one.example")
    (kept,) = legs(house.store, letter_to(decoy, "postmaster@two.example", START))
    assert (kept.state, kept.said, kept.temporary) == (LegState.FAILED, "no hit within 30 s", True)
    assert "store.url" in kept.hint


def test_a_letter_that_takes_its_time_is_waited_for(house: House, sent: Letter, keep: Keep) -> None:
    waited = iter(range(100))

    def meanwhile() -> None:
        number = next(waited)
        if number == 5:
            keep(sent)
        if number == 9:
            settle(house.store, house, AlertState.SENT)

    assert [leg.state for leg in legs(house.store, sent, meanwhile=meanwhile)] == [LegState.OK] * 3


@pytest.mark.parametrize(
    ("state", "said", "hint", "temporary"),
    [
        (AlertState.OWED, "is still owed: Slack answered 500", "canary alerts test", True),
        (AlertState.PARKED, "is parked: Slack answered 500", "canary alerts retry", False),
    ],
)
def test_a_team_that_was_not_told_is_a_failed_leg(
    house: House, sent: Letter, keep: Keep, state: AlertState, said: str, hint: str, *, temporary: bool
) -> None:
    keep(sent)
    settle(house.store, house, state, "Slack answered 500")
    _, told, silence = legs(house.store, sent)
    assert (told.state, told.temporary) == (LegState.FAILED, temporary)
    assert said in told.said
    assert hint in told.hint
    assert silence.state is LegState.OK


def test_a_channel_that_nothing_is_owed_to_fails_and_the_others_do_not(
    house: House, sent: Letter, keep: Keep
) -> None:
    keep(sent)
    settle(house.store, house, AlertState.SENT)
    _, slack, pager, _ = legs(house.store, sent, channels=("slack", "pager"))
    assert slack.state is LegState.OK
    assert (pager.channel, pager.state) == ("pager", LegState.FAILED)
    assert pager.said == "no alert is owed to it"


def test_what_is_not_configured_is_skipped_and_says_what_to_set(
    house: House, sent: Letter, keep: Keep
) -> None:
    keep(sent)
    _, told, silence = legs(house.store, sent, channels=(), silence=timedelta(0))
    assert (told.state, silence.state) == (LegState.SKIPPED, LegState.SKIPPED)
    assert "alert.slack.url_file" in told.hint
    assert "alert.silence" in silence.hint


def test_a_database_that_is_locked_for_a_moment_fails_nothing(
    house: House, sent: Letter, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(sent)
    settle(house.store, house, AlertState.SENT)
    hits, faults = house.store.hits, [StoreError("locked")] * 3

    def unsteady(wanted: HitFilter) -> Iterator[object]:
        if faults:
            raise faults.pop()
        return hits(wanted)

    monkeypatch.setattr(house.store, "hits", unsteady)
    assert [leg.state for leg in legs(house.store, sent)] == [LegState.OK] * 3


def test_the_hit_of_a_self_test_is_no_hit_of_anybody(house: House, sent: Letter, keep: Keep) -> None:
    """Its verdict says whose it is; noise, counts and the list of hits leave it out."""
    keep(sent)
    assert not list(house.store.hits(HitFilter()))
    (hit,) = house.store.hits(HitFilter(selftests=True))
    assert (hit.verdict.hit_class, hit.verdict.confidence) == (HitClass.MAIL, 0.0)
    assert "a self-test" in hit.verdict.reasons[0]
    rate = house.store.base_rate()
    assert (rate.controls, rate.control_hits, rate.decoys, rate.hits) == (0, 0, 0, 0)
    (alert,) = house.store.alerts()
    assert [each.id for each in alert.hits] == [hit.id]


def test_a_domain_has_one_self_test_decoy_however_often_it_is_asked_for(house: House) -> None:
    first = house.planter.selftest_decoy("one.example")
    assert house.planter.selftest_decoy("one.example") == first
    assert house.planter.selftest_decoy("two.example").address.endswith("@two.example")
    assert first.selftest
    assert first.control
    assert first.surprisal >= 24
    assert house.store.is_live(first.address)
    assert not list(house.store.decoys())
    assert len(list(house.store.decoys(selftest=True))) == 2


def test_a_stranger_is_nobody_and_another_one_each_time(house: House) -> None:
    strangers = {house.planter.stranger("one.example") for _ in range(20)}
    assert len(strangers) == 20
    assert not any(map(house.store.is_live, strangers))
