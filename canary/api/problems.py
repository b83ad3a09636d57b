"""What is wrong with a request becomes a problem that says so (RFC 9457), with the same words every time."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from canary.api.schema import Fault, Problem
from canary.errors import CanaryError
from canary.plant.planted import AccessError

KINDS: Final[Mapping[str, tuple[int, str]]] = {
    "malformed": (400, "This is not JSON"),
    "unauthorised": (401, "A key is needed"),
    "forbidden": (403, "This key may not do that"),
    "unknown-marker": (404, "There is no such marker"),
    "late": (408, "The body did not come in time"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "A body is JSON"),
    "invalid": (422, "The request is not what it should be"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "too-often": (429, "The key has asked for too much"),
    "failed": (500, "It failed"),
    "busy": (503, "Nothing can be kept just now"),
}
"""The problems of our own: the last part of their type, their status and title."""

PREFIX: Final = "urn:canary:problem:"
PLAIN: Final = {404: "Not Found", 405: "Method Not Allowed"}
SHOWN: Final = 80
PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$", re.DOTALL)
QUOTED = re.compile(r"`(.*)`", re.DOTALL)
EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
LENGTH = re.compile(r"Expected `(?:str|array)` of length (>=|<=) (\d+)")
WORDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "datetime": "a time",
}


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error
    """A request that is answered with a problem. `headers` go with it."""

    def __init__(self, problem: Problem, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.headers = headers


def refusal(
    kind: str, detail: str = "", *faults: Fault, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Refusal:
    """Return the refusal of a kind."""
    status, title = KINDS[kind]
    return Refusal(Problem(f"{PREFIX}{kind}", title, status, detail, list(faults)), headers)


def plain(status: int, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Refusal:
    """Return the refusal that a status alone explains."""
    return Refusal(Problem("about:blank", PLAIN[status], status), headers)


def invalid(field: str, message: str, hint: str = "") -> Refusal:
    """Return the refusal for one field; `message` completes a sentence that begins with its name."""
    said = f"{field} {message}" if field else message
    return refusal("invalid", f"{said}; {hint}" if hint else said, Fault(field, message))


def failure(error: CanaryError) -> Refusal:
    """Return the refusal for what went wrong behind the door; nothing of the house is told.

    Raises the error itself where it is none that a client can do something about.
    """
    if isinstance(error, AccessError):
        return refusal("invalid", error.message, *(Fault(*fault) for fault in error.faults))
    if error.temporary:
        return refusal("busy", "ask again in a second", headers=((b"retry-after", b"1"),))
    raise error


def unreadable(error: msgspec.DecodeError, within: str = "") -> Refusal:
    """Return the refusal of a body that is not JSON, or not what was expected.

    `within` is the field that the body was found in.
    """
    if not isinstance(error, msgspec.ValidationError):
        return refusal("malformed", _plain_words(str(error)))
    fault = fault_of(str(error))
    field = ".".join(filter(None, (within, fault.field))).replace(".[", "[")
    return invalid(field, fault.message)


def fault_of(words: str) -> Fault:
    """Return what msgspec's words about a value mean, in ours."""
    place = PLACE.search(words)
    field = place[1].removeprefix(".") if place else ""
    words = words[: place.start()] if place else words
    named = QUOTED.search(words)
    if words.startswith(("Object missing", "Object contains")) and named:
        field = f"{field}.{named[1][:SHOWN]}" if field else named[1][:SHOWN]
        return Fault(field, "is missing" if "missing" in words else "is no field of this")
    return Fault(field, _complaint(words))


def _complaint(words: str) -> str:
    if found := LENGTH.match(words):
        return "is empty" if found[1] == ">=" else f"is longer than {found[2]}"
    if found := EXPECTED.match(words):
        wanted = " or ".join(WORDS.get(each, each) for each in found[1].split(" | ") if each != "null")
        return f"is {WORDS.get(found[2], found[2])}, where {wanted} is expected"
    if "matching regex" in words:
        return "contains a control character"
    if words.startswith("Invalid enum value"):
        return f"is none of its values: {words.removeprefix('Invalid enum value ')[:SHOWN]}"
    if "RFC3339" in words or "timezone" in words:
        return "is no time as RFC 3339 writes it, with an offset: 2026-11-20T09:30:00Z"
    return f"is not what is expected here: {_plain_words(words)}"


def _plain_words(words: str) -> str:
    return words.removeprefix("JSON is malformed: ").replace("`", "")[: SHOWN * 2]
