"""Requests for `/metrics`, `/livez` and `/readyz` become answers; nothing else is served."""

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from canary.config.places import Endpoint
from canary.errors import ConfigurationError
from canary.metrics.exposition import exposition
from canary.metrics.health import OK, Check, answers
from canary.metrics.names import FAMILIES, Family
from canary.metrics.request import TOO_MANY_FIELDS, Refused, Request, request_of
from canary.tallies import Snapshot

log = logging.getLogger("canary.metrics")

HEAD_BYTES = 8 * 1024
HEAD_SECONDS = 5.0
ANSWER_SECONDS = 10.0
LINGER_SECONDS = 1.0
LINGER_BYTES = 64 * 1024
MOST_CONNECTIONS = 32
METHODS = ("GET", "HEAD")
TEXT = "text/plain; charset=utf-8"

Snapshots = Callable[[], Awaitable[Snapshot]]
HINTS = {
    errno.EACCES: "a port below 1024 needs CAP_NET_BIND_SERVICE; take a higher one",
    errno.EADDRINUSE: "another program listens there; `ss -ltnp` names it",
    errno.EADDRNOTAVAIL: "this machine has no such address; `ip address` lists those it has",
}


class Page(NamedTuple):
    """What is answered: a status, a body and what that is."""

    status: int
    body: bytes
    content_type: str = TEXT


@contextlib.asynccontextmanager
async def serving_metrics(
    endpoint: Endpoint,
    snapshot: Snapshots,
    checks: Mapping[str, Check],
    families: Sequence[Family] = FAMILIES,
) -> AsyncIterator[tuple[str, int]]:
    """Serve metrics and health until the block ends; yields the address that was bound.

    A check returns "" where all is well, else why not. Raises ConfigurationError where the address cannot
    be bound.
    """
    house = _House(snapshot, checks, families)
    try:
        server = await asyncio.start_server(house.welcome, endpoint.host, endpoint.port, limit=HEAD_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"cannot serve metrics on {endpoint}: {reason}", hint=HINTS.get(error.errno or 0, "")
        ) from None
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        await house.close()
        await server.wait_closed()


class _House:
    """Who asks at the moment, and what they are answered."""

    def __init__(self, snapshot: Snapshots, checks: Mapping[str, Check], families: Sequence[Family]) -> None:
        self._snapshot = snapshot
        self._families = families
        self._checks = checks
        self._present: set[asyncio.Task[None]] = set()

    def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection, or drop it where there are too many."""
        if len(self._present) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._present.add(task)
        task.add_done_callback(self._present.discard)

    async def close(self) -> None:
        """Drop all who are still there."""
        for task in self._present:
            task.cancel()
        await asyncio.gather(*self._present, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close; a client that does not read its answer is dropped."""
        try:
            method, page = await self._asked(reader)
            if page is not None:
                async with asyncio.timeout(ANSWER_SECONDS):
                    writer.write(_written(page, with_body=method != "HEAD"))
                    await writer.drain()
                    writer.write_eof()
                if page.status >= HTTPStatus.BAD_REQUEST:
                    await _linger(reader)
                async with asyncio.timeout(ANSWER_SECONDS):
                    writer.close()
                    await writer.wait_closed()
        except (OSError, TimeoutError):
            log.debug("a client for metrics was gone before its answer")
        finally:
            writer.transport.abort()

    async def _asked(self, reader: asyncio.StreamReader) -> tuple[str, Page | None]:
        """Return the method and what to answer, None to a client that said nothing."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = request_of(await reader.readuntil(b"\r\n\r\n"))
        except TimeoutError:
            return "", _plain(HTTPStatus.REQUEST_TIMEOUT)
        except asyncio.LimitOverrunError:
            return "", _plain(TOO_MANY_FIELDS)
        except asyncio.IncompleteReadError as error:
            return "", _plain(HTTPStatus.BAD_REQUEST) if error.partial else None
        except Refused as refused:
            return "", _plain(refused.status)
        return request.method, await self._page(request)

    async def _page(self, request: Request) -> Page:
        pages = {"/metrics": self._metrics, "/livez": _livez, "/readyz": self._readyz}
        page = pages.get(request.path)
        if page is None:
            return _plain(HTTPStatus.NOT_FOUND)
        if request.method not in METHODS:
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await page(request)
        except Exception as error:  # noqa: BLE001 - the next one may be answered again
            log.error("%s cannot be answered: %s", request.path, type(error).__name__)  # noqa: TRY400 - what failed has said more
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE)

    async def _metrics(self, request: Request) -> Page:
        body, content_type = exposition(
            await self._snapshot(), request.fields.get("accept", ""), self._families
        )
        return Page(HTTPStatus.OK, body, content_type)

    async def _readyz(self, request: Request) -> Page:
        """Answer with a line for each check, those left out that `?exclude=NAME` names."""
        excluded = parse_qs(request.query).get("exclude", [])
        said = await answers({name: check for name, check in self._checks.items() if name not in excluded})
        status = HTTPStatus.SERVICE_UNAVAILABLE if any(said.values()) else HTTPStatus.OK
        return Page(status, "".join(f"{name}: {_line(why) or OK}\n" for name, why in said.items()).encode())


async def _livez(_: Request) -> Page:
    """Answer, which is what is asked."""
    return Page(HTTPStatus.OK, b"ok\n")


def _line(text: str) -> str:
    return " ".join(text.split())


def _plain(status: int) -> Page:
    known = HTTPStatus(status)
    return Page(known, f"{known.phrase}\n".encode())


def _written(page: Page, *, with_body: bool) -> bytes:
    status = HTTPStatus(page.status)
    fields = {
        "Date": formatdate(usegmt=True),
        "Content-Type": page.content_type,
        "Content-Length": str(len(page.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        fields["Allow"] = ", ".join(METHODS)
    head = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {told}" for name, told in fields.items())]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (page.body if with_body else b"")


async def _linger(reader: asyncio.StreamReader) -> None:
    """Read on for a moment: closing before all is read may take the answer back (RFC 9112 section 9.6)."""
    left = LINGER_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0 and (piece := await reader.read(left)):
                left -= len(piece)
