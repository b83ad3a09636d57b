"""The Django middleware, under WSGI and under ASGI."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import django  # type: ignore[import-untyped]
import pytest
from django.conf import settings  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse  # type: ignore[import-untyped]
from django.test import AsyncClient, Client  # type: ignore[import-untyped]
from django.urls import re_path  # type: ignore[import-untyped]

from canary.client import SyncPlanter
from examples.middleware.answers import Keep
from examples.middleware.for_django import seeding
from tests.middleware.middleware_parts import (
    STALE,
    UNTOUCHED,
    Answer,
    Markers,
    answer,
    broken,
    check_seeded,
    looked_at,
    plain,
)

JSON = "application/json"


def _reviews(request: HttpRequest) -> HttpResponse:
    if request.path == "/stream":
        return StreamingHttpResponse([plain()], content_type=JSON)
    if request.path == "/nothing":
        return HttpResponse(b'{"page": 1, "reviews": []}', content_type=JSON)
    status = 404 if request.path == "/error" else 200
    headers = {"Content-Encoding": "br"} if request.path == "/compressed" else STALE
    content_type = "text/plain" if request.path == "/text" else JSON
    return HttpResponse(plain(), status=status, headers=headers, content_type=content_type)


async def _areviews(request: HttpRequest) -> HttpResponse:
    return _reviews(request)


@pytest.fixture(scope="module", autouse=True)
def configured() -> Iterator[None]:
    """Configure Django as little as it allows; there is one Django in a process."""
    urls = ModuleType("shop_urls")
    urls.urlpatterns = [re_path("^async/", _areviews), re_path("", _reviews)]  # type: ignore[attr-defined]
    sys.modules[urls.__name__] = urls
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["shop_decoys.middleware", "django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF=urls.__name__,
        SECRET_KEY="made up",
        USE_TZ=True,
    )
    django.setup()
    yield
    del sys.modules[urls.__name__]


def _install(monkeypatch: pytest.MonkeyPatch, planter: SyncPlanter, keep: Keep) -> None:
    """Put the middleware where MIDDLEWARE names it."""
    module = ModuleType("shop_decoys")
    middleware = seeding(
        planter, lambda request: looked_at(request.path, request.headers["X-Employee"]), keep, "reviews"
    )
    module.middleware = middleware  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)


def _answer(got: Any) -> Answer:
    body = b"".join(got.streaming_content) if got.streaming else got.content
    return answer(body, got.headers.items())


def _get(path: str = "/", employee: str = "e.marsh") -> Answer:
    return _answer(Client().get(path, headers={"X-Employee": employee}))


def test_every_employee_gets_all_rows_and_decoys_of_their_own(
    monkeypatch: pytest.MonkeyPatch, sync_planter: SyncPlanter, tmp_path: Path
) -> None:
    markers = Markers(tmp_path / "markers.db")
    _install(monkeypatch, sync_planter, markers.keep)
    check_seeded(_get(), _get(), _get(employee="t.okafor"), markers)


async def test_asynchronous_views_are_seeded_too(
    monkeypatch: pytest.MonkeyPatch, sync_planter: SyncPlanter, tmp_path: Path
) -> None:
    markers = Markers(tmp_path / "markers.db")
    _install(monkeypatch, sync_planter, markers.keep)
    mine, again, other = [
        _answer(await AsyncClient().get("/async/", headers={"X-Employee": who}))
        for who in ("e.marsh", "e.marsh", "t.okafor")
    ]
    check_seeded(mine, again, other, markers)


@pytest.mark.parametrize("path", UNTOUCHED)
def test_other_answers_go_out_as_they_are(
    monkeypatch: pytest.MonkeyPatch, sync_planter: SyncPlanter, path: str
) -> None:
    _install(monkeypatch, sync_planter, broken)
    got = _get(path)
    assert got.body == (b'{"page": 1, "reviews": []}' if path == "/nothing" else plain())
    assert got.headers.get("etag") == (None if path in {"/stream", "/nothing", "/compressed"} else '"whole"')
    assert sync_planter.counts.planted == 0


def test_a_marker_that_cannot_be_kept_leaves_the_page_without_decoys(
    monkeypatch: pytest.MonkeyPatch, sync_planter: SyncPlanter
) -> None:
    _install(monkeypatch, sync_planter, broken)
    assert _get().body == plain()
    assert sync_planter.counts.planted == 1
