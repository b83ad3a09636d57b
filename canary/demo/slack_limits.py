"""A webhook's payload becomes Slack's own word for what is wrong with it, or none.

Limits: https://docs.slack.dev/reference/block-kit/blocks; the size of all blocks together is undocumented
(slackapi/bolt-js issue 2509).
"""

import json
from collections.abc import Callable
from typing import Any

BLOCKS = 50
BLOCKS_CHARS = 13_200
HEADER_CHARS = 150
TEXT_CHARS = 3000
FIELD_CHARS = 2000
FIELDS = 10
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
BLOCK_ID_CHARS = 255
BUTTON_CHARS = 75


def fault_of(payload: object) -> str:
    """Return the error that Slack answers a payload with, "" where it takes it."""
    if not isinstance(payload, dict) or not payload:
        return "invalid_payload"
    text, blocks = payload.get("text"), payload.get("blocks")
    if text is not None and not isinstance(text, str):
        return "invalid_payload"
    if not text and not blocks:
        return "no_text"
    return "" if blocks is None else _fault_of_blocks(blocks)


def _fault_of_blocks(blocks: object) -> str:
    if not isinstance(blocks, list) or len(blocks) > BLOCKS or not all(map(_is_block, blocks)):
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > BLOCKS_CHARS:
        return "msg_blocks_too_long"
    return ""


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return False
    known = KINDS.get(block["type"])
    if known is None:
        return False
    allowed, holds = known
    block_id = block.get("block_id", "x")
    return (
        set(block) <= {"type", "block_id", *allowed}
        and isinstance(block_id, str)
        and 0 < len(block_id) <= BLOCK_ID_CHARS
        and holds(block)
    )


def _is_header(block: dict[str, Any]) -> bool:
    return _is_text(block.get("text"), HEADER_CHARS, kinds=("plain_text",))


def _is_section(block: dict[str, Any]) -> bool:
    fields = block.get("fields")
    if "text" not in block and fields is None:
        return False
    if "text" in block and not _is_text(block["text"], TEXT_CHARS):
        return False
    return fields is None or (_is_list(fields, FIELDS) and all(_is_text(one, FIELD_CHARS) for one in fields))


def _is_context(block: dict[str, Any]) -> bool:
    elements = block.get("elements")
    return _is_list(elements, CONTEXT_ELEMENTS) and all(_is_text(one, TEXT_CHARS) for one in elements or ())


def _is_actions(block: dict[str, Any]) -> bool:
    elements = block.get("elements")
    return _is_list(elements, ACTION_ELEMENTS) and all(
        isinstance(one, dict)
        and one.get("type") == "button"
        and _is_text(one.get("text"), BUTTON_CHARS, kinds=("plain_text",))
        for one in elements or ()
    )


def _is_list(value: object, most: int) -> bool:
    return isinstance(value, list) and 0 < len(value) <= most


def _is_text(value: Any, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> bool:
    match value:
        case {"type": str(kind), "text": str(text)} if kind in kinds and 0 < len(text) <= most:
            option = "emoji" if kind == "plain_text" else "verbatim"
            return set(value) <= {"type", "text", option} and isinstance(value.get(option, True), bool)
        case _:
            return False


KINDS: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], bool]]] = {
    "header": (("text",), _is_header),
    "section": (("text", "fields", "expand"), _is_section),
    "context": (("elements",), _is_context),
    "actions": (("elements",), _is_actions),
    "divider": ((), lambda _: True),
}
