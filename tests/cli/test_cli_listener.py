"""What an operator of the listener looks at: who guesses, what ends soon, whether tests arrive."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canary.cli import concerns
from canary.model import Attempts, Message, Trace
from tests.cli.conftest import Desk

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def test_attempts_are_listed_by_day_the_busiest_network_first(desk: Desk) -> None:
    with desk.store() as store:
        store.count_attempts(
            [
                Attempts(TODAY, "203.0.113.9/32", 3, ("info@one.example", "sales@one.example")),
                Attempts(TODAY, "2001:db8::/64", 40, ("admin@one.example",)),
                Attempts(TODAY - timedelta(days=30), "192.0.2.1/32", 9, ()),
            ]
        )
    found = desk("attempts", "--json").ok().json()
    assert [each["network"] for each in found] == ["2001:db8::/64", "203.0.113.9/32"]
    assert found[0] == {
        "day": f"{TODAY:%Y-%m-%d}",
        "network": "2001:db8::/64",
        "count": 40,
        "sample": ["admin@one.example"],
    }
    assert len(desk("attempts", "--since", "60d", "--jsonl").ok().lines) == 3
    text = desk("attempts").ok().out
    assert "2001:db8::/64" in text
    assert "info@one.example" in text


def test_status_warns_of_what_will_be_a_loss_soon(
    desk: Desk, new_certificate: Callable[..., tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "self-test" not in desk("status", "--set", "alert.silence=0").ok().err
    assert "no self-test has arrived" in desk("status", "--set", "alert.silence=1h").ok().err
    with desk.store() as store:
        store.set_note("selftest.result", "failed")
    assert "the last self-test failed" in desk("status").ok().err
    cert, key = new_certificate(desk.folder / "soon", days=3)
    told = desk("status", "--set", f"sink.tls.cert={cert}", "--set", f"sink.tls.key={key}").ok()
    assert "certificate in use ends in 2 days" in told.err
    assert "until " in told.out
    monkeypatch.setattr(concerns, "SCARCE_BYTES", 10**18)
    assert "GB are free at" in desk("status").ok().err


def test_a_hit_shows_how_it_came_in(desk: Desk, mail: Callable[..., Message]) -> None:
    trace = Trace("mx.one.example", "ESMTP", "4F2A", ("0.001 C: EHLO mail.seller.example",))
    desk.keep(mail(desk.address(), trace=trace))
    (hit,) = desk("hits", "--json").json()
    assert hit["message"]["trace"]["lines"] == list(trace.lines)
    text = desk("hit", "show", hit["id"]).ok().out
    assert "by mx.one.example with ESMTP id 4F2A; " in text
    assert "0.001 C: EHLO mail.seller.example" in text
