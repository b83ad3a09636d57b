"""Connections become latencies: HTTP clients of our own, in a process of their own; times in seconds."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import cast

import httptools

from canary.wiring import loop_factory

PATIENCE = 30.0
SEVERAL = 10
"""Of the mix, one view in so many is a first one."""

RECORDS = 500


class Asking(asyncio.Protocol):
    """A connection that sends request after request, each when the answer before it is whole."""

    def __init__(self, request: Callable[[], bytes], took: list[float]) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stopping = False
        self._request = request
        self._took = took
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio calls it
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio calls it
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:  # noqa: D102 - httptools calls it
        self._took.append(time.perf_counter() - self._began)
        status = self._parser.get_status_code()
        if status >= 300:
            self._end(RuntimeError(f"status {status}"))
        elif self.stopping:
            self._end(None)
        else:
            asyncio.get_running_loop().call_soon(self._send)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102 - asyncio calls it
        self._end(ConnectionError(f"connection lost: {exc}"))

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._began = time.perf_counter()
        self._transport.write(self._request())

    def _end(self, error: Exception | None) -> None:
        if not self.over.done():
            if error is None:
                self.over.set_result(None)
            else:
                self.over.set_exception(error)
            self._transport.close()


class Views:
    """Requests that tell of views: `first` ones, which nobody saw, `again`, or some of each (`mix`)."""

    def __init__(self, kind: str, path: str, key: str, start: int) -> None:
        self._kind = kind
        self._number = start
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def __call__(self) -> bytes:
        """Return the next request."""
        self._number += 1
        number = self._number
        fresh = self._kind == "first" or (self._kind == "mix" and number % SEVERAL == 0)
        body = json.dumps(
            {
                "employee": f"e.marsh{number % 50}",
                "record": f"product:{number}" if fresh else f"product:known{number % RECORDS}",
                "tool": "portal",
                "session": f"s-{number % 997}",
                "client_ip": "192.0.2.7",
                "id": f"request-{number}",
            }
        ).encode()
        return self._head + b"%d\r\n\r\n%b" % (len(body), body)


def asked(
    port: int, path: str, key: str, kind: str, connections: int, seconds: float, start: int
) -> list[float]:
    """Return how long each request took that so many connections sent in so many seconds."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_asked(port, Views(kind, path, key, start), connections, seconds))


async def _asked(port: int, views: Views, connections: int, seconds: float) -> list[float]:
    took: list[float] = []
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Asking(views, took), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.wait([each.over for each in made], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for each in made:
        each.stopping = True
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(each.over for each in made))
    return took
