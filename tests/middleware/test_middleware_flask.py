"""The Flask extension."""

from pathlib import Path

import pytest
from flask import Flask, Response, request

from canary.client import SyncPlanter
from examples.middleware.answers import Keep
from examples.middleware.for_flask import seed_answers
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


def _app(planter: SyncPlanter, keep: Keep) -> Flask:
    app = Flask("shop")

    @app.get("/")
    @app.get("/<path>")
    def reviews(path: str = "") -> Response:
        if path == "stream":
            return Response(iter([plain()]), content_type=JSON)
        if path == "nothing":
            return Response(b'{"page": 1, "reviews": []}', content_type=JSON)
        status = 404 if path == "error" else 200
        headers = {"Content-Encoding": "br"} if path == "compressed" else STALE
        return Response(plain(), status, headers, content_type="text/plain" if path == "text" else JSON)

    seed_answers(
        app, planter, lambda: looked_at(request.path, request.headers["X-Employee"]), keep, "reviews"
    )
    return app


def _get(app: Flask, path: str = "/", employee: str = "e.marsh") -> Answer:
    with app.test_client().get(path, headers={"X-Employee": employee}) as got:
        return answer(got.get_data(), got.headers.items())


def test_every_employee_gets_all_rows_and_decoys_of_their_own(
    sync_planter: SyncPlanter, tmp_path: Path
) -> None:
    markers = Markers(tmp_path / "markers.db")
    app = _app(sync_planter, markers.keep)
    check_seeded(_get(app), _get(app), _get(app, employee="t.okafor"), markers)


@pytest.mark.parametrize("path", UNTOUCHED)
def test_other_answers_go_out_as_they_are(sync_planter: SyncPlanter, path: str) -> None:
    got = _get(_app(sync_planter, broken), path)
    assert got.body == (b'{"page": 1, "reviews": []}' if path == "/nothing" else plain())
    assert sync_planter.counts.planted == 0


def test_a_marker_that_cannot_be_kept_leaves_the_page_without_decoys(sync_planter: SyncPlanter) -> None:
    got = _get(_app(sync_planter, broken))
    assert got.body == plain()
    assert got.headers["etag"] == '"whole"'
    assert sync_planter.counts.planted == 1
