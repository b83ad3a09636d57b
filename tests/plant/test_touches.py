"""Touches: an action on a decoy's record becomes a hit that names the access of the page."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.alert.blocks import PAYLOAD_BYTES, payload, size
from canary.alert.plain import plain
from canary.errors import NotFoundError
from canary.investigate import hit_json, hit_lines
from canary.model import ActorClass, HitClass, Layer, Message
from canary.plant import AccessError, LivePlanter, Planted, Shown
from canary.ports import HitFilter
from canary.watch.keeping import keep_message
from tests.parts import House
from tests.plant.conftest import Seen


def of(planted: Planted, layer: Layer) -> Shown:
    (shown,) = (each for each in planted.shown if each.decoy.layer is layer)
    return shown


def touches(house: House) -> list[dict[str, object]]:
    return [hit_json(hit) for hit in house.store.hits(HitFilter(hit_class=HitClass.TOUCH))]


def test_a_touch_is_a_hit_on_the_access_of_its_page(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    first = live.plant(seen())
    page = live.plant(seen())  # from memory, not written down yet
    shown = of(page, Layer.VIEW)
    seen.clock.forward(minutes=3)
    hit_id = live.touch(shown.marker, "delete", "e.marsh")
    hit = quick_house.store.hit(hit_id)
    assert hit.verdict.hit_class is HitClass.TOUCH
    assert [each.id for each in hit.accesses] == [page.access.id] != [first.access.id]
    assert (hit.decoy, hit.message, hit.probe) == (shown.decoy, None, None)
    assert hit.touch
    assert (hit.touch.action, hit.touch.employee, hit.at) == ("delete", "e.marsh", seen.clock.now)
    assert 0.7 <= hit.verdict.confidence < 0.9
    assert touches(quick_house) == [hit_json(hit)]
    assert hit_json(hit)["touch"]["access"] == page.access.id
    told = "\n".join(hit_lines(hit))
    assert "Touched on the page that was shown to: e.marsh" in told
    assert "delete, as the tool reported it" in told


def test_the_same_touch_twice_is_one_hit(live: LivePlanter, quick_house: House, seen: Seen) -> None:
    marker = live.plant(seen()).shown[0].marker
    ids = [live.touch(marker, action, who) for action, who in [("edit", "a"), ("edit", "a"), ("edit", "b")]]
    assert ids[0] == ids[1] != ids[2]
    assert quick_house.store.hit(ids[0]).deliveries == 2
    assert len(touches(quick_house)) == 2


def test_a_touch_of_a_shared_decoy_names_the_one_access(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    live.plant(seen("t.okafor"))
    page = live.plant(seen("e.marsh"))
    live.touch(of(page, Layer.STABLE).marker, "delete", "e.marsh")
    live.touch(of(page, Layer.VIEW).marker, "delete", "e.marsh")
    (alert,) = quick_house.store.alerts()  # of one account, whoever shares the decoy
    said = plain(alert)
    title = "2 decoy addresses touched by hand in the tool: delete, exposed through the access of e.marsh"
    assert said.startswith(title)
    assert "t.okafor" not in said
    assert "shared: all who view" not in said


def test_somebody_elses_hand_a_crawlers_page_and_a_mere_look_weigh_less(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    own = live.plant(seen()).shown[0].marker
    crawled = live.plant(seen(actor_class=ActorClass.CRAWLER)).shown[0].marker
    seen.clock.forward(minutes=1)

    def sure(marker: str, action: str, who: str) -> tuple[float, str]:
        verdict = quick_house.store.hit(live.touch(marker, action, who)).verdict
        return verdict.confidence, " ".join(verdict.reasons)

    most, _ = sure(own, "delete", "e.marsh")
    for marker, action, who, reason in (
        (own, "delete", "t.okafor", "somebody else"),
        (crawled, "delete", "e.marsh", "which is no person"),
        (own, "open", "e.marsh", "slip of the hand"),
    ):
        less, reasons = sure(marker, action, who)
        assert less < most
        assert reason in reasons


def test_a_touch_owes_an_alert_within_slacks_limits(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    page = live.plant(seen(beneficiary="Brightpan"))
    live.touch(page.shown[0].marker, "<!channel> *delete* " + "é" * 70, "https://e.example/x")
    (alert,) = quick_house.store.alerts()
    told = payload(alert)
    assert size(told) < PAYLOAD_BYTES
    text = json.dumps(told)
    assert "<!channel>" not in text
    assert "https://" not in text
    (header,) = (each for each in told["blocks"] if each["type"] == "header")
    assert header["text"]["text"].startswith("Decoy address touched by hand in the tool")
    assert len(header["text"]["text"]) <= 150
    assert "What arrived" in text


def test_mail_after_a_touch_joins_it_and_leads(
    live: LivePlanter, quick_house: House, seen: Seen, mail: Callable[..., Message]
) -> None:
    page = live.plant(seen())
    shown = of(page, Layer.VIEW)
    live.touch(shown.marker, "delete", "e.marsh")
    assert quick_house.store.base_rate().hits == 0  # noise is measured in mail
    keep_message(quick_house.store, mail(shown.decoy.address, at=seen.clock.now))
    assert quick_house.store.base_rate().hits == 1
    (alert,) = quick_house.store.alerts()
    assert len(alert.hits) == 2
    assert plain(alert).startswith("Decoy address received mail, exposed through the access of e.marsh")
    assert "(and 1 touch)" in plain(alert)


def test_what_is_no_touch_is_refused(live: LivePlanter, quick_house: House, seen: Seen) -> None:
    marker = live.plant(seen()).shown[0].marker
    with pytest.raises(NotFoundError):
        live.touch(marker[:-4] + "AAAA", "delete", "e.marsh")
    with pytest.raises(AccessError) as refused:
        live.touch(marker, "", "x" * 2000, seen.clock.now + timedelta(hours=1))
    assert [field for field, _ in refused.value.faults] == ["action", "employee", "at"]
    assert not touches(quick_house)


async def test_a_touch_of_an_access_lost_in_a_crash_is_still_a_hit(
    live: LivePlanter, quick_house: House, seen: Seen
) -> None:
    live.plant(seen())
    lost = live.plant(seen())
    live._line._looks.clear()  # as a crash would
    hit = quick_house.store.hit(await live.atouch(lost.shown[0].marker, "delete", "e.marsh"))
    assert {each.employee for each in hit.accesses} == {"e.marsh"}
    assert "that access is not on record: the moment before a crash may be lost" in hit.verdict.reasons
    assert replace(hit.accesses[0], id="") == replace(hit.accesses[0], id="")
