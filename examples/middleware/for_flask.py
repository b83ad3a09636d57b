"""Flask: rows are seeded on their way out."""

import logging
from collections.abc import Callable

from flask import Flask, Response

from canary.client import Access, SyncPlanter

from .answers import PRIVATE, UNWANTED, Keep, found_in, is_json

log = logging.getLogger(__name__)


def seed_answers(
    app: Flask, planter: SyncPlanter, look: Callable[[], Access | None], keep: Keep, field: str = ""
) -> None:
    """Seed the rows of an application's JSON answers.

    `look` says which access `flask.request` is, None for those that show no reviewers. `field` is where the
    rows are in the answer, "" where they are the answer.
    """

    @app.after_request
    def seeded(response: Response) -> Response:
        try:
            if not response.is_streamed and _seedable(response):
                access = look()
                found = found_in(response.get_data(), field) if access else None
                if access is not None and found is not None:
                    rows = planter.seed(access, found.rows)
                    keep(access, rows)  # before anybody sees them
                    _replace(response, found.written(rows))
        except Exception:
            log.exception("an answer goes out without decoys")
        return response


def _seedable(response: Response) -> bool:
    headers = response.headers
    return is_json(response.status_code, headers.get("Content-Type", ""), headers.get("Content-Encoding", ""))


def _replace(response: Response, body: bytes) -> None:
    for name in UNWANTED:
        response.headers.pop(name, None)
    response.headers["Cache-Control"] = PRIVATE
    response.set_data(body)
