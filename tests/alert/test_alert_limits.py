import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canary.alert.blocks import PAYLOAD_BYTES, bare_payload, payload, size, text_payload
from canary.alert.plain import plain
from canary.alert.sample import sample_alert
from canary.demo.slack import render
from canary.demo.slack_limits import fault_of
from canary.model import (
    Access,
    Alert,
    BaseRate,
    Decoy,
    Hit,
    HitClass,
    KeptMessage,
    Peer,
    Probe,
    Verb,
    Verdict,
)

NOW = datetime(2026, 11, 22, 14, 3, 22, tzinfo=UTC)

NASTY = [
    "<!channel> <@U123|you> <https://evil.example|bank>",
    "&" * 3000,
    "<" * 3000,
    '\\"' * 2000,
    "\N{PILE OF POO}" * 1000,
    "`*_~" * 500,
    ":fire:" * 300,
    "\u202eevil\u200b\x00\x1b]8;;http://evil.example\x07",
    "http://evil.example/" + "a" * 3000,
    "> quote\n> more\n```code```\n* list",
    "\ud800\udfff",
]
text = st.sampled_from(NASTY) | st.text(max_size=60)
times = st.datetimes(datetime(2001, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@st.composite
def accesses(draw: st.DrawFn) -> Access:
    maybe = st.none() | text
    return Access(
        draw(text), draw(text), draw(times), draw(maybe), draw(maybe), draw(maybe), draw(maybe), id=draw(text)
    )


@st.composite
def hits(draw: st.DrawFn) -> Hit:
    peer = Peer(draw(text), draw(st.integers(0, 65535)), draw(text), draw(text), draw(text))
    head = f"From: {draw(text)}\nSubject: {draw(text)}\n".encode("utf-8", "replace")
    message = KeptMessage(draw(text), "", draw(text), (), peer, NOW, 1, draw(st.booleans()), head)
    probe = Probe(draw(text), Verb.RCPT, draw(text), peer, NOW, draw(st.integers(0, 10**9)))
    kind = draw(st.sampled_from(HitClass))
    return Hit(
        f"hit_{draw(st.integers(0, 10**9))}",
        draw(times),
        Verdict(kind, draw(st.floats(0, 1)), tuple(draw(st.lists(text, max_size=4)))),
        Decoy(draw(text), draw(text), draw(text), NOW, 0, draw(st.floats(0, 100)), "g", draw(st.booleans())),
        tuple(draw(st.lists(accesses(), max_size=3))),
        None if kind is HitClass.PROBE else message,
        probe if kind is HitClass.PROBE else None,
        draw(st.integers(1, 10**6)),
    )


def about(found: list[Hit], **changes: Any) -> Alert:
    return replace(sample_alert(lambda: NOW), id="alr_1", hits=tuple(found), **changes)


def check(alert: Alert) -> None:
    message = payload(alert)
    assert size(message) < PAYLOAD_BYTES
    assert len(json.dumps(message, ensure_ascii=False)) < 12_000
    assert fault_of(message) == ""
    assert message["unfurl_links"] is False
    assert message["unfurl_media"] is False
    for one in texts(message):
        inert(one)
    assert max(map(len, plain(alert).splitlines())) <= 110


def texts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") in {"plain_text", "mrkdwn"}:
            yield value
        elif isinstance(value.get("text"), str):
            yield {"type": "mrkdwn", "text": value["text"]}
        for inner in value.values():
            yield from texts(inner)
    if isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def inert(one: dict[str, Any]) -> None:
    """Nothing from outside formats, mentions, links, or hides anything."""
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", one["text"])
    assert all(char.isprintable() or char == "\n" for char in one["text"])
    if one["type"] == "plain_text":
        assert one["emoji"] is False
        return
    ours = "\n".join(re.sub(r"^\*[A-Z][^*\n]*\*", "", line) for line in one["text"].split("\n"))
    outside_code = re.sub(r"`[^`\n]+`", "", ours)
    assert not re.search(r"[`*~]|(?<![^\W_])_|_(?![^\W_])|:[\w+-]*[a-z][\w+-]*:", outside_code)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    found=st.lists(hits(), min_size=1, max_size=5), earlier=st.integers(0, 10**9), copies=st.integers(1, 20)
)
def test_every_alert_stays_within_the_limits_and_inert(found: list[Hit], earlier: int, copies: int) -> None:
    check(about(found * copies, earlier=earlier, base_rate=BaseRate(10**9, copies * 50, copies, 10**12)))


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("hit_class", [HitClass.MAIL, HitClass.PROBE])
def test_a_hundred_hits_full_of_the_same_nastiness_make_one_sound_message(
    nasty: str, hit_class: HitClass
) -> None:
    base = sample_alert(lambda: NOW).hits[0]
    assert base.message is not None
    peer = Peer(nasty, 1, nasty, nasty)
    found = [
        replace(
            base,
            id=f"hit_{number}",
            decoy=replace(base.decoy, address=f"{number}{nasty}"),
            verdict=Verdict(hit_class, 0.9, tuple(f"{number}{nasty}{at}" for at in range(3))),
            accesses=tuple(
                Access(
                    f"{number}{nasty}", f"{at}{nasty}", NOW - timedelta(days=at), nasty, nasty, nasty, nasty
                )
                for at in range(6)
            ),
            message=replace(
                base.message,
                id=f"msg_{number}",
                mail_from=nasty,
                peer=peer,
                head=f"From: {nasty}\nSubject: {nasty}\n".encode("utf-8", "replace"),
            )
            if hit_class is HitClass.MAIL
            else None,
            probe=Probe(nasty, Verb.VRFY, nasty, peer, NOW) if hit_class is HitClass.PROBE else None,
        )
        for number in range(100)
    ]
    alert = about(found)
    check(alert)
    assert "100" in payload(alert)["text"]
    assert "canary hit show hit_0" in render(payload(alert))
    for message in (text_payload(alert), bare_payload(alert)):
        assert fault_of(message) == ""
        assert len(message["text"]) < 2000


def test_a_hundred_ordinary_hits_keep_several_accounts_and_messages(make_alert: Callable[..., Alert]) -> None:
    alert = make_alert(count=100, employees=12, messages=20, subject="Your review " * 80)
    check(alert)
    shown = render(payload(alert))
    assert "more accounts" in shown
    assert "What arrived (2 of 20)" in shown


def test_wording_a_hundred_hits_takes_little_time(make_alert: Callable[..., Alert]) -> None:
    """The dispatcher words alerts on its event loop, beside the listener's replies."""
    alert = make_alert(count=100, employees=12, messages=100, subject="Your review " * 80)
    began = time.process_time()
    payload(alert)
    assert time.process_time() - began < 0.5


def test_a_subject_cannot_become_a_mention_or_a_link(make_alert: Callable[..., Alert]) -> None:
    subject = "<!channel> *pay* at https://evil.example @here :fire: `x`"
    message = payload(make_alert(subject=subject, sender='"<@U1>" <ceo@victim.example>'))
    fields = [field for block in message["blocks"] for field in block.get("fields", ())]
    shown = next(field for field in fields if field["text"].startswith("Subject"))
    assert shown == {
        "type": "plain_text",
        "emoji": False,
        "text": "Subject:\n&lt;!channel&gt; *pay* at hxxps://evil[.]example [@]here :fire: `x`",
    }
    assert "<" not in json.dumps(message)
    assert "evil.example" not in json.dumps(message)
