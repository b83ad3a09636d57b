"""What people and programs look at."""

import json
from collections.abc import Callable

from canary.investigate import access_json, alert_json, hit_json, hit_lines, planting_json, stamp, status_json
from canary.investigate.received import received_line
from canary.model import Access, Message, Peer, Probe, Trace, Verb
from canary.ports import HitFilter
from canary.watch import keep_message, keep_probe
from tests.parts import START, House

HIT = {"id", "at", "class", "confidence", "reasons", "decoy", "accesses", "message", "probe", "touch"}
HIT |= {"deliveries", "incident"}
DECOY = {"id", "address", "name", "minted_at", "control", "selftest", "surprisal", "generator", "layer"}
ACCESS = {"id", "employee", "record", "beneficiary", "tool", "session", "client_ip", "actor", "at"}
ACCESS |= {"actor_class", "bare"}
MESSAGE = {"id", "sha256", "mail_from", "recipients", "from", "subject", "peer", "helo", "tls", "size"}
MESSAGE |= {"received_at", "envelope_ours", "peer_name", "server_name", "certificate", "via", "trace"}
TRACE = {"received", "host", "protocol", "queue_id", "lines"}


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
    assert set(body["message"]["trace"]) == TRACE
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


def test_the_trace_says_how_mail_came_in_as_servers_write_it() -> None:
    peer = Peer("2001:db8::1", 4711, "mail.seller.example", "TLSv1.3 X", name="spike.example")
    trace = Trace("mx.example.org", "ESMTPS", "4F2A", ("0.001 C: EHLO x",))
    assert received_line(peer, trace, START) == (
        "Received: from mail.seller.example (spike.example [IPv6:2001:db8::1]) (TLSv1.3 X) "
        "by mx.example.org with ESMTPS id 4F2A; Fri, 20 Nov 2026 09:00:00 +0000"
    )
    assert received_line(peer, Trace(), START) == ""
    local = received_line(Peer("", 0, "front"), Trace("mx.example.org", "LMTP"), START)
    assert local.startswith("Received: from front (a local process) by mx.example.org with LMTP; ")


def test_what_was_tried_and_said_is_shown_with_a_probe(house: House, access: Callable[..., Access]) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    probe = Probe(
        decoy.address,
        Verb.RCPT,
        "a@b.example",
        Peer(
            *("192.0.2.1", 25),
            name="spike.example",
            server_name="mx.example.org",
            via="10.0.0.1:9",
            certificate="relay.isp.example",
        ),
        START,
        2,
        ("other@one.example", "more@one.example"),
        Trace("mx.example.org", "ESMTP", "", ("0.001 C: EHLO x", "0.002 S: 250 ok")),
    )
    keep_probe(house.store, probe)
    (hit,) = house.store.hits(HitFilter())
    body = hit_json(hit)
    assert body["probe"]["certificate"] == "relay.isp.example"
    assert body["probe"]["tried"] == ["other@one.example", "more@one.example"]
    assert body["probe"]["trace"]["lines"] == ["0.001 C: EHLO x", "0.002 S: 250 ok"]
    text = "\n".join(hit_lines(hit))
    for words in (
        "spike.example, a claim",
        "more@one.example",
        "mx.example.org  (TLS",
        "10.0.0.1:9",
        "the certificate of relay.isp.example",
        "C: EHLO",
    ):
        assert words in text


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
