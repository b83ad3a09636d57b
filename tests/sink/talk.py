"""A fixed set of dialogues, to be spoken to any mail host, and what it answered."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
AT_ONCE = 16
"""How many dialogues are spoken at a time."""


@dataclass(frozen=True)
class Raw:
    """Bytes to send as they are, and how many replies will come."""

    data: bytes
    replies: int = 1


@dataclass(frozen=True)
class Handshake:
    """Begin TLS now."""


Step = str | tuple[str, ...] | Raw | Handshake
Dialogue = tuple[Step, ...]
Heard = list[tuple[str, ...]]


async def speak(port: int, dialogue: Sequence[Step]) -> Heard:
    """Return the replies to each step, the banner first and the very last words last.

    A text is sent with CRLF, several of them in one packet; each has one reply. Queue ids are masked.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard: Heard = []
    try:
        async with asyncio.timeout(PATIENCE):
            heard.append(await _replies(reader, 1))
            for step in dialogue:
                if isinstance(step, Handshake):
                    context = ssl.create_default_context()
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                    await writer.start_tls(context)
                    heard.append(("TLS",))
                    continue
                if isinstance(step, Raw):
                    data, count = step.data, step.replies
                else:
                    lines = (step,) if isinstance(step, str) else step
                    data, count = b"".join(line.encode("latin-1") + b"\r\n" for line in lines), len(lines)
                with suppress(ConnectionError):
                    writer.write(data)
                    await writer.drain()
                heard.append(await _replies(reader, count))
            if writer.can_write_eof():
                with suppress(OSError):
                    writer.write_eof()
                heard.append(await _replies(reader, 99))
    finally:
        writer.transport.abort()
    return heard


async def _replies(reader: asyncio.StreamReader, count: int) -> tuple[str, ...]:
    said: list[str] = []
    try:
        for _ in range(count):
            lines = [await reader.readline()]
            while lines[-1][3:4] == b"-":
                lines.append(await reader.readline())
            if not lines[-1]:
                return (*said, "EOF")
            said.append(masked(b"".join(lines).decode("latin-1").removesuffix("\r\n")))
    except ConnectionError:
        return (*said, "EOF")
    return tuple(said)


def recorded(record: Path) -> dict[str, Heard]:
    """Return what a real host was heard to say in each dialogue, after each step.

    `## name` begins a dialogue, `C ` is a step, `= ` a reply to it, and two blanks a further line of that.
    """
    found: dict[str, Heard] = {}
    for section in record.read_text("utf-8").split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        heard: list[list[str]] = []
        for line in body.splitlines():
            text = line[2:]
            if line[:2] == "C ":
                heard.append([])
            elif line[:2] == "= ":
                heard[-1].append(_unescaped(text))
            elif line:
                heard[-1][-1] += f"\r\n{_unescaped(text)}"
        found[name] = [tuple(replies) for replies in heard]
    return found


def _unescaped(text: str) -> str:
    return text.encode().decode("unicode_escape")


def masked(reply: str) -> str:
    """Return a reply without what is never the same twice."""
    reply = re.sub(r"queued as [0-9A-F]{9,12}$", "queued as ID", reply)
    reply = re.sub(r"id=\w{6}-\w{6}-\w\w\b", "id=ID", reply)
    return re.sub(r"(Exim \S+) \w{3}, \d.*$", r"\1 DATE", reply)


async def speak_all(port: int, dialogues: dict[str, Dialogue]) -> dict[str, Heard]:
    """Speak all dialogues to a host, several at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(dialogue: Dialogue) -> Heard:
        async with turn:
            return await speak(port, dialogue)

    heard = await asyncio.gather(*(one(dialogue) for dialogue in dialogues.values()))
    return dict(zip(dialogues, heard, strict=True))


def told(step: Step) -> str:
    """Return a step as a line of a report."""
    shown = repr(step)
    return shown if len(shown) <= 120 else f"{shown[:80]}…{shown[-30:]}"
