"""Starlette, FastAPI and everything else that speaks ASGI: rows are seeded on their way out."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from canary.client import Access, Planter

from .answers import PRIVATE, UNWANTED, AsyncKeep, found_in, is_json

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
MOST = 4_000_000


class Seeding:
    """Seeds the rows of JSON answers: `app.add_middleware(Seeding, planter=…, look=…, keep=…)`.

    `look` says, from a request's scope, which access it is; None for those that show no reviewers. `field`
    is where the rows are in the answer, "" where they are the answer. Stands inside of any compression, and
    inside of what says who is logged in, for `look` needs to know.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        *,
        planter: Planter,
        look: Callable[[Scope], Access | None],
        keep: AsyncKeep,
        field: str = "",
    ) -> None:
        self._app = app
        self._planter = planter
        self._look = look
        self._keep = keep
        self._field = field

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []
        size = 0

        async def sent(message: Message) -> None:
            nonlocal size
            if not held and not (message["type"] == "http.response.start" and _seedable(message)):
                await send(message)
                return
            held.append(message)
            size += len(message.get("body", b""))
            if size > MOST or message["type"] not in {"http.response.start", "http.response.body"}:
                log.warning("an answer is too large to be seeded, or something else")
                await _released(held, send)
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                await self._answer(scope, held, send)

        await self._app(scope, receive, sent)
        await _released(held, send)

    async def _answer(self, scope: Scope, held: list[Message], send: Send) -> None:
        """Send what was held back, seeded where that succeeds."""
        try:
            body = await self._seeded(scope, b"".join(message.get("body", b"") for message in held))
        except Exception:
            log.exception("an answer goes out without decoys")
            body = None
        if body is not None:
            start = held[0]
            kept = [pair for pair in start["headers"] if pair[0].decode("latin-1").lower() not in UNWANTED]
            told = [(b"content-length", b"%d" % len(body)), (b"cache-control", PRIVATE.encode())]
            held[:] = [{**start, "headers": kept + told}, {"type": "http.response.body", "body": body}]
        await _released(held, send)

    async def _seeded(self, scope: Scope, body: bytes) -> bytes | None:
        access = self._look(scope)
        found = found_in(body, self._field) if access else None
        if access is None or found is None:
            return None
        rows = await self._planter.seed(access, found.rows)
        await self._keep(access, rows)  # before anybody sees them
        return found.written(rows)


def _seedable(start: Message) -> bool:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return is_json(start["status"], headers.get("content-type", ""), headers.get("content-encoding", ""))


async def _released(held: list[Message], send: Send) -> None:
    """Send what was held back as it is, and hold back nothing."""
    messages, held[:] = held[:], []
    for message in messages:
        await send(message)
