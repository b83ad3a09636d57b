"""The ASGI middleware around Starlette."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from canary.client import Access, Planter
from examples.middleware.answers import AsyncKeep
from examples.middleware.for_asgi import MOST, Scope, Seeding
from tests.middleware.middleware_parts import (
    STALE,
    UNTOUCHED,
    Answer,
    Markers,
    abroken,
    answer,
    check_seeded,
    looked_at,
    plain,
)

JSON = "application/json"


async def _reviews(request: Request) -> Response:
    if request.url.path == "/text":
        return PlainTextResponse(plain(), headers=STALE)
    if request.url.path == "/nothing":
        return Response(b'{"page": 1, "reviews": []}', media_type=JSON)
    if request.url.path == "/stream":
        return StreamingResponse(_pieces(), media_type=JSON)
    status = 404 if request.url.path == "/error" else 200
    headers = {"Content-Encoding": "br"} if request.url.path == "/compressed" else STALE
    return Response(plain(), status, headers, JSON)


def _pieces() -> Iterator[bytes]:
    """Yield an endless list, so to say."""
    yield plain()
    for _ in range(5):
        yield b" " * (MOST // 4)


def _look(scope: Scope) -> Access | None:
    return looked_at(scope["path"], dict(scope["headers"])[b"x-employee"].decode())


def _app(planter: Planter, keep: AsyncKeep, look: Any = _look) -> Starlette:
    seeding = Middleware(Seeding, planter=planter, look=look, keep=keep, field="reviews")
    return Starlette(routes=[Route("/{rest:path}", _reviews)], middleware=[seeding])


async def _get(app: Starlette | None, path: str = "/", employee: str = "e.marsh") -> Answer:
    app = app or Starlette(routes=[Route("/{rest:path}", _reviews)])
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tool") as client,
        client.stream("GET", path, headers={"X-Employee": employee}) as got,
    ):
        return answer(b"".join([piece async for piece in got.aiter_raw()]), got.headers.items())


async def test_every_employee_gets_all_rows_and_decoys_of_their_own(planter: Planter, tmp_path: Path) -> None:
    markers = Markers(tmp_path / "markers.db")
    app = _app(planter, markers.akeep)
    mine, again, other = [await _get(app, employee=who) for who in ("e.marsh", "e.marsh", "t.okafor")]
    check_seeded(mine, again, other, markers)


@pytest.mark.parametrize("path", UNTOUCHED)
async def test_other_answers_go_out_as_they_are(planter: Planter, path: str) -> None:
    got = await _get(_app(planter, abroken), path)
    assert got == await _get(None, path)
    assert planter.counts.planted == 0


async def test_a_marker_that_cannot_be_kept_leaves_the_page_without_decoys(planter: Planter) -> None:
    assert await _get(_app(planter, abroken)) == await _get(None)
    assert planter.counts.planted == 1


async def test_a_look_that_fails_leaves_the_page_as_it_is(planter: Planter) -> None:
    def look(_: Scope) -> Access | None:
        raise KeyError("session")

    assert await _get(_app(planter, abroken, look)) == await _get(None)


async def test_without_canary_the_page_has_all_rows(tmp_path: Path) -> None:
    markers = Markers(tmp_path / "markers.db")
    planter = Planter("http://127.0.0.1:1", key="key")
    got, whole = await _get(_app(planter, markers.akeep)), await _get(None)
    assert got.rows == whole.rows
    assert planter.counts.lost == 1
    await planter.aclose(patience=0)
