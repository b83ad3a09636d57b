"""A bot's alerts: a thread for an incident, what Slack refuses, and a token that nobody sees."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from canary.alert.slack_threads import SlackThreads
from canary.demo.slack import Reply, SlackReceiver
from canary.errors import ConfigurationError, DeliveryDelayed, DeliveryError
from canary.model import Alert, Notice
from tests.alert.test_alert_case import BRIEFING, of_case

MakeAlert = Callable[..., Alert]


def refusal(error: str, **more: object) -> Reply:
    return Reply(200, json.dumps({"ok": False, "error": error, **more}))


@pytest.fixture
async def bot(receiver: SlackReceiver, fake_time: Any) -> AsyncIterator[SlackThreads]:
    made = SlackThreads(
        receiver.token,
        receiver.channel,
        api=receiver.api,
        timeout=5.0,
        monotonic=fake_time.monotonic,
        sleep=fake_time.sleep,
    )
    yield made
    await made.aclose()


async def test_more_of_an_incident_is_the_thread_of_its_first_sign(
    receiver: SlackReceiver, bot: SlackThreads, make_alert: MakeAlert
) -> None:
    thread = await bot.deliver(of_case(make_alert()))
    assert await bot.deliver(of_case(make_alert(), updates=1, thread=thread)) == thread
    news = replace(BRIEFING, news="It now points to e.moore, 97.0 %; it did not when this was told last.")
    assert await bot.deliver(of_case(make_alert(), news, updates=2, thread=thread)) == thread
    assert [len(replies) for replies in receiver.threads.values()] == [3]
    assert [each.get("reply_broadcast") for each in receiver.received] == [None, False, True]


async def test_other_incidents_and_notices_are_messages_of_their_own(
    receiver: SlackReceiver, bot: SlackThreads, make_alert: MakeAlert
) -> None:
    assert await bot.deliver(of_case(make_alert())) != await bot.deliver(of_case(make_alert()))
    await bot.announce(Notice("The sink has heard no self-test", "For 26 h.", ("Look.",)))
    assert [len(replies) for replies in receiver.threads.values()] == [1, 1, 1]


async def test_a_thread_that_was_deleted_begins_anew(
    receiver: SlackReceiver, bot: SlackThreads, make_alert: MakeAlert
) -> None:
    thread = await bot.deliver(of_case(make_alert(), updates=1, thread="1700000000.000001"))
    assert list(receiver.threads) == [thread]


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(429, "", {"Retry-After": "30"}), 30.0),
        (Reply(503), None),
        (refusal("ratelimited"), None),
        (refusal("internal_error"), None),
    ],
)
async def test_what_may_pass_is_tried_again(
    reply: Reply, seconds: float | None, receiver: SlackReceiver, bot: SlackThreads, make_alert: MakeAlert
) -> None:
    receiver.script([reply])
    with pytest.raises(DeliveryDelayed) as caught:
        await bot.deliver(make_alert())
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("reply", "says", "hint"),
    [
        (refusal("not_in_channel"), "not_in_channel", "invite the bot"),
        (refusal("channel_not_found"), "channel_not_found", "alert.slack.channel"),
        (refusal("token_revoked"), "token_revoked", "alert.slack.token_file anew"),
        (refusal("missing_scope", needed="chat:write"), "missing_scope", "chat:write"),
        (refusal("an error nobody told of <!channel>"), "unknown_error", "https://docs.slack.dev"),
        (Reply(200, "<html>a proxy</html>"), "Slack answered 200 <html>a proxy</html>", "https://docs"),
        (Reply(200, "[" * 10_000), "Slack answered 200", "https://docs"),
    ],
)
async def test_what_will_not_pass_says_what_to_do(
    reply: Reply, says: str, hint: str, receiver: SlackReceiver, bot: SlackThreads, make_alert: MakeAlert
) -> None:
    receiver.script([reply])
    with pytest.raises(DeliveryError) as caught:
        await bot.deliver(make_alert())
    assert says in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_blocks_too_long"])
async def test_blocks_that_are_refused_go_out_as_text_in_the_same_thread(
    error: str, receiver: SlackReceiver, bot: SlackThreads, make_alert: MakeAlert
) -> None:
    thread = await bot.deliver(make_alert())
    receiver.script([refusal(error)])
    await bot.deliver(of_case(make_alert(), updates=1, thread=thread))
    message = receiver.received[-1]
    assert ("blocks" in message, message["thread_ts"]) == (False, thread)


async def test_the_token_is_seen_nowhere(
    receiver: SlackReceiver, make_alert: MakeAlert, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = SlackThreads("xoxb-wrong-0123456789", receiver.channel, api=receiver.api)
    with pytest.raises(DeliveryError, match="invalid_auth") as caught:
        await wrong.deliver(make_alert())
    receiver.script([Reply(500, "xoxb-wrong-0123456789"), Reply(200, "xoxb-wrong-0123456789")])
    for error in (DeliveryDelayed, DeliveryError):
        with pytest.raises(error) as again:
            await wrong.deliver(make_alert())
        assert "xoxb" not in again.value.message
    await wrong.aclose()
    assert "xoxb" not in f"{wrong!r} {caught.value!r} {caplog.text}"


def test_a_token_is_never_sent_in_clear_text() -> None:
    with pytest.raises(ConfigurationError, match=r"alert\.slack\.api must begin with https"):
        SlackThreads("xoxb-0123456789", "C012AB3CD", api="http://slack.example/api/")
