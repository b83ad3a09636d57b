"""What the tool is about: a few employees, products and reviews, all of them made up."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
EMPLOYEES: Final = {
    "e.marsh": "Eleanor Marsh",
    "j.lindqvist": "Jonas Lindqvist",
    "t.okafor": "Tobi Okafor",
    "p.santos": "Paula Santos",
}


@dataclass(frozen=True, slots=True)
class Product:
    """A product and who sells it. `record` is what canary knows it as."""

    number: str
    name: str
    seller: str
    seller_number: str
    colour: str
    about: str

    @property
    def record(self) -> str:
        """Return the name of its reviews as a record."""
        return f"product:{self.number}"


def products() -> dict[str, Product]:
    """Return the products by their number."""
    with (FOLDER / "products.csv").open(encoding="utf-8", newline="") as file:
        return {row["number"]: Product(**row) for row in csv.DictReader(file)}


def reviews() -> Iterator[dict[str, Any]]:
    """Yield the reviews, each with an identifier of its own."""
    with (FOLDER / "reviews.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            number = review_number(f"{row['product']} {row['address']}".encode())
            yield {**row, "id": number, "stars": int(row["stars"])}


def review_number(drawn: bytes) -> str:
    """Return what a review is called, out of any bytes that are its own."""
    return "R" + hashlib.sha256(drawn).hexdigest()[:12].upper()


def texts(stars: int) -> list[str]:
    """Return what somebody might write who gives so many stars."""
    lines = (FOLDER / "texts.txt").read_text(encoding="utf-8").splitlines()
    return [text for line in lines for mark, _, text in [line.partition(" ")] if mark == str(stars)]
