"""Bad input: each gets an answer that says what is wrong, and takes nobody else's turn."""

import contextlib
import json
import socket
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canary.api.wire import HEAD_BYTES
from canary.model import Scope
from tests.api.api_parts import Door

GOOD = {"employee": "bad", "record": "B01"}


def sent(door: Door, content: bytes | Iterator[bytes], **told: str) -> Any:
    headers = {**door.headers(Scope.PLANT), "Content-Type": "application/json"}
    headers |= {name.replace("_", "-"): value for name, value in told.items()}
    return door.http.post("/v1/accesses", content=content, headers=headers)


@pytest.mark.parametrize(
    ("told", "field", "words"),
    [
        ({"record": "B01"}, "employee", "is missing"),
        ({"employee": "", "record": "B01"}, "employee", "is empty"),
        ({"employee": "  ", "record": "B01"}, "employee", "is missing"),
        ({"employee": 7, "record": "B01"}, "employee", "a text is expected"),
        ({"employee": "e\x07", "record": "B01"}, "employee", "a control character"),
        ({"employee": "e\u202e", "record": "B01"}, "employee", "U+202E"),
        ({"employee": "x" * 10_000, "record": "B01"}, "employee", "is longer than 1000"),
        ({"employee": "\U0001f426" * 500, "record": "B01"}, "employee", "is longer than 1,000 bytes"),
        ({**GOOD, "emploee": "e"}, "emploee", "is no field of this"),
        ({**GOOD, "at": "yesterday"}, "at", "RFC 3339"),
        ({**GOOD, "at": "2026-11-20T09:30:00"}, "at", "with an offset"),
        ({**GOOD, "at": "1999-12-31T23:59:59Z"}, "at", "before the year 2000"),
        ({**GOOD, "at": "0001-01-01T00:00:00+14:00"}, "at", "before the year 2000"),
        ({**GOOD, "at": "9999-12-31T23:59:59-14:00"}, "at", "after the year 9999"),
        ({**GOOD, "actor_class": "dog"}, "actor_class", "is none of its values"),
        ({**GOOD, "bare": "yes"}, "bare", "true or false is expected"),
        ("x", "", "an object is expected"),
    ],
)
def test_what_is_no_access_is_refused_with_the_name_of_the_field(
    door: Door, told: Any, field: str, words: str
) -> None:
    answer = sent(door, json.dumps(told).encode())
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:canary:problem:invalid"
    faults = {each["field"]: each["message"] for each in problem["errors"]}
    assert words in faults[field]
    assert len(answer.content) < 1000


def test_an_access_of_the_future_is_refused(door: Door) -> None:
    at = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    answer = sent(door, json.dumps({**GOOD, "at": at}).encode())
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "at", "message": "is more than 5 minutes ahead of our clock"}
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{'employee': 1}", b'{"employee": "e", "record": "B"} x', b"\xef\xbb\xbf{}",
     b'{"employee": "\xff"}',
     b'{"employee":"\\ud800","record":"B"}', b"[" * 100_000, b'[{"employee":' * 5000, b"nul", b"\x00"],
)  # fmt: skip
def test_what_is_no_json_is_malformed(door: Door, content: bytes) -> None:
    answer = sent(door, content)
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"] == "urn:canary:problem:malformed"


def test_a_body_that_is_announced_too_large_is_not_read(door: Door) -> None:
    answer = sent(door, b"[" + b" " * 10_000_000 + b"]")
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert "api.max_body" in answer.json()["detail"]


def test_a_body_that_becomes_too_large_is_read_no_further(door: Door) -> None:
    """Chunked, without a length; the client goes on writing for as long as it is let."""
    went = 0

    def pieces() -> Iterator[bytes]:
        nonlocal went
        for _ in range(1000):
            went += 65536
            yield b" " * 65536

    with contextlib.suppress(OSError):
        answer = sent(door, pieces())
        assert answer.status_code == 413
    assert went < 30_000_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/json-patch+json"}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Content_Type": "Application/JSON; charset=utf-8"}, 201),
    ],
)
def test_a_body_is_json_and_says_so(door: Door, headers: dict[str, str], status: int) -> None:
    assert sent(door, json.dumps(GOOD).encode(), **headers).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/accesses", "POST"),
        ("DELETE", "/v1/seed", "POST"),
        ("OPTIONS", "/v1/touches", "POST"),
        ("POST", "/v1/hits", "GET, HEAD"),
        ("PUT", "/livez", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_there_is_refused_with_those_that_are(
    door: Door, method: str, path: str, allow: str
) -> None:
    answer = door.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json() == {"type": "about:blank", "title": "Method Not Allowed", "status": 405}


@pytest.mark.parametrize("path", ["/", "/v1/decoys/check", "/v1/accesses/", "/v1", "/metrics", "/docs"])
def test_nothing_else_is_there(door: Door, path: str) -> None:
    answer = door.http.get(path, headers=door.headers(Scope.READ))
    assert answer.status_code == 404
    assert answer.json()["type"] == "about:blank"


def test_a_busy_database_is_said_soon_and_planting_goes_on_after_it(own_door: Door) -> None:
    own_door.headers(Scope.PLANT)
    with contextlib.closing(sqlite3.connect(own_door.config.store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = sent(own_door, json.dumps({"employee": "busy", "record": "B01"}).encode())
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        several = sent(own_door, json.dumps([GOOD, GOOD]).encode())
        assert several.status_code == 503
        assert own_door.http.get("/readyz").status_code == 503
        other.rollback()
    assert sent(own_door, json.dumps({"employee": "busy", "record": "B01"}).encode()).status_code == 201
    assert own_door.http.get("/livez").text == "ok\n"


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(door: Door) -> None:
    host, port = door.running.where[0].split(":")
    key = door.headers(Scope.PLANT)["Authorization"]
    head = f"POST /v1/accesses HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n"
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert sent(door, json.dumps(GOOD).encode()).status_code == 201


def test_a_head_without_end_is_refused(door: Door) -> None:
    host, port = door.running.where[0].split(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\n")
        with contextlib.suppress(OSError):
            for _ in range(HEAD_BYTES // 1000 + 20):
                client.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_head_alone_is_answered_by_a_head(door: Door) -> None:
    answer = door.http.head("/livez")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "3")
