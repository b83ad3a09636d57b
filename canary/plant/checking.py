"""What an application tells becomes an access that can be so, or the words why it cannot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from canary.accesslog.row import FieldError, clean
from canary.model import Access
from canary.plant.planted import AccessError

MOST_BYTES = 1000
AHEAD = timedelta(minutes=5)
"""How far a clock may be ahead of ours; what is dated ahead is dated now."""

TEXTS = ("employee", "record", "beneficiary", "tool", "session", "client_ip", "actor", "source_id")
NEEDED = ("employee", "record")
PLAIN = 200
"""Texts that are no longer need not be encoded to know that they are short enough."""


def checked(access: Access, now: datetime) -> Access:
    """Return an access as it is planted: texts stripped, its time in UTC and not ahead of `now`.

    Raises AccessError that names every field that is wrong.
    """
    faults: list[tuple[str, str]] = []
    changed: dict[str, object] = {}
    for name in TEXTS:
        text = getattr(access, name)
        if text is None and name not in NEEDED:
            continue
        try:
            told = _text(name, text)
        except FieldError as error:
            faults.append((error.field, error.problem))
            continue
        if told != text:
            changed[name] = told if told or name in NEEDED else None
    try:
        at = _time(access.at, now)
    except FieldError as error:
        faults.append((error.field, error.problem))
    else:
        if at is not access.at:
            changed["at"] = at
    if faults:
        raise AccessError(tuple(faults))
    return replace(access, **changed) if changed else access  # type: ignore[arg-type]


def checked_touch(
    action: str, employee: str, at: datetime | None, now: datetime
) -> tuple[str, str, datetime]:
    """Return what was done, by whom and when, as it is kept. Raises AccessError."""
    faults: list[tuple[str, str]] = []
    told: dict[str, str] = {}
    for name, text in (("action", action), ("employee", employee)):
        try:
            told[name] = _text(name, text)
        except FieldError as error:
            faults.append((error.field, error.problem))
    try:
        at = _time(now if at is None else at, now)
    except FieldError as error:
        faults.append((error.field, error.problem))
    if faults or at is None:
        raise AccessError(tuple(faults))
    return told["action"], told["employee"], at


def _text(name: str, text: object) -> str:
    if not isinstance(text, str):
        raise FieldError(name, "is no text")
    if not (len(text) <= PLAIN and text.isprintable() and text and text[0] != " " != text[-1]):
        text = clean(name, text)
        if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
            raise FieldError(name, f"is longer than {MOST_BYTES:,} bytes")
    if not text and name in (*NEEDED, "action"):
        raise FieldError(name, "is missing")
    return text


def _time(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is not UTC:
        if at.utcoffset() is None:
            raise FieldError("at", "has no time zone")
        try:
            at = at.astimezone(UTC)
        except OverflowError:
            raise FieldError("at", "is no time that there is") from None
    if at > now:
        if at - now > AHEAD:
            raise FieldError("at", f"is more than {AHEAD // timedelta(minutes=1)} minutes ahead of our clock")
        return now
    return at
