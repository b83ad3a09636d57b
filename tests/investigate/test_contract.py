"""What people and programs look at."""

import json
from collections.abc import Callable

from canary.investigate import access_json, alert_json, hit_json, hit_lines, planting_json, stamp, status_json
from canary.model import Access, Message, Peer, Probe, Verb
from canary.ports import HitFilter
from canary.watch import keep_message, keep_probe
from tests.parts import START, House

HIT = {"id", "at", "class", "confidence", "reasons", "decoy", "accesses", "message", "probe", "deliveries"}
DECOY = {"id", "address", "name", "minted_at", "control", "surprisal", "generator"}
ACCESS = {"id", "employee", "record", "beneficiary", "tool", "session", "client_ip", "actor", "at"}
MESSAGE = {"id", "sha256", "mail_from", "recipients", "from", "subject", "peer", "helo", "tls", "size"}
MESSAGE |= {"received_at", "envelope_ours"}


def test_a_hit_is_the_contract_that_is_documented(
    house: House, access: Callable[..., Access], mail: Callable[..., Message]
) -> None:
    decoy = house.planter.plant(access(beneficiary="Brightpan")).decoys[0]
    keep_message(house.store, mail(decoy.address))
    (hit,) = house.store.hits(HitFilter())
    body = hit_json(hit)
    assert set(body) == HIT
    assert set(body["decoy"]) == DECOY
    assert set(body["message"]) == MESSAGE
    assert [set(each) for each in body["accesses"]] == [ACCESS]
    assert (body["class"], body["probe"], body["deliveries"]) == ("mail", None, 1)
    assert body["message"]["from"] == "Care <care@seller.example>"
    json.dumps(body)
    text = "\n".join(hit_lines(hit))
    assert "Exposed only through the access of: e.marsh" in text
    assert "leaked by" not in text


def test_a_probe_has_no_message(house: House, access: Callable[..., Access]) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    keep_probe(house.store, Probe(decoy.address, Verb.VRFY, "", Peer("2001:db8::1", 25), START, 3))
    (hit,) = house.store.hits(HitFilter())
    body = hit_json(hit)
    assert body["message"] is None
    assert body["probe"]["peer"] == "[2001:db8::1]:25"
    assert "3 other recipients" in "\n".join(hit_lines(hit))


def test_times_are_rfc_3339_in_utc() -> None:
    assert stamp(START) == "2026-11-20T09:00:00Z"
    assert stamp(None) is None


def test_everything_that_is_shown_can_be_written_as_json(
    house: House, access: Callable[..., Access], mail: Callable[..., Message]
) -> None:
    planting = house.planter.plant(access())
    keep_message(house.store, mail(planting.decoys[0].address))
    (alert,) = house.store.alerts()
    for body in (
        planting_json(planting),
        access_json(planting.access),
        alert_json(alert),
        status_json(house.store.status()),
    ):
        assert json.loads(json.dumps(body)) == body
