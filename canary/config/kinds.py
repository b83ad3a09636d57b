"""Kinds: what somebody wrote for a setting becomes a typed value, or a ValueError saying why not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

SPAN = re.compile(r"(\d+)([smhdw])")
SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SIZE = re.compile(r"(\d+)\s*([KMG]i?B|B)?", re.IGNORECASE)
SIZES: dict[str, int] = {"": 1, "b": 1} | {
    unit: base**power
    for power, letter in enumerate("kmg", start=1)
    for unit, base in ((f"{letter}b", 1000), (f"{letter}ib", 1024))
}
SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting may be.

    `parse` takes a TOML value, `native` turns the text of a variable or flag into a TOML value;
    both raise ValueError. `allowed` completes the sentence "this is not …".
    """

    allowed: str
    parse: Callable[[object], Any]
    native: Callable[[str], object] = str


def whole(low: int, high: int) -> Kind:
    """Return the kind of whole numbers between two, both included."""

    def parse(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number from {low} to {high}", parse, int)


def number(low: float, high: float) -> Kind:
    """Return the kind of numbers between two, both included."""

    def parse(value: object) -> float:
        if type(value) not in {int, float} or not low <= float(str(value)) <= high:
            raise ValueError
        return float(str(value))

    return Kind(f"a number from {low:g} to {high:g}", parse, float)


def choice(*names: str) -> Kind:
    """Return the kind of one word out of several."""

    def parse(value: object) -> str:
        if value not in names:
            raise ValueError
        return str(value)

    return Kind(f"one of {', '.join(names)}", parse)


def duration(low: str, high: str) -> Kind:
    """Return the kind of times such as `90s`, `30m`, `24h`, `7d` or `1h30m`, between two."""
    least, most = span_of(low), span_of(high)

    def parse(value: object) -> timedelta:
        span = span_of(str(value) if type(value) is int else text_of(value))
        if not least <= span <= most:
            raise ValueError
        return span

    return Kind(f"a duration from {low} to {high}, such as 90s, 30m, 24h or 7d", parse)


def span_of(text: str) -> timedelta:
    """Return a duration written as numbers with their units (s, m, h, d, w), or 0."""
    if text == "0":
        return timedelta(0)
    parts = SPAN.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        raise ValueError
    try:
        return sum((timedelta(**{SPANS[unit]: int(count)}) for count, unit in parts), timedelta(0))
    except OverflowError:
        raise ValueError from None


def size(low: str, high: str) -> Kind:
    """Return the kind of sizes in bytes, such as `25MB`, between two."""
    least, most = size_of(low), size_of(high)

    def parse(value: object) -> int:
        count = size_of(str(value) if type(value) is int else text_of(value))
        if not least <= count <= most:
            raise ValueError
        return count

    return Kind(f"a size from {low} to {high}: bytes, or with KB, MB, GB, KiB, MiB or GiB", parse)


def size_of(text: str) -> int:
    """Return how many bytes are meant; KB is 1000 bytes, KiB is 1024."""
    found = SIZE.fullmatch(text)
    if not found:
        raise ValueError
    return int(found[1]) * SIZES[(found[2] or "").lower()]


def path(*, optional: bool = False) -> Kind:
    """Return the kind of file paths; an optional one may be "", which is None."""

    def parse(value: object) -> Path | None:
        text = text_of(value)
        if not text and not optional:
            raise ValueError
        return Path(text) if text else None

    return Kind("the path of a file", parse)


def store_url() -> Kind:
    """Return the kind of database addresses; only `sqlite:///FILE` so far."""

    def parse(value: object) -> str:
        text = text_of(value)
        scheme, colon, _ = text.partition(":")
        if colon and scheme != "sqlite":
            raise ValueError(f"the scheme {scheme[:20]!r} is not supported; sqlite is")
        file = text.removeprefix(SQLITE)
        if file in {text, "", ":memory:"} or "?" in file or file.endswith("/"):
            raise ValueError
        return text

    return Kind("a database such as sqlite:///canary.db or sqlite:////var/lib/canary/canary.db", parse)


def yes_or_no() -> Kind:
    """Return the kind of true and false."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - one exception says "not of this kind"
        return value

    def native(text: str) -> bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError
        return text.lower() == "true"

    return Kind("true or false", parse, native)


def items_of(value: object) -> list[str]:
    """Return the texts of a list, or of a text with commas. Raises ValueError."""
    if isinstance(value, str):
        return [item.strip() for item in text_of(value).split(",") if item.strip()]
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - one exception says "not of this kind"
    return [text_of(item) for item in value]


def text_of(value: object) -> str:
    """Return a text without control characters. Raises ValueError."""
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value
