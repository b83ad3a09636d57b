"""What canary posts becomes what Slack would have received: a local incoming webhook with Slack's limits."""

import asyncio
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from canary.demo.slack_limits import fault_of
from canary.demo.slack_screen import render

__all__ = ["Attempt", "Received", "SlackReceiver", "render"]

HEAD_BYTES = 16 * 1024
BODY_BYTES = 1024 * 1024
BURST = 3
METHOD_PATH = "/api/chat.postMessage"
REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    410: "Gone",
    411: "Length Required",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
SAID = {403: "action_prohibited", 404: "no_service", 410: "channel_is_archived", 429: "rate_limited"}


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was taken, and when."""

    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request and what came of it: a status, or the word of the script that was played."""

    outcome: int | str
    said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to give: status, body and further headers."""

    status: int
    said: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Act = int | str | Reply
"""One step of a script: a status, a whole reply, or "hang", "reset", "redirect"."""


class SlackReceiver:
    """Listens on 127.0.0.1 and answers as `hooks.slack.com/services/…` does, enforcing its limits.

    `received` are the payloads that were taken, `deliveries` the same with their times, `attempts` all
    requests. With `rate_limit` more than one message a second, beyond a small burst, is answered 429.
    `api/chat.postMessage` is answered likewise, for whoever has the `token`, in one `channel`; `threads` are
    what was posted there, by what it is called, with its replies.
    """

    def __init__(self, *, rate_limit: bool = False) -> None:
        self.deliveries: list[Received] = []
        self.attempts: list[Attempt] = []
        self._rate_limit = rate_limit
        self._allowance = float(BURST)
        self._refilled = time.monotonic()
        self._script: deque[Act] = deque()
        self._changed = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._path = f"/services/T{_word(8)}/B{_word(8)}/{secrets.token_urlsafe(18)}"
        self.token = f"xoxb-{_word(12)}-{secrets.token_urlsafe(18)}"
        self.channel = f"C{_word(9)}"
        self.threads: dict[str, list[str]] = {}

    @property
    def url(self) -> str:
        """Return the webhook's URL."""
        if self._server is None:
            raise RuntimeError("the receiver is not listening")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{self._path}"

    @property
    def api(self) -> str:
        """Return where the methods of the Web API are."""
        return f"{self.url.removesuffix(self._path)}/api/"

    @property
    def received(self) -> list[dict[str, Any]]:
        """Return the payloads that were taken, first come first."""
        return [delivery.payload for delivery in self.deliveries]

    def script(self, acts: Iterable[Act]) -> None:
        """Let the next requests be answered so, one each; afterwards, and at 200, as Slack would."""
        self._script.extend(acts)

    async def wait_for(self, count: int, timeout: float = 30.0) -> list[dict[str, Any]]:  # noqa: ASYNC109 - plainer to call
        """Wait until so many messages were taken and return them. Raises TimeoutError."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(self.deliveries) >= count)
        return self.received

    async def wait_for_attempts(self, count: int, timeout: float = 30.0) -> list[Attempt]:  # noqa: ASYNC109 - plainer to call
        """Wait until so many requests were made and return them. Raises TimeoutError."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(self.attempts) >= count)
        return self.attempts

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=HEAD_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while await self._serve(reader, writer):
                    pass
        except asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; say whether the connection can take another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.split("\r\n")
        method, _, target = request.partition(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)
        }
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES:
            reply = Reply(413, "payload_too_large") if length.isdecimal() else Reply(411, "length_required")
            if method != "POST":
                reply = Reply(405, "method_not_allowed")
            await self._answer(writer, reply)
            return False
        body = await reader.readexactly(int(length))
        act = self._script.popleft() if self._script else 200
        match act:
            case "hang":
                await self._note(act, "")
                await reader.read()
                return False
            case "reset":
                await self._note(act, "")
                writer.transport.abort()
                return False
            case "redirect":
                await self._answer(writer, Reply(302, "", {"Location": f"http://127.0.0.1:9{self._path}"}))
            case 200:
                await self._answer(writer, await self._judge(method, target.partition(" ")[0], headers, body))
            case Reply():
                await self._answer(writer, act)
            case _:
                await self._answer(writer, _plain_reply(int(act)))
        return True

    async def _judge(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == METHOD_PATH:
            return await self._judge_method(method, headers, body)
        if path != self._path:
            return Reply(404, "no_service")
        if method != "POST":
            return Reply(405, "method_not_allowed")
        if self._rate_limit and not self._admitted():
            return _plain_reply(429)
        payload = _json(body) if headers.get("content-type", "").startswith("application/json") else {}
        if fault := fault_of(payload):
            return Reply(400, fault)
        async with self._changed:
            self.deliveries.append(Received(payload, datetime.now(UTC)))
            self._changed.notify_all()
        return Reply(200, "ok")

    async def _judge_method(self, method: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer as `chat.postMessage` does: 200 whatever it thinks, but for too much at once."""
        if self._rate_limit and not self._admitted():
            return _plain_reply(429)
        message = _json(body) if method == "POST" else {}
        if not hmac.compare_digest(headers.get("authorization", ""), f"Bearer {self.token}"):
            return _method_reply(error="invalid_auth")
        if message.get("channel") != self.channel:
            return _method_reply(error="channel_not_found")
        thread = message.get("thread_ts", "")
        if thread and thread not in self.threads:
            return _method_reply(error="thread_not_found")
        placing = {"channel", "thread_ts", "reply_broadcast"}
        if fault := fault_of({name: value for name, value in message.items() if name not in placing}):
            return _method_reply(error=fault)
        async with self._changed:
            ts = f"{int(time.time())}.{len(self.deliveries):06d}"
            self.threads.setdefault(thread or ts, []).append(ts)
            self.deliveries.append(Received(message, datetime.now(UTC)))
            self._changed.notify_all()
        return _method_reply(ts=ts)

    def _admitted(self) -> bool:
        now = time.monotonic()
        self._allowance = min(self._allowance + now - self._refilled, float(BURST))
        self._refilled = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    async def _answer(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        said = reply.said.encode()
        headers = {"Content-Type": "text/html", "Content-Length": str(len(said)), **reply.headers}
        head = f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Unknown')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(head.encode("latin-1") + b"\r\n" + said)
        await writer.drain()
        await self._note(reply.status, reply.said)

    async def _note(self, outcome: int | str, said: str) -> None:
        async with self._changed:
            self.attempts.append(Attempt(outcome, said, datetime.now(UTC)))
            self._changed.notify_all()


def _plain_reply(status: int) -> Reply:
    headers = {"Retry-After": "1"} if status == 429 else {}  # noqa: PLR2004 - HTTP's Too Many Requests
    return Reply(status, SAID.get(status, "invalid_payload" if status < 500 else "rollup_error"), headers)  # noqa: PLR2004 - HTTP's server errors


def _method_reply(error: str = "", ts: str = "") -> Reply:
    said = {"ok": False, "error": error} if error else {"ok": True, "ts": ts}
    return Reply(200, json.dumps(said), {"Content-Type": "application/json; charset=utf-8"})


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return {}


def _word(length: int) -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(length))
