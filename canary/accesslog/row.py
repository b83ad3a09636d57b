"""One row's texts become an access, or the word why they cannot."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from canary.accesslog.times import time_of
from canary.model import Access, ActorClass

NAMES = {
    "at": ("at", "time", "timestamp", "date"),
    "employee": ("employee", "account", "user", "username", "login"),
    "record": ("record", "resource", "object", "asin", "product_id"),
    "beneficiary": ("beneficiary", "seller"),
    "tool": ("tool", "app", "application"),
    "session": ("session", "session_id"),
    "client_ip": ("client_ip", "ip", "remote_addr"),
    "actor": ("actor",),
    "source_id": ("source_id", "id", "access_id", "event_id", "request_id"),
    "actor_class": ("actor_class",),
    "bare": ("bare",),
}
"""What an access's fields are called in logs, the likeliest name first."""

CLASSES = {"": ActorClass.PERSON, **{each.value: each for each in ActorClass}}
TRUTHS = {"": False, "false": False, "0": False, "no": False, "true": True, "1": True, "yes": True}

NEEDED = ("at", "employee", "record")
MAX_FIELD = 1024
MAX_RAW = 200
MAX_IGNORED = 50
SPACING = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no access. Line and column count from 1, columns in characters.

    `field` is "" where the whole row is meant; `raw` holds its first 200 bytes as they came.
    """

    line: int
    column: int
    field: str
    problem: str
    raw: bytes

    def __str__(self) -> str:
        """Return where and what, on one line."""
        what = f"{self.field} {self.problem}" if self.field else self.problem
        return f"line {self.line}, column {self.column}: {what}"


@dataclass(slots=True)
class ReadReport:
    """What reading came to so far.

    `rows` counts good and bad ones, `fallback_encoded` the lines read as Windows-1252;
    `ignored_columns` names at most 50 columns that mean nothing to canary.
    """

    rows: int = 0
    fallback_encoded: int = 0
    ignored_columns: list[str] = field(default_factory=list)

    def ignore(self, names: Iterable[str]) -> None:
        """Note columns that are not read, each once."""
        for name in names:
            if name and name not in self.ignored_columns and len(self.ignored_columns) < MAX_IGNORED:
                self.ignored_columns.append(name[:80])


class FieldError(Exception):
    """A field is not what it should be; the message completes a sentence that begins with its name."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.field = name
        self.problem = problem


@lru_cache(maxsize=32)
def field_places(names: tuple[str, ...]) -> Mapping[str, int]:
    """Return where each field of an access stands among column names; case and spacing are free."""
    plain = [SPACING.sub("_", name.strip()).lower() for name in names]
    return {
        field: min(
            (plain.index(name) for name in known if name in plain), key=lambda at: known.index(plain[at])
        )
        for field, known in NAMES.items()
        if not set(known).isdisjoint(plain)
    }


def access_of(values: Mapping[str, str], until: datetime) -> Access:
    """Return the access that the texts of its fields describe. Raises FieldError."""
    texts = {name: clean(name, values.get(name, "")) for name in NAMES}
    for name in NEEDED:
        if not texts[name]:
            raise FieldError(name, "is missing")
    try:
        at = time_of(texts["at"], until)
    except ValueError as problem:
        raise FieldError("at", str(problem)) from None
    return Access(
        texts["employee"],
        texts["record"],
        at,
        beneficiary=texts["beneficiary"] or None,
        tool=texts["tool"] or None,
        session=texts["session"] or None,
        client_ip=texts["client_ip"] or None,
        actor=texts["actor"] or None,
        source_id=texts["source_id"] or None,
        actor_class=_one_of("actor_class", texts["actor_class"], CLASSES),
        bare=_one_of("bare", texts["bare"], TRUTHS),
    )


def _one_of(name: str, text: str, values: Mapping[str, Any]) -> Any:
    """Return what a word stands for. Raises FieldError that says which there are."""
    try:
        return values[text.lower()]
    except KeyError:
        raise FieldError(name, f"is none of {', '.join(filter(None, values))}") from None


def clean(name: str, text: str) -> str:
    """Return a field's text without spaces around it. Raises FieldError."""
    text = text.strip()
    if len(text) > MAX_FIELD:
        raise FieldError(name, f"is longer than {MAX_FIELD} characters")
    if not text.isprintable():
        strange = next(char for char in text if not char.isprintable())
        raise FieldError(name, f"contains an unprintable character (U+{ord(strange):04X})")
    return text
