"""A JSON answer becomes its rows, and with decoys among them an answer again."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from canary.client import Access, SeededRows

Keep = Callable[[Access, SeededRows], None]
AsyncKeep = Callable[[Access, SeededRows], Awaitable[None]]
"""What keeps the markers on the server side: `rows.decoys` says which of the rows have one."""

OK = 200
UNWANTED = frozenset({"content-length", "etag", "last-modified", "expires", "cache-control"})
"""Headers that were about the answer without decoys; an ETag of it would tell that there are some."""

PRIVATE = "private, no-store"
"""What one employee sees is in no cache that another one is answered from."""


class Found(NamedTuple):
    """An answer's rows, and the document that they are in."""

    document: Any
    field: str
    rows: list[dict[str, Any]]

    def written(self, rows: SeededRows) -> bytes:
        """Return the answer with these rows instead."""
        whole = {**self.document, self.field: list(rows)} if self.field else list(rows)
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def is_json(status: int, content_type: str, content_encoding: str) -> bool:
    """Say whether an answer is one to look into: done, JSON, and not compressed yet."""
    return (
        status == OK and content_type.partition(";")[0].strip() == "application/json" and not content_encoding
    )


def found_in(body: bytes, field: str) -> Found | None:
    """Return the rows in a field of an answer, or the answer where `field` is ""; None if there are none."""
    document = json.loads(body)
    rows = document
    if field:
        rows = document.get(field) if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return None
    return Found(document, field, rows)
