"""The head of an HTTP request becomes what is asked for, or the status to refuse it with."""

import re
from collections.abc import Mapping
from typing import NamedTuple

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(%s) ([\x21-\x7e]+) HTTP/(\d)\.(\d)" % TOKEN)
FIELD_LINE = re.compile(rb"(%s):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*" % TOKEN)
ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
MOST_FIELDS = 100

BAD_REQUEST = 400
TOO_MANY_FIELDS = 431
VERSION_NOT_SUPPORTED = 505


class Request(NamedTuple):
    """What a client asked for. Field names are in lower case; one told twice holds both, after a comma."""

    method: str
    path: str
    query: str
    fields: Mapping[str, str]


class Refused(Exception):  # noqa: N818 - it says what happened to the request
    """The request is not what RFC 9112 says it should be, or more than is read here."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def request_of(head: bytes) -> Request:
    """Return what a head asks for, which ends with its empty line (RFC 9112 sections 3 and 5).

    Strict: line ends are CRLF, no line is folded, no name stands apart from its colon, HTTP/1.1 names one
    host, and there is no body, since none of what is served has a use for one. Raises Refused.
    """
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = REQUEST_LINE.fullmatch(first)
    if line is None:
        raise Refused(BAD_REQUEST)
    method, target, major, minor = (part.decode("ascii") for part in line.groups())
    if major != "1":
        raise Refused(VERSION_NOT_SUPPORTED)
    if len(rest) > MOST_FIELDS:
        raise Refused(TOO_MANY_FIELDS)
    fields = _fields(rest)
    hosts = fields.get("host", "").count(",") + 1 if "host" in fields else 0
    if hosts > 1 or (not hosts and minor != "0"):
        raise Refused(BAD_REQUEST)
    if "transfer-encoding" in fields or fields.get("content-length", "0") != "0":
        raise Refused(BAD_REQUEST)
    path, _, query = ABSOLUTE.sub("", target, count=1).partition("?")
    return Request(method, path or "/", query, fields)


def _fields(lines: list[bytes]) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        field = FIELD_LINE.fullmatch(line)
        if field is None:
            raise Refused(BAD_REQUEST)
        name, value = field[1].decode("ascii").lower(), field[2].decode("latin-1")
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields
