"""A door that remembers, a real listener before it, and a reader of dialogues."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from canary.address import canonical
from canary.errors import StoreError
from canary.model import Message, Peer, Probe
from canary.sink import Listener, SinkSettings
from canary.sink.profiles import PROFILES, postfix
from canary.sink.settings import Limits
from canary.tallies import Tallies
from tests.certificates import certify

HOSTNAME = "mx.example.net"
PATIENCE = 60.0
STRICT = Limits(0, 0, 0, 0, unknown_slow=0, unknown=0, exempt=())
"""Mistakes count as they do for strangers; how much one may do is for the tests of limits."""

LIVE = frozenset(
    {
        "anna.reed@example.net",
        "ben.ward@example.net",
        "cora_lund@example.org",
        "dan@formerly-ours.example",
        *(f"reader{n}@example.net" for n in range(1000)),
    }
)


class RememberingDoor:
    """Keeps what it is given; fails and waits on demand."""

    def __init__(self) -> None:
        self.live = {canonical(address) for address in LIVE}
        self.messages: list[Message] = []
        self.spilled = 0
        self.probes: list[Probe] = []
        self.strays: list[tuple[str, Peer]] = []
        self.chances: dict[str, float] = {}
        self.failure: Exception | None = None
        self.probe_failure: Exception | None = None
        self.lookup_failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.knocked = asyncio.Event()

    def is_live(self, address: str) -> bool:
        if address.startswith("locked"):
            raise StoreError("database is locked")
        if self.lookup_failure is not None:
            raise self.lookup_failure
        return canonical(address) in self.live

    def chance(self, address: str) -> float:
        return self.chances.get(canonical(address), 1.0)

    async def message(self, message: Message) -> None:
        self.knocked.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if not isinstance(message.raw, bytes):
            self.spilled += 1
            message = replace(message, raw=b"".join(message.raw.chunks()))
        self.messages.append(message)

    async def probe(self, probe: Probe) -> None:
        self.knocked.set()
        await self.gate.wait()
        if self.probe_failure is not None:
            raise self.probe_failure
        self.probes.append(probe)

    def stray(self, address: str, peer: Peer) -> None:
        self.strays.append((address, peer))

    def heard(self) -> list[str]:
        """Return what came through, in the words that a dialogue ends with."""
        return [
            *(f"message <{m.mail_from}> {' '.join(m.recipients)}" for m in self.messages),
            *(f"probe {p.verb} {p.recipient} others {p.others}" for p in self.probes),
            *(f"stray {address}" for address, _ in self.strays),
        ]


class Client:
    """A raw SMTP client that says what it is told to say."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def flood(self, data: bytes) -> None:
        """Send the same again and again, until the host has had enough."""
        async with asyncio.timeout(2 * PATIENCE):
            while True:
                await self.send(data)

    async def line(self) -> str:
        """Return the next line without its end; "" where the host has closed."""
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.readline()).decode().removesuffix("\r\n")

    async def reply(self) -> str:
        """Return a whole reply, its lines joined by newlines."""
        lines = [await self.line()]
        while lines[-1][3:4] == "-":
            lines.append(await self.line())
        return "\n".join(lines)

    async def say(self, *lines: str) -> str:
        """Send command lines in one packet and return the last of the replies to them."""
        await self.send("".join(f"{line}\r\n" for line in lines).encode())
        return [await self.reply() for _ in lines][-1]

    async def rest(self) -> str:
        """Return everything until the host closes."""
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.read()).decode()

    async def last_words(self) -> str:
        """Return everything until the host closes, or resets since it left words of ours unread."""
        heard = b""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                while block := await self.reader.read(65536):
                    heard += block
        return heard.decode()

    async def closed(self) -> bool:
        """Say whether the host has closed, and that without another word."""
        with contextlib.suppress(ConnectionError):
            return not await self.rest()
        return True

    async def begin_tls(self, context: ssl.SSLContext) -> None:
        await self.writer.start_tls(context, server_hostname="localhost")

    def drop(self) -> None:
        self.writer.transport.abort()


