"""Metrics and health over HTTP: strict, bounded, and nothing else."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest

from canary import tallies
from canary.config.places import Endpoint
from canary.errors import ConfigurationError, StoreError
from canary.metrics.health import Check
from canary.metrics.server import HEAD_BYTES, MOST_CONNECTIONS, serving_metrics
from canary.tallies import Snapshot
from tests.parts import given_ipv6

LOOPBACK = Endpoint("127.0.0.1", 0)
Address = tuple[str, int]


async def snapshot() -> Snapshot:
    return {f"{tallies.MESSAGES}|kept": 7}


def saying(why: str) -> Check:
    async def check() -> str:
        return why

    return check


WELL: Mapping[str, Check] = {"store": saying(""), "workers": saying("")}


@asynccontextmanager
async def client(checks: Mapping[str, Check] = WELL) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving_metrics(LOOPBACK, snapshot, checks) as (host, port),
        httpx.AsyncClient(base_url=f"http://{host}:{port}") as http,
    ):
        yield http


async def said(address: Address, request: bytes, *, end: bool = False) -> bytes:
    """Send bytes and return all that is answered until the other side closes."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    if end:
        writer.write_eof()
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_metrics_are_served_as_prometheus_reads_them() -> None:
    async with client() as http:
        answer = await http.get("/metrics?ignored=1")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'canary_messages_total{outcome="kept"} 7.0' in answer.text


async def test_it_is_alive_as_long_as_it_answers() -> None:
    async with client({"store": saying("locked")}) as http:
        answer = await http.get("/livez")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_it_is_ready_when_every_check_is_good() -> None:
    async with client() as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "store: ok\nworkers: ok\n")


async def test_it_is_not_ready_when_one_is_not_and_says_which_on_one_line() -> None:
    async with client({"store": saying("the disk\nis full"), "workers": saying("")}) as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "store: the disk is full\nworkers: ok\n")


async def test_checks_can_be_left_out() -> None:
    async with client({"alerts": saying("late"), "certificate": saying("old"), "store": saying("")}) as http:
        answer = await http.get("/readyz?exclude=alerts&exclude=certificate")
    assert (answer.status_code, answer.text) == (200, "store: ok\n")


async def test_head_is_answered_as_get_without_the_body() -> None:
    async with client({"store": saying("locked")}) as http:
        for path, status in (("/metrics", 200), ("/livez", 200), ("/readyz", 503)):
            answer = await http.head(path)
            assert (answer.status_code, answer.content) == (status, b"")
            assert int(answer.headers["content-length"]) > 0


async def test_answers_are_never_stored_and_end_the_connection() -> None:
    async with client() as http:
        fields = (await http.get("/livez")).headers
    assert fields["cache-control"] == "no-store"
    assert fields["connection"] == "close"
    assert "server" not in fields
    assert "date" in fields


@pytest.mark.parametrize("path", ["/", "/metrics/", "/METRICS", "/favicon.ico", "/%6detrics", "//metrics"])
async def test_nothing_else_is_there(path: str) -> None:
    async with client() as http:
        assert (await http.get(path)).status_code == 404
        assert (await http.post(path)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
async def test_other_methods_are_refused_and_the_good_ones_named(method: str) -> None:
    async with client() as http:
        answer = await http.request(method, "/metrics")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET http://127.0.0.1:1/livez HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /livez HTTP/1.0\r\n\r\n", 200),
        (b"GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 200),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", 400),
        (b"GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /live\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"EHLO canary\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"get /livez HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 10 * HEAD_BYTES, 431),
    ],
)
async def test_heads_are_read_strictly(request_head: bytes, status: int) -> None:
    async with serving_metrics(LOOPBACK, snapshot, WELL) as address:
        answer = await said(address, request_head)
    assert answer.startswith(b"HTTP/1.1 %d " % status)


async def test_a_head_that_breaks_off_is_bad_and_none_at_all_is_no_matter() -> None:
    async with serving_metrics(LOOPBACK, snapshot, WELL) as address:
        assert (await said(address, b"GET /livez HT", end=True)).startswith(b"HTTP/1.1 400 ")
        assert await said(address, b"", end=True) == b""


async def test_a_client_that_takes_its_time_hears_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canary.metrics.server.HEAD_SECONDS", 0.05)
    async with serving_metrics(LOOPBACK, snapshot, WELL) as address:
        assert (await said(address, b"GET /livez HTTP/1.1\r\n")).startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canary.metrics.server.ANSWER_SECONDS", 0.2)

    async def large() -> Snapshot:
        return {f"{tallies.CERTIFICATE_EXPIRES_AT}|{number}{'x' * 60_000}": 1 for number in range(100)}

    async with serving_metrics(LOOPBACK, large, WELL) as address, AsyncExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            idle = stack.enter_context(socket.socket())
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.connect(address)
            idle.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        await answered(address)


async def test_connections_beyond_the_most_are_dropped_and_room_comes_back() -> None:
    async with serving_metrics(LOOPBACK, snapshot, WELL) as address:
        there = [await asyncio.open_connection(*address) for _ in range(MOST_CONNECTIONS)]
        await dropped(address)
        for _, writer in there:
            writer.close()
            await writer.wait_closed()
        await answered(address)


async def dropped(address: Address) -> None:
    """Come until there is no room: those before us may not have been let in yet."""
    async with asyncio.timeout(60):
        while True:
            try:
                answer = await said(address, b"GET /livez HTTP/1.0\r\n\r\n")
            except ConnectionError:
                return
            if not answer:
                return


async def answered(address: Address) -> None:
    """Come until there is room: those before us may not have been let out yet."""
    async with asyncio.timeout(60):
        while True:
            try:
                answer = await said(address, b"GET /livez HTTP/1.0\r\n\r\n")
            except ConnectionError:
                continue
            if answer.startswith(b"HTTP/1.1 200 "):
                return


async def test_figures_that_cannot_be_had_are_unavailable_and_their_words_are_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing() -> Snapshot:
        raise StoreError("no such table: secret")

    with caplog.at_level(logging.ERROR, "canary.metrics"):
        async with serving_metrics(LOOPBACK, failing, WELL) as address:
            answer = await said(address, b"GET /metrics HTTP/1.0\r\n\r\n")
            assert (await said(address, b"GET /livez HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"secret" not in answer
    assert "/metrics cannot be answered: StoreError" in caplog.text


async def test_an_address_that_is_taken_is_an_error_with_a_hint() -> None:
    async with serving_metrics(LOOPBACK, snapshot, WELL) as (host, port):
        with pytest.raises(ConfigurationError, match="cannot serve metrics on") as raised:
            async with serving_metrics(Endpoint(host, port), snapshot, WELL):
                pass
    assert "ss -ltnp" in raised.value.hint


async def test_those_who_are_there_when_it_closes_are_dropped() -> None:
    async with serving_metrics(LOOPBACK, snapshot, WELL) as address:
        reader, writer = await asyncio.open_connection(*address)
        await answered(address)
    async with asyncio.timeout(60):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_ipv6_is_served() -> None:
    given_ipv6()
    async with serving_metrics(Endpoint("::1", 0), snapshot, WELL) as address:
        assert (await said(address, b"GET /livez HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
