"""`canary attempts --near`: what was tried in vain and is nearly a decoy's, for review."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from canary import wiring
from canary.address import split
from canary.config import load
from canary.model import Attempts, Message
from tests.cli.conftest import Desk

NOW = datetime.now(UTC)
QUIET, LOUD = "203.0.113.9/32", "198.51.100.4/32"


def typed(address: str, edits: int) -> str:
    local, domain = split(address)
    return f"{local}{'xq'[:edits]}@{domain}"


def told(desk: Desk) -> dict[str, Any]:
    body = desk("attempts", "--near", "--json").json()
    assert isinstance(body, dict)
    return body


def test_near_misses_are_told_with_whom_they_were_shown_and_their_odds(desk: Desk) -> None:
    one, two = desk.address("e.marsh"), desk.address("e.lake")
    with desk.store() as store:
        store.count_attempts(
            [
                Attempts(NOW, QUIET, 3, (typed(one, 1).upper(), "info@one.example"), (2, 1)),
                Attempts(NOW, LOUD, 50_000, (typed(two, 2), "sales@one.example")),
            ]
        )
    body = told(desk)
    first, second = body["near"]
    assert {key: first[key] for key in ("address", "decoy", "distance", "network", "times", "attempts")} == {
        "address": typed(one, 1).upper(),
        "decoy": one,
        "distance": 1.0,
        "network": QUIET,
        "times": 2,
        "attempts": 3,
    }
    assert [each["employee"] for each in first["accesses"]] == ["e.marsh"]
    assert (second["decoy"], second["distance"], second["layer"]) == (two, 2.0, "view")
    assert first["chance"] < 0.001 < second["chance"]
    assert "tried 3 recipients" in first["because"]
    assert (body["compared"], body["uncompared"]) == (4, 0)
    shown = desk("attempts", "--near").ok()
    assert "for review" in shown.lines[0]
    assert "0 of them of controls" in shown.err
    assert len(desk("attempts", "--near", "--jsonl").ok().lines) == 2


def test_a_near_miss_is_no_hit_no_alert_and_no_incident(desk: Desk) -> None:
    near = typed(desk.address(), 1)
    with desk.store() as store:
        store.count_attempts([Attempts(NOW, QUIET, 1, (near,))])
    assert len(told(desk)["near"]) == 1
    assert desk("hits", "--json").json() == []
    assert desk("alerts", "list", "--json").json() == []
    assert desk("incidents", "--json").json() == []


def test_an_incident_lists_the_near_misses_of_its_decoys_apart(
    desk: Desk, mail: Callable[..., Message]
) -> None:
    mine, other = desk.address("e.marsh"), desk.address("e.lake", "B99")
    desk.keep(mail(mine, at=NOW))
    with desk.store() as store:
        store.count_attempts([Attempts(NOW, QUIET, 2, (typed(mine, 2), typed(other, 1)))])
    desk("incidents", "rebuild").ok()
    (incident,) = desk("incidents", "--json").json()
    shown = desk("incident", "show", incident["id"]).ok().lines
    heading = next(number for number, line in enumerate(shown) if line.startswith("Near misses, for review"))
    listed = list(takewhile(bool, shown[heading + 1 :]))
    assert [f"{typed(mine, 2)} (2 edits from {mine})" in line for line in listed] == [True]
    (miss,) = desk("incident", "show", incident["id"], "--json").json()["near"]
    assert (miss["decoy"], miss["times"]) == (mine, 1)
    assert desk("incidents", "--json").json()[0]["hits"] == 1


def test_what_was_minted_after_the_attempt_was_not_nearly_met(desk: Desk) -> None:
    with desk.store() as store:
        store.count_attempts([Attempts(NOW, QUIET, 1, ("nobody@one.example",))])
    assert told(desk)["near"] == []
    said = desk("attempts", "--near").ok()
    assert (said.out, "no near miss of a decoy" in said.err) == ("", True)
    near = typed(desk.address(), 1)
    config, yesterday = load(None, environ=os.environ, cwd=desk.folder), NOW - timedelta(days=1)
    with wiring.opened_store(config, wiring.load_keys(config), lambda: yesterday) as store:
        store.count_attempts([Attempts(yesterday, QUIET, 1, (near,))])
    assert told(desk)["near"] == []
