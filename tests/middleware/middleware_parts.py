"""What the applications under test have in common: reviews, and a table of markers."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary.client import Access, SeededRows, looked

ROWS: list[dict[str, Any]] = [
    {
        "id": f"R{number * 7919 % 10_000:05}",
        "name": f"{given} {family}",
        "email": f"{given}.{family}@mail.example".lower(),
        "stars": number % 5 + 1,
        "at": f"2026-10-{number + 1:02}T12:{number:02}:00Z",
    }
    for number, (given, family) in enumerate(
        (given, family) for given in ("Ann", "Bo", "Cy", "Di") for family in ("Hall", "Wood", "Lake")
    )
]
STALE = {
    "ETag": '"whole"',
    "Cache-Control": "public, max-age=600",
    "Last-Modified": "Mon, 02 Nov 2026 03:51:00 GMT",
}
UNTOUCHED = ("/error", "/text", "/nothing", "/stream", "/compressed", "/nobody")
"""Answers that are none of a middleware's business; `look` knows no access for the last."""


def looked_at(path: str, employee: str) -> Access | None:
    return None if path == "/nobody" else looked(employee, "product:1", tool="console")


def plain() -> bytes:
    return json.dumps({"page": 1, "reviews": ROWS}).encode()


@dataclass(frozen=True)
class Markers:
    """A table of markers, as the application's own database has it."""

    path: Path

    def __post_init__(self) -> None:
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("CREATE TABLE marker (employee TEXT, review TEXT, marker TEXT)")

    def keep(self, access: Access, rows: SeededRows) -> None:
        values = [(access.employee, rows[decoy.index]["id"], decoy.marker) for decoy in rows.decoys]
        with closing(sqlite3.connect(self.path)) as database, database:
            database.executemany("INSERT INTO marker VALUES (?, ?, ?)", values)

    async def akeep(self, access: Access, rows: SeededRows) -> None:
        self.keep(access, rows)

    def of(self, employee: str) -> set[str]:
        """Return the reviews that are a decoy's in what an employee sees."""
        with closing(sqlite3.connect(self.path)) as database:
            found = database.execute("SELECT review FROM marker WHERE employee = ?", (employee,))
            return {row[0] for row in found}


def broken(_access: Access, _rows: SeededRows) -> None:
    raise OSError("the table of markers is locked")


async def abroken(access: Access, rows: SeededRows) -> None:
    broken(access, rows)


@dataclass(frozen=True)
class Answer:
    """What an application answered."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.body)["reviews"]
        return rows


def answer(body: bytes, headers: Iterable[tuple[str, str]]) -> Answer:
    return Answer(body, {name.lower(): value for name, value in headers})


def check_seeded(mine: Answer, again: Answer, other: Answer, markers: Markers) -> None:
    """Fail unless two employees got all rows and a decoy each, which their own table names."""
    assert mine.rows == again.rows
    decoys = []
    for employee, told in (("e.marsh", mine), ("t.okafor", other)):
        extra = [row for row in told.rows if row not in ROWS]
        assert {row["id"] for row in extra} == markers.of(employee) != set()
        assert [row for row in told.rows if row in ROWS] == ROWS, "people are as they were, in their order"
        assert json.loads(told.body)["page"] == 1
        assert set(told.headers) & {"etag", "last-modified"} == set()
        assert told.headers["cache-control"] == "private, no-store"
        assert int(told.headers["content-length"]) == len(told.body)
        decoys.append({row["email"] for row in extra})
    assert decoys[0].isdisjoint(decoys[1])
