"""A file about sellers becomes sellers: read, put into normal form, duplicates refused with their places."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from canary.errors import DataError
from canary.model import Indicator, Seller, Strength

COLUMNS = ("id", "name", "domains", "mailboxes", "handles", "products", "records")
LISTS = COLUMNS[2:]
MESSENGERS = ("wechat", "telegram", "whatsapp", "qq", "phone")
IN_DIGITS = frozenset({"whatsapp", "phone", "qq"})
MOST_CHARS = 500
MOST_TOLD = 10
BETWEEN = re.compile(r"[;\n|]")
CLAIMS = frozenset({"domain", "mailbox", *MESSENGERS})
"""Kinds that two sellers cannot both have."""


@dataclass(frozen=True, slots=True)
class Forms:
    """How names get their normal form, so that they are met in mail.

    `domain` returns the part that somebody registered, `mailbox` an address in its normal form, "" for what
    is none; `everybodys` says that strangers share a domain.
    """

    domain: Callable[[str], str]
    mailbox: Callable[[str], str]
    everybodys: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """A seller, and where in the file it stands: `line 3`, `entry 3`."""

    place: str
    seller: Seller


def entries(text: str, forms: Forms) -> list[Entry]:
    """Return the sellers of a file: CSV with a heading, a JSON array, or JSON lines.

    Lists in CSV are separated by `;`. Raises DataError naming the first place that is not as it should be.
    """
    rows = _json_rows(text) if text.lstrip()[:1] in {"[", "{"} else _csv_rows(text)
    return [Entry(place, _seller(place, row, forms)) for place, row in rows]


def taken_in(found: Sequence[Entry], known: Iterable[Seller], *, merge: bool) -> list[Seller]:
    """Return the sellers to keep beside those that are known, or in their place where they are merged.

    Without `merge` a seller that is there already, in the file or in the registry, is refused, and so is a
    domain, mailbox or handle that another seller has. Raises DataError naming the places.
    """
    before = {each.id: each for each in known}
    if not merge:
        _refuse_duplicates(found, before.values())
    made = dict(before)
    for entry in found:
        made[entry.seller.id] = _merged(made.get(entry.seller.id), entry.seller)
    return [made[each] for each in dict.fromkeys(entry.seller.id for entry in found)]


def _merged(before: Seller | None, seller: Seller) -> Seller:
    if before is None:
        return seller
    both = tuple(dict.fromkeys((*before.indicators, *seller.indicators)))
    return Seller(seller.id, seller.name or before.name, both)


def _refuse_duplicates(found: Sequence[Entry], known: Iterable[Seller]) -> None:
    owners: dict[tuple[str, str], tuple[str, str]] = {}
    for seller in known:
        for claim in _claims(seller):
            owners.setdefault(claim, ("the registry", seller.id))
    problems = []
    for entry in found:
        for kind, value in _claims(entry.seller):
            place, owner = owners.setdefault((kind, value), (entry.place, entry.seller.id))
            if place != entry.place or owner != entry.seller.id:
                problems.append(f"{entry.place}: {kind} {value} is in {place} already ({owner})")
    if problems:
        more = f"; and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
        raise DataError(
            "; ".join(problems[:MOST_TOLD]) + more, hint="put the file right, or take both with --merge"
        )


def _claims(seller: Seller) -> Iterator[tuple[str, str]]:
    yield "id", seller.id
    yield "name", seller.name.casefold()
    yield from ((each.kind, each.value) for each in seller.indicators if each.kind in CLAIMS)


def _seller(place: str, row: Mapping[str, object], forms: Forms) -> Seller:
    strange = [name for name in row if name not in COLUMNS]
    if strange:
        raise DataError(f"{place}: {strange[0]!r:.80} is none of {', '.join(COLUMNS)}")
    name, identifier = _text(place, "name", row.get("name")), _text(place, "id", row.get("id"))
    if not name and not identifier:
        raise DataError(f"{place}: a seller needs a name or an id")
    known = (
        each
        for column in LISTS
        for value in _list(place, column, row.get(column))
        for each in _indicators(place, column, value, forms)
    )
    return Seller(identifier or name, name or identifier, tuple(dict.fromkeys(known)))


def _indicators(place: str, column: str, value: str, forms: Forms) -> Iterator[Indicator]:
    match column:
        case "domains":
            domain = forms.domain(value)
            if not domain:
                raise DataError(f"{place}: {value!r:.80} is no domain")
            if forms.everybodys(domain):
                raise DataError(f"{place}: {domain} is everybody's: it tells no seller from another")
            yield Indicator("domain", domain, Strength.IDENTIFIES)
        case "mailboxes":
            mailbox = forms.mailbox(value)
            if not mailbox:
                raise DataError(f"{place}: {value!r:.80} is no mail address")
            yield Indicator("mailbox", mailbox, Strength.IDENTIFIES)
        case "handles":
            yield _handle(place, value)
        case _:
            yield Indicator(column.removesuffix("s"), value, Strength.SUPPORTS)


def _handle(place: str, value: str) -> Indicator:
    messenger, colon, handle = value.partition(":")
    messenger, handle = messenger.strip().lower(), handle.strip().lstrip("@").lower()
    if messenger in IN_DIGITS:
        handle = "".join(char for char in handle if char.isascii() and char.isdigit())
    if messenger not in MESSENGERS or not colon or not handle:
        raise DataError(
            f"{place}: {value!r:.80} is no handle",
            hint=f"write wechat:NAME; known are {', '.join(MESSENGERS)}",
        )
    return Indicator(messenger, handle, Strength.IDENTIFIES)


def _text(place: str, column: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable() or len(value) > MOST_CHARS:
        raise DataError(f"{place}: {column} must be text of at most {MOST_CHARS} characters on one line")
    return value.strip()


def _list(place: str, column: str, value: object) -> list[str]:
    parts = BETWEEN.split(value) if isinstance(value, str) else value
    if parts is None:
        return []
    if not isinstance(parts, list):
        raise DataError(f"{place}: {column} must be a list, or text with `;` between")
    return [text for each in parts if (text := _text(place, column, each))]


def _csv_rows(text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        heading = [cell.strip().lower() for cell in next(reader, [])]
        if not heading:
            raise DataError("the file is empty", hint=f"a heading, then a seller a line: {','.join(COLUMNS)}")
        strange = [name for name in heading if name not in COLUMNS]
        if strange:
            raise DataError(
                f"line 1: the column {strange[0]!r:.80} is unknown", hint=f"columns: {', '.join(COLUMNS)}"
            )
        for row in reader:
            if len(row) > len(heading):
                raise DataError(f"line {reader.line_num}: more cells than the heading has")
            if any(cell.strip() for cell in row):
                yield f"line {reader.line_num}", dict(zip(heading, row, strict=False))
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from None


def _json_rows(text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        rows = json.loads(text) if text.lstrip().startswith("[") else None
        lined = rows is None
        if rows is None:
            rows = [json.loads(line) if line.strip() else None for line in text.splitlines()]
    except (ValueError, RecursionError) as error:
        raise DataError(f"the file is no JSON: {error}") from None
    for number, row in enumerate(rows, start=1):
        place = f"{'line' if lined else 'entry'} {number}"
        if row is None and lined:
            continue
        if not isinstance(row, dict):
            raise DataError(f"{place}: a seller is an object")
        yield place, row
