"""The tool's own database: reviews, and what it has to remember of decoys without naming one."""

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from .catalogue import review_number, reviews, texts

SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS review (
    id TEXT PRIMARY KEY, product TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
    stars INTEGER NOT NULL, at TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS face (
    id TEXT PRIMARY KEY, product TEXT NOT NULL,
    stars INTEGER NOT NULL, at TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS marker (
    employee TEXT NOT NULL, review TEXT NOT NULL, marker TEXT NOT NULL, PRIMARY KEY (employee, review)
);
CREATE TABLE IF NOT EXISTS survey (email TEXT NOT NULL, product TEXT NOT NULL);
"""
Row = dict[str, Any]


class Store:
    """Reviews of people, faces of decoys.

    The reviews are the company's: counting, mailing and charging read them alone, and no decoy is ever among
    them. A face is how a decoy's review was shown the first time, so that it never changes under anybody's
    eyes; it has neither name nor address, and its identifier is a keyed hash.
    """

    def __init__(self, path: Path | str) -> None:
        self._rows = sqlite3.connect(path, isolation_level=None)
        self._rows.row_factory = sqlite3.Row
        self._rows.executescript(SCHEMA)
        if self._one("SELECT value FROM secret") is None:
            self._rows.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            self._rows.executemany(
                "INSERT INTO review VALUES (:id, :product, :name, :address, :stars, :at, :title, :text)",
                reviews(),
            )
        found = self._one("SELECT value FROM secret")
        self.secret: bytes = found["value"] if found else b""

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    def reviews(self, product: str) -> list[Row]:
        """Return the reviews of a product, oldest first."""
        found = self._rows.execute(
            "SELECT id, name, email, stars, at, title, text FROM review WHERE product = ? ORDER BY at",
            (product,),
        )
        return [dict(row) for row in found]

    def average(self, product: str) -> float:
        """Return a product's stars to the nearest half: no finer, or a decoy shows by arithmetic."""
        found = self._one("SELECT avg(stars) AS stars FROM review WHERE product = ?", product)
        return round(2 * (found["stars"] or 0.0)) / 2 if found else 0.0

    def ask_reviewers(self, product: str) -> None:
        """Queue the survey to everybody who reviewed a product. There is no decoy to be left out."""
        self._rows.execute(
            "INSERT INTO survey SELECT email, product FROM review WHERE product = ?", (product,)
        )

    def surveyed(self) -> list[str]:
        """Return the addresses that the survey goes to."""
        return [row["email"] for row in self._rows.execute("SELECT email FROM survey ORDER BY email")]

    def change(self, review: str, stars: int, title: str, text: str) -> None:
        """Change a review, or a decoy's: the same statement on both, and it is in one of them."""
        for table in ("review", "face"):
            self._rows.execute(
                f"UPDATE {table} SET stars = ?, title = ?, text = ? WHERE id = ?",
                (stars, title, text, review),
            )

    def delete(self, review: str) -> None:
        """Delete a review; a decoy's stays away from all pages, whatever is planted."""
        self._rows.execute("DELETE FROM review WHERE id = ?", (review,))
        self._rows.execute("UPDATE face SET gone = 1, text = '' WHERE id = ?", (review,))

    def face(self, product: str, decoy: Row, others: Sequence[Row]) -> Row | None:
        """Return a decoy's row as it was shown the first time, None if somebody deleted it since."""
        number = review_number(hmac.digest(self.secret, f"{product} {decoy['email']}".encode(), "sha256"))
        seen = self._one("SELECT * FROM face WHERE id = ?", number)
        if seen is None:
            text = decoy["text"] or self._text(number, decoy["stars"], {row["text"] for row in others})
            self._rows.execute(
                "INSERT INTO face (id, product, stars, at, title, text) VALUES (?, ?, ?, ?, ?, ?)",
                (number, product, decoy["stars"], decoy["at"], decoy["title"], text),
            )
            return {**decoy, "id": number, "text": text}
        if seen["gone"]:
            return None
        return {**decoy, **{name: seen[name] for name in ("id", "stars", "at", "title", "text")}}

    def keep_marker(self, employee: str, review: str, marker: str) -> None:
        """Remember the newest marker of a decoy in what an employee sees."""
        self._rows.execute("INSERT OR REPLACE INTO marker VALUES (?, ?, ?)", (employee, review, marker))

    def marker(self, employee: str, review: str) -> str | None:
        """Return the marker of a review, None for everybody who exists."""
        found = self._one("SELECT marker FROM marker WHERE employee = ? AND review = ?", employee, review)
        return found["marker"] if found else None

    def _text(self, number: str, stars: int, taken: set[str]) -> str:
        """Return a text that the page does not have yet, the same for a review each time."""
        free = [text for text in texts(stars) if text not in taken] or [""]
        return free[int(hashlib.sha256(number.encode()).hexdigest(), 16) % len(free)]

    def _one(self, query: str, *given: str) -> sqlite3.Row | None:
        with closing(self._rows.execute(query, given)) as found:
            row: sqlite3.Row | None = found.fetchone()
            return row
