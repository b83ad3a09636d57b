"""Mail over SMTP becomes one story in Slack: a first sign, growth, and the moment it points to an account."""

import asyncio
import json
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.alert.slack import SlackChannel
from canary.demo.slack import SlackReceiver
from canary.investigate.briefing import briefed, judging, news_of
from canary.investigate.incidents import joiner
from canary.model import Access, Decoy, Lead
from canary.ports import Owing
from canary.store import SqliteStore
from canary.watch import watching
from canary.watch.appraising import Appraising
from tests.parts import House
from tests.watch.conftest import until
from tests.watch.test_watch import SETTINGS

POINTS = 0.9
OWING = Owing(("slack",), timedelta(minutes=5), hold=timedelta(seconds=3))
WINDOW = timedelta(days=90)


def sent_to(where: tuple[str, int], decoy: Decoy, number: int) -> None:
    """Send a mail of a sender of its own, from which nothing can be told of the others."""
    with smtplib.SMTP(*where, timeout=60) as client:
        text = f"From: care@s{number}.example\r\nSubject: {number}\r\n\r\nPlease change your review.\r\n"
        client.sendmail(f"care@s{number}.example", [decoy.address], text)


def shown(house: House, access: Callable[..., Access]) -> Iterator[Decoy]:
    """Have twenty employees look at ten records each; yield what the third of them was shown."""
    for who in range(20):
        for what in range(10):
            decoy = house.planter.plant(access(f"e{who}", f"B{(7 * who + what) % 40:02}")).decoys[0]
            if who == 2:
                yield decoy


def appraising(store: SqliteStore) -> Appraising:
    return Appraising(joined=joiner(store, WINDOW), judge=judging(store, POINTS))


async def test_a_leak_is_one_story_whose_turn_is_told_at_once(
    house: House, access: Callable[..., Access]
) -> None:
    decoys = list(shown(house, access))
    house.planter.mint_controls(100)
    house.clock.forward(days=2)
    store = house.reopen(OWING)
    async with SlackReceiver() as slack:
        serving = watching(
            store,
            SETTINGS,
            [SlackChannel(slack.url)],
            house.clock,
            appraising=appraising(store),
            brief=lambda alert: replace(alert, briefing=briefed(store, alert, POINTS)),
        )
        async with serving as (where,):
            await asyncio.to_thread(sent_to, where, decoys[0], 0)
            (first,) = await slack.wait_for(1)
            for number, decoy in enumerate(decoys[1:6], 1):
                house.clock.forward(seconds=5)
                await asyncio.to_thread(sent_to, where, decoy, number)
                await until(lambda: not store.unappraised("", 1))
            turn = (await slack.wait_for(2))[1]
            house.clock.forward(minutes=20)
            growth = (await slack.wait_for(3))[2]
    assert first["text"].startswith("inc_1: Decoy address received mail, exposed through the access of e2")
    assert turn["text"].startswith("inc_1, update 1: it now points to e2, 9")
    assert growth["text"].startswith("inc_1, update 2: ")
    assert "canary incident show inc_1" in json.dumps(growth)
    assert len(slack.received) == 3


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (None, Lead(("a",), 0.99), ""),
        (Lead(("a",), 0.5), Lead(("a",), 0.95), "It now points to a, 95.0 %; it did not"),
        (Lead(("a",), 0.95), Lead(("a",), 0.99), ""),
        (Lead(("a",), 0.95), Lead(("a",), 0.5), "It no longer points to a (said with 95.0 %)"),
        (Lead(("a",), 0.95), Lead((), 0.99), "It no longer points to a"),
        (Lead(("a",), 0.95), Lead(("b",), 0.99), "It now points to b, 99.0 %; before it was a."),
        (Lead(("a", "b"), 0.95), Lead(("b", "a"), 0.99), ""),
        (Lead(("a",), 0.5), Lead(("b",), 0.5), ""),
        (Lead(), Lead((), 0.99), ""),
    ],
)
def test_only_a_turn_is_news(before: Lead | None, now: Lead, words: str) -> None:
    told = news_of(before, now, POINTS)
    assert told.startswith(words)
    assert bool(told) == bool(words)
