import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from canary.alert import slack
from canary.alert.posting import retry_after
from canary.alert.slack import SlackChannel
from canary.demo.slack import Act, Reply, SlackReceiver
from canary.errors import CanaryError, ConfigurationError, DeliveryDelayed, DeliveryError
from canary.model import Alert
from canary.ports import system_clock

MakeAlert = Callable[..., Alert]
Open = Callable[..., AbstractAsyncContextManager[SlackChannel]]


@pytest.fixture(name="channel_to")
def channel_to_fixture(fake_time: Any) -> Open:
    @asynccontextmanager
    async def open_channel(url: str, *, patience: float = 5.0) -> AsyncIterator[SlackChannel]:
        channel = SlackChannel(url, timeout=patience, monotonic=fake_time.monotonic, sleep=fake_time.sleep)
        try:
            yield channel
        finally:
            await channel.aclose()

    return open_channel


def secret_of(url: str) -> str:
    return url.rpartition("/")[2]


async def test_an_alert_arrives_as_blocks(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert
) -> None:
    async with channel_to(receiver.url) as channel:
        await channel.deliver(make_alert())
    [message] = receiver.received
    assert message["blocks"][0]["text"]["text"].startswith("Decoy address received mail")


@pytest.mark.parametrize("act", [429, 500, 503, "hang", "reset", Reply(408)])
async def test_what_may_pass_is_tried_again(
    act: Act,
    receiver: SlackReceiver,
    channel_to: Open,
    make_alert: MakeAlert,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.script([act, 200])
    async with channel_to(receiver.url, patience=0.2) as channel:
        with pytest.raises(DeliveryDelayed) as caught:
            await channel.deliver(make_alert())
        await channel.deliver(make_alert())
    assert len(receiver.received) == 1
    unrevealing(caught.value, receiver.url, caplog.text)


@pytest.mark.parametrize(
    ("act", "says", "hint"),
    [
        (403, "403 action_prohibited", "workspace admin"),
        (404, "404 no_service", "make a new webhook"),
        (410, "410 channel_is_archived", "unarchive the channel"),
        ("redirect", "302", "https://hooks.slack.com/services/"),
        (Reply(200, "<html>welcome</html>"), "200 <html>welcome</html>", "https://hooks.slack.com/services/"),
    ],
)
async def test_what_will_not_pass_is_parked_with_a_reason_and_a_remedy(
    act: Act,
    says: str,
    hint: str,
    receiver: SlackReceiver,
    channel_to: Open,
    make_alert: MakeAlert,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.script([act])
    async with channel_to(receiver.url) as channel:
        with pytest.raises(DeliveryError, match=says) as caught:
            await channel.deliver(make_alert())
    assert hint in caught.value.hint
    assert len(receiver.attempts) == 1
    unrevealing(caught.value, receiver.url, caplog.text)


def unrevealing(error: CanaryError, url: str, log: str) -> None:
    """Neither error nor log shows the URL, nor do the errors behind it."""
    assert error.__context__ is None
    for shown in (repr(error), str(error), error.hint, log):
        assert secret_of(url) not in shown


async def test_an_answer_that_quotes_the_url_is_redacted(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert
) -> None:
    secret = secret_of(receiver.url)
    receiver.script(
        [Reply(404, f"The requested URL /services/T/B/{secret} was not found\x1b[31m" + "x" * 9000)]
    )
    async with channel_to(receiver.url) as channel:
        with pytest.raises(DeliveryError) as caught:
            await channel.deliver(make_alert())
    assert "[secret] was not found" in str(caught.value)
    assert secret not in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 150


async def test_refused_blocks_go_out_once_more_as_text(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert
) -> None:
    receiver.script([Reply(400, "msg_blocks_too_long"), 200])
    async with channel_to(receiver.url) as channel:
        await channel.deliver(make_alert())
    [message] = receiver.received
    assert "blocks" not in message
    assert "e.moore" in message["text"]


async def test_refused_text_is_parked(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert
) -> None:
    receiver.script([Reply(400, "invalid_blocks"), Reply(400, "invalid_payload")])
    async with channel_to(receiver.url) as channel:
        with pytest.raises(DeliveryError, match="400 invalid_payload"):
            await channel.deliver(make_alert())


async def test_an_alert_that_cannot_be_worded_goes_out_bare(
    receiver: SlackReceiver,
    channel_to: Open,
    make_alert: MakeAlert,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: Alert) -> dict[str, Any]:
        raise KeyError("evil@attacker.example")

    monkeypatch.setattr(slack, "payload", broken)
    async with channel_to(receiver.url) as channel:
        await channel.deliver(make_alert(count=2))
    [message] = receiver.received
    assert "canary hit show hit_0 hit_1" in message["text"]
    assert "KeyError" in caplog.text
    assert "evil" not in caplog.text


async def test_nobody_listening_is_a_delay(channel_to: Open, make_alert: MakeAlert) -> None:
    async with SlackReceiver() as gone:
        url = gone.url
    async with channel_to(url) as channel:
        with pytest.raises(DeliveryDelayed, match="cannot be reached: ConnectError") as caught:
            await channel.deliver(make_alert())
    unrevealing(caught.value, url, "")


async def test_at_most_one_message_a_second(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert, fake_time: Any
) -> None:
    async with channel_to(receiver.url) as channel:
        await asyncio.gather(*(channel.deliver(make_alert()) for _ in range(4)))
    assert fake_time.slept == [1.0, 1.0, 1.0]


async def test_a_channel_that_asked_for_quiet_is_left_alone(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert, fake_time: Any
) -> None:
    receiver.script([Reply(429, "rate_limited", {"Retry-After": "30"})])
    async with channel_to(receiver.url) as channel:
        with pytest.raises(DeliveryDelayed) as caught:
            await channel.deliver(make_alert())
        assert caught.value.retry_after == 30
        fake_time.now += 10
        with pytest.raises(DeliveryDelayed, match="quiet") as caught:
            await channel.deliver(make_alert())
        assert caught.value.retry_after == 20
        fake_time.now += 20
        await channel.deliver(make_alert())
    assert [attempt.outcome for attempt in receiver.attempts] == [429, 200]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("30", 30),
        ("1.5", 1.5),
        ("-5", 0),
        ("999999999", 3600),
        ("1e999", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0000", 3600),
    ],
)
def test_retry_after_is_seconds_a_date_or_nonsense(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_a_retry_after_date_counts_from_now() -> None:
    wait = retry_after(format_datetime(system_clock() + timedelta(seconds=100), usegmt=True))
    assert wait is not None
    assert 95 < wait <= 100


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T0/B0/topsecret",
        "ftp://hooks.slack.com/services/T0/B0/topsecret",
        "hooks.slack.com/services/T0/B0/topsecret",
        "https:///services/T0/B0/topsecret",
        "https://hooks.slack.com:x/topsecret",
        "https://[::1/topsecret",
        "https://hooks.slack.com/top secret",
        "http://127.0.0.1.evil.example/topsecret",
        "",
    ],
)
def test_only_https_or_loopback_is_a_webhook(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SlackChannel(url)
    assert "secret" not in f"{caught.value!r}{caught.value.hint}{caught.value.__context__!r}"


@pytest.mark.parametrize("proxy", ["bad://proxyuser:proxypass@127.0.0.1:1"])
def test_unusable_proxy_settings_are_said_without_their_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        SlackChannel("https://hooks.slack.com/services/T0/B0/topsecret")
    assert caught.value.__context__ is None


async def test_a_loopback_receiver_is_reached_without_the_proxy(
    receiver: SlackReceiver, make_alert: MakeAlert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    channel = SlackChannel(receiver.url)
    await channel.deliver(make_alert())
    await channel.aclose()
    assert len(receiver.received) == 1


async def test_the_url_is_shown_nowhere(
    receiver: SlackReceiver, channel_to: Open, make_alert: MakeAlert, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at DEBUG, where httpx and httpcore log every request."""
    caplog.set_level(logging.DEBUG)
    async with channel_to(receiver.url) as channel:
        await channel.deliver(make_alert())
        assert repr(channel) == "SlackChannel(slack)"
    assert "/services/" not in caplog.text


def test_httpx_is_loaded_only_when_a_channel_is_built() -> None:
    code = "import sys, canary.alert.slack, canary.alert.dispatcher; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
