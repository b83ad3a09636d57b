"""A letter becomes an SMTP session: bytes over a socket, from the address that a PROXY header tells."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.simulating.letters import Letter

AT_ONCE = 100
"""So many recipients are named before the replies are read (RFC 2920), within any receive buffer."""

PATIENCE = 60.0
TAKEN = b"250"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the host said: which recipients are there, and whether the message was taken."""

    there: tuple[str, ...]
    taken: bool = False


async def spoken(port: int, letter: Letter) -> Answered:
    """Hold the session of a letter with the listener on this port of loopback, to its end."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"PROXY TCP4 {letter.ip} 127.0.0.1 40000 25\r\n".encode())
            await _reply(reader)
            await _say(reader, writer, f"EHLO {letter.helo}")
            await _say(reader, writer, f"MAIL FROM:<{letter.mail_from}>")
            there = await _named(reader, writer, letter.recipients)
            taken = bool(letter.raw and there) and await _mailed(reader, writer, letter.raw)
            await _say(reader, writer, "QUIT")
            await reader.read()  # until the host has hung up
        finally:
            writer.close()
        return Answered(there, taken)


async def _named(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipients: Sequence[str]
) -> tuple[str, ...]:
    there = []
    for first in range(0, len(recipients), AT_ONCE):
        some = recipients[first : first + AT_ONCE]
        writer.write("".join(f"RCPT TO:<{each}>\r\n" for each in some).encode())
        there += [each for each in some if (await _reply(reader)).startswith(TAKEN)]
    return tuple(there)


async def _mailed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> bool:
    await _say(reader, writer, "DATA")
    writer.write(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    return (await _reply(reader)).startswith(TAKEN)


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> bytes:
    writer.write(line.encode() + b"\r\n")
    return await _reply(reader)


async def _reply(reader: asyncio.StreamReader) -> bytes:
    """Return the last line of a reply (RFC 5321 section 4.2.1)."""
    while (line := await reader.readline())[3:4] == b"-":
        pass
    return line
