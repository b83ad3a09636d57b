"""A story becomes a Slack message within Slack's limits, however long or hostile what arrived."""

import json
from collections.abc import Iterable
from typing import Any

from canary.alert.markup import escaped, mrkdwn, unmarked
from canary.alert.receipt import Receipt, is_receipt, receipt, receipt_summary
from canary.alert.wording import FULL, TITLE_CHARS, Detail, Story, story, summary
from canary.model import Alert, Notice

Payload = dict[str, Any]

PAYLOAD_BYTES = 12_000
SECTION_CHARS = 3000
FIELD_CHARS = 2000
FIELDS = 10
SUMMARY_CHARS = 1000
STEP_CHARS = 500
DETAILS = (
    FULL,
    Detail(accounts=4, arrivals=2, values=3, chars=160, reasons=5),
    Detail(accounts=2, arrivals=1, values=2, chars=80, reasons=3),
    Detail(accounts=1, arrivals=1, values=1, chars=40, reasons=1),
)


def payload(alert: Alert) -> Payload:
    """Return the Slack message for an alert: `text` beside blocks, nothing unfurled.

    At most 12,000 bytes of JSON: Slack refuses blocks beyond about 13,200 characters
    (`msg_blocks_too_long`, undocumented), so a long alert is told in less detail.
    """
    if not alert.hits:
        return bare_payload(alert)
    text = text_payload(alert)
    if is_receipt(alert):
        return {**text, "blocks": receipt_blocks(receipt(alert))}
    for detail in DETAILS:
        told = {**text, "blocks": blocks(story(alert, detail))}
        if size(told) < PAYLOAD_BYTES:
            return told
    return text


def text_payload(alert: Alert) -> Payload:
    """Return the same alert as a text without blocks, in one or two lines."""
    told = receipt_summary(alert) if is_receipt(alert) else summary(alert)
    return _message(escaped(unmarked(told), SUMMARY_CHARS))


def notice_payload(notice: Notice) -> Payload:
    """Return the Slack message for a notice: `text` beside blocks."""
    steps = [f"{number}. {escaped(step, STEP_CHARS)}" for number, step in enumerate(notice.steps, 1)]
    laid = [
        {"type": "header", "text": _plain(notice.title, TITLE_CHARS)},
        *_sections([escaped(notice.text, SECTION_CHARS)]),
        *_sections(["*What to check*", *steps] if steps else []),
    ]
    return {**notice_text(notice), "blocks": laid}


def notice_text(notice: Notice) -> Payload:
    """Return the same notice as a text without blocks."""
    return _message(escaped(f"{notice.title}. {notice.text}", SUMMARY_CHARS))


def bare_payload(alert: Alert) -> Payload:
    """Return an alert that takes nothing from what arrived, for when that cannot be worded."""
    ids = " ".join(hit.id for hit in alert.hits[:3])
    return _message(
        f"A decoy was hit ({len(alert.hits)} hits in this alert). The alert could not be worded in full; "
        f"look at it with: canary hit show {ids or '(see: canary hits)'}"
    )


def size(message: Payload) -> int:
    """Return how many bytes of JSON a message is on the wire."""
    return len(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))


def receipt_blocks(told: Receipt) -> list[Payload]:
    """Return a receipt as blocks: no header, which is what alarms have."""
    facts = (f"{label}: {mrkdwn(value)}" for label, value in told.facts)
    lines = _sections((f"*{escaped(unmarked(told.title), TITLE_CHARS * 5)}*", *facts))
    return [*lines, {"type": "context", "elements": [_marked(told.note), _marked(mrkdwn(told.rest))]}]


def blocks(told: Story) -> list[Payload]:
    """Return a story as Block Kit blocks (https://docs.slack.dev/reference/block-kit/blocks)."""
    laid = [
        {"type": "header", "text": _plain(told.title, TITLE_CHARS)},
        *_sections(mrkdwn(sentence) for sentence in told.lead),
    ]
    said = [escaped(unmarked(each.text), each.limit) for each in told.known]
    laid += _sections(
        ("*What all hits of it say together*", *said[:1], *(f"• {each}" for each in said[1:])) if said else ()
    )
    if told.facts:
        fields = [_marked(f"*{label}*\n{mrkdwn(value)}") for label, value in told.facts]
        laid.append({"type": "section", "fields": fields[:FIELDS]})
    if told.exposed:
        exposed = (f"• {mrkdwn(sentence)}" for sentence in told.exposed)
        laid += _sections(("*Exposed through the accesses of*", *exposed))
    laid += _arrivals(told)
    reasons = (f"• {escaped(unmarked(reason.text), reason.limit)}" for reason in told.reasons)
    laid += _sections((f"*Confidence {told.confidence}, because*", *reasons))
    laid += _sections(("*What else could explain it*", *(f"• {mrkdwn(doubt)}" for doubt in told.doubts)))
    steps = (f"{number}. {mrkdwn(step)}" for number, step in enumerate(told.steps, 1))
    laid += _sections(("*What to do next*", *steps))
    laid.append({"type": "divider"})
    laid.append({"type": "context", "elements": [_marked(mrkdwn(told.noise)), _marked(mrkdwn(told.rest))]})
    return laid


def _arrivals(told: Story) -> list[Payload]:
    laid: list[Payload] = []
    total = len(told.arrived) + told.more_arrived
    for number, rows in enumerate(told.arrived, 1):
        which = f" ({number} of {total:,})" if total > 1 else ""
        fields = [_plain(f"{label}:\n{value.text}", FIELD_CHARS) for label, value in rows]
        laid.append({"type": "section", "text": _marked(f"*What arrived*{which}"), "fields": fields})
    if told.more_arrived:
        laid += _sections((f"… and {told.more_arrived:,} more.",))
    return laid


def _sections(lines: Iterable[str]) -> list[Payload]:
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= SECTION_CHARS:
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return [{"type": "section", "text": _marked(text)} for text in texts]


def _message(text: str) -> Payload:
    return {"text": text, "unfurl_links": False, "unfurl_media": False}


def _marked(text: str) -> Payload:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str, limit: int) -> Payload:
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}
