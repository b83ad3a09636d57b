"""What is told to a client: a status, a body, and what goes with it."""

from typing import Final, NamedTuple

import msgspec

from canary.api.problems import Refusal

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
TEXT: Final = b"text/plain; charset=utf-8"
Headers = tuple[tuple[bytes, bytes], ...]

encode = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """A status and a body, of a content type, and the headers beside that."""

    status: int
    body: bytes
    headers: Headers = ()
    content_type: bytes = JSON


def refused(refusal: Refusal, headers: Headers = ()) -> Answer:
    """Return the answer that tells a problem."""
    return Answer(refusal.problem.status, encode(refusal.problem), refusal.headers + headers, PROBLEM)
