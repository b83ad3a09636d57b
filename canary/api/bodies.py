"""What a client sends becomes a value, within the bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeVar

import msgspec

from canary.api.problems import refusal, unreadable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
Decoder = msgspec.json.Decoder

BODY_SECONDS = 30.0
JSON = b"application/json"
IDENTITY = b"identity"


class Gone(Exception):  # noqa: N818 - it says what happened to the client
    """The client hung up before it had said all."""


async def whole_body(receive: Receive, headers: Mapping[bytes, bytes], most: int) -> bytes:
    """Return a request's body. Raises Refusal, or Gone.

    What is announced as too large is refused before it is read, what turns out to be while it is.
    """
    told = headers.get(b"content-type", b"")
    if told != JSON and told.partition(b";")[0].strip().lower() != JSON:
        raise refusal("media-type", "send it as Content-Type: application/json")
    if b"content-encoding" in headers and headers[b"content-encoding"].lower() != IDENTITY:
        raise refusal("media-type", "send it without a Content-Encoding")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > len(str(most)) + 20 or int(length) > most):
        raise _too_large(most)
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise _too_large(most)
        return body
    return await _rest(receive, body, most)


async def _rest(receive: Receive, first: bytes, most: int) -> bytes:
    pieces, size, more = [first], len(first), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                if size > most:
                    raise _too_large(most)
                message = await _next(receive)
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                more = message.get("more_body", False)
    except TimeoutError:
        raise refusal("late", f"it has to be here within {BODY_SECONDS:g} seconds") from None
    if size > most:
        raise _too_large(most)
    return b"".join(pieces)


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message


def _too_large(most: int) -> Exception:
    return refusal(
        "too-large", f"at most {most:,} bytes are taken (api.max_body)", headers=((b"connection", b"close"),)
    )


def decoded(decoder: Decoder[T], body: bytes, within: str = "") -> T:
    """Return what a body says. Raises Refusal; `within` is the field that it stands in."""
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise unreadable(error, within) from None
    except UnicodeDecodeError:
        raise refusal("malformed", "it is not UTF-8") from None
    except RecursionError:
        raise refusal("malformed", "it is nested too deeply") from None
