"""Parts of the seeding tests: decoys, salts, and a seeding taken apart again."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from canary.model import Decoy, Placement
from canary.seed import survey

PEOPLE = (("Nora", "Whitlock"), ("James", "Tolliver"), ("Ana", "Reyes"), ("Peter", "Haas"), ("Dana", "Crowe"))
HEADER = ["review_id", "name", "email", "rating", "title", "body", "country", "created_at"]


def salts_of(view: object = 0, count: int = 6) -> list[bytes]:
    return [blake2b(f"{view}/{slot}".encode()).digest() for slot in range(count)]


def decoys_of(count: int = 3) -> list[Decoy]:
    made = []
    for slot in range(count):
        given, family = PEOPLE[slot % len(PEOPLE)]
        address = f"{given}.{family}{slot}@decoy.example".lower()
        made.append(Decoy(address, given, family, datetime(2031, 1, 1, tzinfo=UTC), slot, 30.0, "t"))
    return made


@dataclass
class Seeded:
    data: bytes
    placements: tuple[Placement, ...]
    warnings: tuple[str, ...]
    columns: Mapping[str, str]
    encoding: str


def seed(
    data: bytes,
    *,
    count: int = 3,
    view: object = 0,
    fmt: str | None = None,
    name: str = "-",
    columns: Mapping[str, str] | None = None,
    texts: Sequence[str] = (),
) -> Seeded:
    surveyed = survey(
        io.BytesIO(data),
        fmt=fmt,
        name=name,
        columns=columns,
        texts=texts,
        salts=salts_of(view, max(6, count)),
    )
    out = io.BytesIO()
    done = surveyed.pour(out, surveyed.arrange(decoys_of(count), {}))
    warnings = surveyed.warnings + done.warnings
    return Seeded(out.getvalue(), done.placements, warnings, surveyed.columns, surveyed.encoding)


def records_in(text: str, newline: str, *, quotes: bool = True) -> list[str]:
    """Cut a text into records with their line ends, one character at a time."""
    records, start, inside, at = [], 0, False, 0
    while at < len(text):
        if quotes and text[at] == '"':
            inside = not inside
        if not inside and text.startswith(newline, at):
            at += len(newline)
            records.append(text[start:at])
            start = at
        else:
            at += 1
    return [*records, text[start:]] if start < len(text) else records


def without_records(text: str, positions: Sequence[int], newline: str, *, header: int = 1) -> str:
    """Return delimited text without the records at these positions, as it was before they came."""
    records = records_in(text, newline)
    left = "".join(r for n, r in enumerate(records) if n - header not in positions)
    return left if text.endswith(newline) else left.removesuffix(newline)


def without_elements(text: str, positions: Sequence[int]) -> str:
    """Return a JSON array's text without the elements at these positions and a comma for each."""
    decoder, at, spans = json.JSONDecoder(parse_int=str), text.index("[") + 1, []
    while (brace := text.find("{", at)) >= 0:
        at = decoder.raw_decode(text, brace)[1]
        spans.append((brace, at))
    for position in sorted(positions, reverse=True):
        start, end = spans[position]
        cut = (start, spans[1][0]) if position == 0 else (spans[position - 1][1], end)
        text = text[: cut[0]] + text[cut[1] :]
        spans = [span for span in spans if span != (start, end)] if position else spans[1:]
        if position == 0:
            spans = [(a - (cut[1] - cut[0]), b - (cut[1] - cut[0])) for a, b in spans]
    return text


def rows_of(data: bytes, delimiter: str = ",", encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    text = io.StringIO(data.decode(encoding), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


def objects_of(data: bytes, *, lines: bool = False) -> list[dict[str, object]]:
    if lines:
        return [json.loads(line) for line in data.splitlines() if line.strip()]
    loaded: list[dict[str, object]] = json.loads(data)
    return loaded


def reviews(count: int = 60, *, newline: str = "\n", delimiter: str = ",", step: int = 1) -> bytes:
    """Return a CSV of reviews, oldest first, ids counting by `step`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    writer.writerow(HEADER)
    for n in range(count):
        given, family = f"Given{chr(97 + n % 26)}", f"Family{chr(97 + n // 26 % 26)}"
        writer.writerow(
            [
                f"R-{100 + n * step:06d}",
                f"{given} {family}",
                f"{given}.{family}{n}@example.com".lower(),
                (5, 5, 4, 1)[n % 4],
                ("Good", "", "Fine, really", "Bad")[n % 4],
                f"Number {n} of my reviews of this and that",
                ("US", "DE", "GB")[n % 3],
                f"2026-{1 + n % 336 // 28:02d}-{1 + n % 28:02d} 10:{n % 60:02d}:0{n % 7}",
            ]
        )
    return out.getvalue().encode()