class Host:
    """A listener on a free port, with its door and its clients."""

    def __init__(self, door: RememberingDoor, **settings: Any) -> None:
        self.door = door
        given: dict[str, Any] = {"timeout": 30.0, "transaction_timeout": 60.0, "max_message": 100_000}
        given |= {"limits": STRICT} | settings
        domains = frozenset({"example.net", "example.org"})
        listen = given.pop("listen", ("127.0.0.1:0",))
        self.settings = SinkSettings(listen, HOSTNAME, domains, **given)
        self.tallies = Tallies()
        self.listener = Listener(self.settings, door, tallies=self.tallies)
        self.address = ("", 0)
        self._clients: list[Client] = []

    async def open(self) -> None:
        (self.address,) = await self.listener.start()

    def hurry(self, **seconds: Any) -> None:
        """Have less patience from the next words on: nothing said before can have come too late."""
        house = self.listener._house
        house.settings = replace(house.settings, **seconds)

    async def client(self) -> Client:
        """Connect without waiting for the banner."""
        client = Client(*await asyncio.open_connection(*self.address))
        self._clients.append(client)
        return client

    async def greeted(self) -> Client:
        """Connect, and say and hear the first words."""
        client = await self.client()
        assert await client.reply() == f"220 {HOSTNAME} ESMTP Postfix"
        assert (await client.say("EHLO client.example")).endswith("250 CHUNKING")
        return client

    async def send(self, client: Client, *recipients: str, raw: bytes = b"Subject: hi\r\n\r\nhi\r\n") -> str:
        """Send a message and return the last reply."""
        opening = ["MAIL FROM:<seller@shop.example>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"]
        reply = await client.say(*opening)
        assert reply.startswith("354"), reply
        await client.send(raw + b".\r\n")
        return await client.reply()

    async def emptied(self) -> None:
        """Wait until nothing is left of any client that is gone."""
        await until(self.listener._house._empty.is_set)

    async def close(self, grace: float = 0) -> None:
        await self.listener.close(grace)
        for client in self._clients:
            client.writer.close()
            with contextlib.suppress(OSError):
                await client.writer.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for long."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the product has no event for its tests
            await asyncio.sleep(0.005)


@pytest.fixture
def new_host() -> Callable[..., Host]:
    """Return what makes a host that is opened and closed by the test, on a loop of its own."""
    return lambda **settings: Host(RememberingDoor(), **settings)


@pytest.fixture
async def open_host() -> AsyncIterator[Callable[..., Awaitable[Host]]]:
    hosts: list[Host] = []

    async def opened(**settings: Any) -> Host:
        host = Host(RememberingDoor(), **settings)
        hosts.append(host)
        await host.open()
        return host

    yield opened
    for host in hosts:
        host.door.gate.set()
        await host.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def host(open_host: Callable[..., Awaitable[Host]]) -> Host:
    return await open_host()


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what a Postfix answers late come at once."""
    hasty = postfix.PHRASES, replace(postfix.HABITS, slowness=0.0), postfix.queue_id
    monkeypatch.setitem(PROFILES, "postfix", hasty)


@pytest.fixture
def run_dialogue() -> Callable[[Host, str], Awaitable[None]]:
    """Return the reader of dialogues.

    `c ~> text` is sent by client c with CRLF, and `c => bytes` without, both with Python's
    escapes; lines one after another go out in one packet. `c <- text` is what must come back,
    `*` standing for anything, and `c <- EOF` that the host closes. `c -x` drops the connection,
    `c -/` ends the client's side only. `= text` at the end is what must have come through the
    door, all of it and in any order.
    """

    async def run(host: Host, text: str) -> None:
        clients: dict[str, Client] = {}
        outgoing: dict[str, bytes] = {}
        expected: list[str] = []
        for line in text.splitlines():
            name, _, rest = line.partition(" ")
            action, _, words = rest.partition(" ")
            if not line.strip() or line.startswith("#"):
                continue
            if name == "=":
                expected.append(rest)
                continue
            if name not in clients:
                clients[name] = await host.client()
            client = clients[name]
            if action in {"~>", "=>"}:
                ending = b"\r\n" if action == "~>" else b""
                said = words.encode().decode("unicode_escape").encode("latin-1")
                outgoing[name] = outgoing.get(name, b"") + said + ending
                continue
            if outgoing.get(name):
                await client.send(outgoing.pop(name))
            await _perform(client, action, words)
        for client in clients.values():
            client.drop()
        await host.emptied()
        assert sorted(host.door.heard()) == sorted(expected)

    return run


async def _perform(client: Client, action: str, words: str) -> None:
    if action == "-x":
        client.drop()
    elif action == "-/":
        client.writer.write_eof()
    elif words == "EOF":
        assert await client.closed()
    else:
        assert action == "<-", f"{action} is no action"
        said = await client.line()
        assert fnmatchcase(said, words.replace("[", "[[]")), f"expected {words!r}, heard {said!r}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate for localhost."""
    return certify(tmp_path_factory.mktemp("tls"))
