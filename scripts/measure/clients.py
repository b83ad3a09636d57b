"""Sessions become latencies: SMTP clients of our own, run in processes of their own; times in seconds."""

import asyncio
import json
import os
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from itertools import count

BODY = b"".join(b"%060d\r\n" % line for line in range(66))  # with the header 4 KiB
HEAD = (
    b"From: <%b>\r\nTo: <%b>\r\nSubject: About your review\r\n"
    b"Message-ID: <%d.%d@brightpan-care.example>\r\n\r\n"
)
SENDER = b"care@brightpan-care.example"
LINE = b"x" * 76 + b"\r\n"
EHLO = b"EHLO mail.brightpan-care.example\r\n"
PATIENCE = 60.0
WARM_UP = 0.5
ADDRESSES = 200
AT_ONCE = 100


class Mailing(asyncio.Protocol):
    """A connection that sends message after message, waiting for every reply, until it is told to stop."""

    def __init__(self, port: int, pace: Callable[[], float], number: Callable[[], int], decoys: int) -> None:
        self.took: list[tuple[float, float]] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stopping = False
        self._port = port
        self._pace = pace
        self._number = number
        self._decoys = decoys
        self._said = bytearray()
        self._script = self._dialogue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio calls it
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self._transport = transport
        next(self._script)

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio calls it
        self._said += data
        last = self._said.rpartition(b"\r\n")[0].rpartition(b"\r\n")[2]
        if not (self._said.endswith(b"\r\n") and last[3:4] != b"-"):
            return
        code = bytes(last[:3])
        self._said.clear()
        try:
            self._script.send(code)
        except StopIteration:
            self._transport.close()
        except ValueError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102 - asyncio calls it
        if not self.stopping:
            self._fail(ConnectionError(f"connection lost: {exc}"))
        elif not self.over.done():
            self.over.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self.over.done():
            self.over.set_exception(error)
        self._transport.abort()

    def _dialogue(self) -> Generator[None, bytes, None]:
        _expect((yield), b"220")
        self._transport.write(EHLO)
        _expect((yield), b"250")
        while not self.stopping:
            if (wait := self._pace()) > 0:
                asyncio.get_running_loop().call_later(wait, self._go_on)
                yield
            number = self._number()
            recipient = b"%dreader@mail00.example" % (number % self._decoys + 1)
            self._transport.write(b"MAIL FROM:<%b>\r\n" % SENDER)
            _expect((yield), b"250")
            self._transport.write(b"RCPT TO:<%b>\r\n" % recipient)
            _expect((yield), b"250")
            self._transport.write(b"DATA\r\n")
            _expect((yield), b"354")
            head = HEAD % (SENDER, recipient, self._port, number)
            self._transport.write(head + BODY + b".\r\n")
            ended = time.perf_counter()
            _expect((yield), b"250")
            self.took.append((ended, time.perf_counter() - ended))
        self._transport.write(b"QUIT\r\n")
        yield

    def _go_on(self) -> None:
        if not self._transport.is_closing():
            self._script.send(b"")


def _expect(code: bytes, wanted: bytes) -> None:
    if code != wanted:
        raise ValueError(f"{code.decode(errors='replace')} where {wanted.decode()} was awaited")


def mailing(port: int, sessions: int, seconds: float, rate: float, decoys: int, first: int) -> list[float]:
    """Send from so many sessions for so long and return the times from the end of DATA to the 250.

    `rate` is messages a second over all sessions, 0 as fast as they go. `first` numbers the messages.
    A while before that is warming up.
    """
    return asyncio.run(_mailing(port, sessions, rate, decoys, first, asyncio.sleep(WARM_UP + seconds)))


def beside(
    port: int, sessions: int, rate: float, decoys: int, first: int, messages: int, size: int
) -> dict[str, list[float]]:
    """Send as `mailing` does while another process sends large messages; return both their times."""
    large: list[float] = []
    told = {"port": port, "messages": messages, "size": size}
    took = asyncio.run(_mailing(port, sessions, rate, decoys, first, _other("clients.large", told, large)))
    return {"others": took, "large": large}


async def _other(task: str, told: dict[str, int], into: list[float]) -> None:
    command = [sys.executable, "-m", "scripts.measure.work", task, json.dumps(told)]
    await asyncio.sleep(WARM_UP)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    into.extend(json.loads(out))


async def _mailing(
    port: int, sessions: int, rate: float, decoys: int, first: int, until: Awaitable[None]
) -> list[float]:
    loop = asyncio.get_running_loop()
    numbers = count(first)
    due = loop.time()
    warm = time.perf_counter() + WARM_UP

    def pace() -> float:
        nonlocal due
        if not rate:
            return 0.0
        due = max(due + 1 / rate, loop.time() - sessions / rate)
        return due - loop.time()

    made = [
        await loop.create_connection(lambda: Mailing(port, pace, numbers.__next__, decoys), "127.0.0.1", port)
        for _ in range(sessions)
    ]
    clients = [client for _, client in made]
    ending: asyncio.Future[None] = asyncio.ensure_future(until)
    failing = asyncio.gather(*(client.over for client in clients))
    failing.add_done_callback(lambda _: ending.cancel())
    try:
        await ending
    except asyncio.CancelledError:
        failing.result()
        raise
    over = time.perf_counter()
    for client in clients:
        client.stopping = True
    async with asyncio.timeout(PATIENCE):
        await failing
    return [seconds for client in clients for ended, seconds in client.took if warm <= ended < over]


def large(port: int, messages: int, size: int) -> list[float]:
    """Send large messages over one connection and return how long each took, in seconds.

    It lets others go first: what it does would be another machine's work.
    """
    os.nice(19)
    body = LINE * ((size - 400) // len(LINE))
    took = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client, client.makefile("rb") as replies:

        def ask(command: bytes, wanted: bytes) -> None:
            client.sendall(command)
            line = replies.readline()
            while line[3:4] == b"-":
                line = replies.readline()
            _expect(line[:3], wanted)

        ask(b"", b"220")
        ask(EHLO, b"250")
        for number in range(messages):
            began = time.perf_counter()
            ask(b"MAIL FROM:<%b>\r\n" % SENDER, b"250")
            ask(b"RCPT TO:<1reader@mail00.example>\r\n", b"250")
            ask(b"DATA\r\n", b"354")
            client.sendall(HEAD % (SENDER, b"1reader@mail00.example", time.time_ns(), number))
            client.sendall(body)
            ask(b".\r\n", b"250")
            took.append(time.perf_counter() - began)
        ask(b"QUIT\r\n", b"221")
    return took


def idle(port: int, connections: int) -> None:
    """Open connections from many addresses, greet, tell how many were greeted, and hold them until killed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_idle(port, connections))


async def _idle(port: int, connections: int) -> None:
    codes: Counter[str] = Counter()
    held = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            ours = (f"127.0.0.{2 + number % ADDRESSES}", 0)
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=ours)
                await reader.readuntil(b"\r\n")
                writer.write(EHLO)
                line = await reader.readuntil(b"\r\n")
                while line[3:4] == b"-":
                    line = await reader.readuntil(b"\r\n")
                codes[line[:3].decode()] += 1
                held.append(writer)
            except (OSError, asyncio.IncompleteReadError) as error:
                codes[type(error).__name__] += 1

    async with asyncio.timeout(PATIENCE * 4):
        await asyncio.gather(*map(one, range(connections)))
    sys.stdout.write(f"{json.dumps(codes)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()
