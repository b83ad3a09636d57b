import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from canary.demo.slack import Reply, SlackReceiver, render
from canary.demo.slack_limits import fault_of

HELLO = {"text": "hello"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as one:
        yield one


def mark(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": mark(text)}


async def test_a_sound_message_is_taken(receiver: SlackReceiver, client: httpx.AsyncClient) -> None:
    answer = await client.post(receiver.url, json=HELLO)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert await receiver.wait_for(1, timeout=1) == [HELLO]
    with pytest.raises(TimeoutError):
        await receiver.wait_for(2, timeout=0.01)


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ([], "invalid_payload"),
        ({"text": 1}, "invalid_payload"),
        ({"channel": "x"}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"blocks": "x"}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider", "colour": "red"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider", "block_id": ""}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": mark("x")}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": plain("x" * 151)}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "fields": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "fields": [mark("x")] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "fields": [mark("x" * 2001)]}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {**mark("x"), "emoji": True}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [mark("x")] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "actions", "elements": [mark("x")]}]}, "invalid_blocks"),
        ({"blocks": [section("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"blocks": [section("x" * 3000), {"type": "divider", "block_id": "a"}]}, ""),
        ({"blocks": [{"type": "section", "fields": [plain("x" * 2000)] * 5}]}, ""),
        ({"blocks": [{"type": "actions", "elements": [{"type": "button", "text": plain("x")}]}]}, ""),
    ],
)
def test_slack_limits_are_enforced(payload: object, fault: str) -> None:
    assert fault_of(payload) == fault


async def test_a_fault_is_answered_with_slacks_word(
    receiver: SlackReceiver, client: httpx.AsyncClient
) -> None:
    answer = await client.post(receiver.url, json={"blocks": [section("")]})
    assert (answer.status_code, answer.text) == (400, "invalid_blocks")
    assert receiver.received == []


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b"null"])
async def test_a_broken_body_is_an_invalid_payload(
    body: bytes, receiver: SlackReceiver, client: httpx.AsyncClient
) -> None:
    answer = await client.post(receiver.url, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text) == (400, "invalid_payload")


async def test_only_the_right_request_is_served(receiver: SlackReceiver, client: httpx.AsyncClient) -> None:
    async def status(method: str, url: str, **more: Any) -> int:
        return (await client.request(method, url, **more)).status_code

    assert await status("POST", receiver.url + "x", json=HELLO) == 404
    assert await status("GET", receiver.url) == 405
    assert await status("PUT", receiver.url, json=HELLO) == 405
    assert await status("POST", receiver.url, content=b"x" * 2_000_000) == 413
    assert await status("POST", receiver.url, data={"text": "hello"}) == 400


async def test_more_than_a_burst_is_told_to_wait(client: httpx.AsyncClient) -> None:
    async with SlackReceiver(rate_limit=True) as receiver:
        answers = [await client.post(receiver.url, json=HELLO) for _ in range(5)]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert answers[4].status_code == 429
    assert answers[4].headers["Retry-After"] == "1"


async def test_a_script_is_played_in_order(receiver: SlackReceiver, client: httpx.AsyncClient) -> None:
    receiver.script([500, "redirect", "reset", "hang", Reply(403, "team_disabled", {"X-Seen": "yes"}), 200])
    assert (await client.post(receiver.url, json=HELLO)).status_code == 500
    assert (await client.post(receiver.url, json=HELLO)).status_code == 302
    with pytest.raises(httpx.TransportError):
        await client.post(receiver.url, json=HELLO)
    with pytest.raises(httpx.ReadTimeout):
        await client.post(receiver.url, json=HELLO, timeout=0.1)
    assert (await client.post(receiver.url, json=HELLO)).headers["X-Seen"] == "yes"
    assert (await client.post(receiver.url, json=HELLO)).text == "ok"
    outcomes = [attempt.outcome for attempt in await receiver.wait_for_attempts(6)]
    assert outcomes == [500, 302, "reset", "hang", 403, 200]
    assert receiver.received == [HELLO]


async def test_it_closes_while_somebody_hangs(client: httpx.AsyncClient) -> None:
    async with SlackReceiver() as receiver:
        receiver.script(["hang"])
        hanging = asyncio.create_task(client.post(receiver.url, json=HELLO))
        await receiver.wait_for_attempts(1)
    with pytest.raises(httpx.TransportError):
        await hanging


def test_a_receiver_that_does_not_listen_has_no_url() -> None:
    with pytest.raises(RuntimeError):
        _ = SlackReceiver().url


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("*bold* and _slanted_ and ~gone~", "bold and slanted and gone"),
        ("*Account*\n`j*doe*`", "Account\nj*doe*"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("&lt;!channel&gt; &amp;amp;", "<!channel> &amp;"),
        ("<https://docs.example|the docs> <https://x.example>", "the docs https://x.example"),
        ("\x1b[31m", "\ufffd[31m"),
    ],
)
def test_a_reader_sees_text_without_marks(text: str, seen: str) -> None:
    assert render({"text": text}) == seen


def test_a_message_is_laid_out_in_a_hundred_columns() -> None:
    message = {
        "text": "only the notification",
        "blocks": [
            {"type": "header", "text": plain("A *title*")},
            {
                "type": "section",
                "text": mark("• " + "word " * 30),
                "fields": [plain("one"), mark("*two*"), mark("x" * 60)],
            },
            {"type": "divider"},
            {"type": "actions", "elements": [{"type": "button", "text": plain("Show")}]},
            {"type": "context", "elements": [mark("`end`")]},
        ],
    }
    lines = render(message).splitlines()
    assert lines[:2] == ["A *title*", "========="]
    assert lines[4].startswith("  word")
    assert "one" + " " * 49 + "two" in lines
    assert "[ Show ]" in lines
    assert lines[-1] == "end"
    assert max(map(len, lines)) <= 100
