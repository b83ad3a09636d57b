"""Django, in either of its ways: rows are seeded on their way out."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.utils.decorators import sync_and_async_middleware  # type: ignore[import-untyped]

from canary.client import Access, SyncPlanter

from .answers import PRIVATE, UNWANTED, Keep, found_in, is_json

log = logging.getLogger(__name__)


def seeding(
    planter: SyncPlanter, look: Callable[[HttpRequest], Access | None], keep: Keep, field: str = ""
) -> Callable[[Any], Any]:
    """Return a middleware; name where you keep it in MIDDLEWARE, behind GZipMiddleware and authentication.

    `look` says which access a request is, None for those that show no reviewers. `field` is where the rows
    are in the answer, "" where they are the answer.
    """

    def seeded(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            if not response.streaming and _seedable(response):
                access = look(request)
                found = found_in(response.content, field) if access else None
                if access is not None and found is not None:
                    rows = planter.seed(access, found.rows)
                    keep(access, rows)  # before anybody sees them
                    _replace(response, found.written(rows))
        except Exception:
            log.exception("an answer goes out without decoys")
        return response

    @sync_and_async_middleware  # type: ignore[untyped-decorator]
    def middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
        if inspect.iscoroutinefunction(get_response):

            async def asynchronous(request: HttpRequest) -> HttpResponse:
                answer: Awaitable[HttpResponse] = get_response(request)
                return await asyncio.to_thread(seeded, request, await answer)

            return asynchronous

        def synchronous(request: HttpRequest) -> HttpResponse:
            return seeded(request, get_response(request))

        return synchronous

    made: Callable[[Any], Any] = middleware
    return made


def _seedable(response: HttpResponse) -> bool:
    headers = response.headers
    return is_json(response.status_code, headers.get("Content-Type", ""), headers.get("Content-Encoding", ""))


def _replace(response: HttpResponse, body: bytes) -> None:
    for name in UNWANTED:
        response.headers.pop(name, None)
    response.headers["Cache-Control"] = PRIVATE
    response.headers["Content-Length"] = str(len(body))  # CommonMiddleware may have been there before
    response.content = body
