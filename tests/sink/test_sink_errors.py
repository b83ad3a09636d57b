"""How many mistakes a client may make, and whom they cost nothing."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from canary.sink.answer import Do
from canary.sink.commands import answer
from canary.sink.settings import Limits
from tests.sink.test_sink_manners import begun, rcpt
from tests.sink.visits import new_visit


@pytest.mark.parametrize(
    ("profile", "errors", "sent_away"),
    [
        *(("postfix", 20, 20), ("postfix", 6, 6), ("postfix", 30, 30), ("postfix", 1, 1)),
        *(("generic", 20, 20), ("generic", 30, 30), ("exim", 20, 4), ("exim", 3, 3), ("exim", 1, 1)),
    ],
)
def test_a_client_is_sent_away_after_as_many_errors_as_the_setting_says(
    profile: str, errors: int, sent_away: int
) -> None:
    line = b"MAIL now" if profile != "exim" else b"RSET now"
    visit = begun(new_visit(profile=profile, limits=Limits(errors=errors)))
    made = 0
    while made < 40:
        made += 1
        if answer(visit, line).do is Do.HANG_UP or visit.errors >= errors:
            break
    assert made == sent_away


@pytest.mark.parametrize(("errors", "first_late"), [(20, 11), (6, 4), (40, 21), (1, 2)])
def test_answers_are_late_from_half_of_the_errors_on(errors: int, first_late: int) -> None:
    visit = begun(new_visit(limits=Limits(errors=errors)))
    made = 0
    while not visit.delay:
        made += 1
        answer(visit, b"FOO")
    assert (made, visit.delay) == (first_late, 1.0)
    plain = begun(new_visit(profile="generic", limits=Limits(errors=errors)))
    for _ in range(errors):
        answer(plain, b"FOO")
    assert plain.delay == 0


EXEMPT = Limits(exempt=(ip_network("192.0.2.0/24"),), errors=4, unknown_slow=2, unknown=5)
STRICT = replace(EXEMPT, exempt=())


@pytest.mark.parametrize("profile", ["postfix", "exim", "generic"])
@pytest.mark.parametrize(
    "settings", [{"lmtp": True, "limits": replace(EXEMPT, exempt=())}, {"limits": EXEMPT}]
)
def test_mail_hosts_of_ours_are_neither_slowed_nor_sent_away(profile: str, settings: dict[str, Any]) -> None:
    visit = begun(new_visit(profile=profile, **settings))
    for number in range(40):
        assert answer(visit, b"RSET now").do is Do.GO_ON
        assert rcpt(visit, f"nobody{number}@example.net")[:3] == "550"
    assert (visit.delay, visit.unwelcome) == (0.0, "")
    assert visit.house.gate.drain(visit.house.clock())[0].count == 40
