"""Real clients that others wrote."""

import asyncio
import email.message
import shutil
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from canary.sink.settings import TlsFiles
from tests.parts import need

Opener = Callable[..., Awaitable[Any]]


def needs(program: str) -> str:
    """Return where a program is; where it is missing, skip aloud, and fail where CI promised it."""
    found = shutil.which(program)
    need(found, program)
    return str(found)


async def run(*command: str, stdin: bytes = b"") -> tuple[int, str]:
    """Run a program and return its exit code and everything it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(stdin)
    return process.returncode or 0, said.decode(errors="replace")


async def test_smtplib_delivers_to_two_decoys_and_hears_of_the_third(host: Any) -> None:
    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP(host.address[0], host.address[1], timeout=60) as client:
            message = email.message.EmailMessage()
            message["From"] = "seller@shop.example"
            message["Subject"] = "About your review"
            message.set_content(".\n..\nWould you change it?\n")
            recipients = ["anna.reed@example.net", "ben.ward@example.net", "nobody@example.net"]
            return client.send_message(message, "seller@shop.example", recipients)

    refused = await asyncio.to_thread(send)
    assert {address: code for address, (code, _) in refused.items()} == {"nobody@example.net": 550}
    (message,) = host.door.messages
    assert message.recipients == ("anna.reed@example.net", "ben.ward@example.net")
    assert b"\r\n\r\n.\r\n..\r\nWould" in message.raw


async def test_smtplib_delivers_over_tls_with_smtputf8(
    open_host: Opener, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(tls=TlsFiles(*certificate))

    def send() -> None:
        with smtplib.SMTP("localhost", host.address[1], timeout=60) as client:
            client.starttls(context=ssl.create_default_context(cafile=str(certificate[0])))
            client.sendmail("josé@shop.example", ["anna.reed@example.net"], b"hi\r\n", ["SMTPUTF8"])

    await asyncio.to_thread(send)
    assert host.door.messages[0].mail_from == "josé@shop.example"
    assert host.door.messages[0].peer.tls.startswith("TLSv1.")


async def test_curl_delivers(host: Any, tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    mail.write_bytes(b"Subject: hi\r\n\r\n.hi\r\n")
    code, said = await run(
        needs("curl"),
        *("-sS", "--noproxy", "*", f"smtp://{host.address[0]}:{host.address[1]}/client.example"),
        *("--mail-from", "seller@shop.example", "--mail-rcpt", "anna.reed@example.net"),
        *("--upload-file", str(mail)),
    )
    assert (code, said) == (0, "")
    assert host.door.messages[0].raw == mail.read_bytes()


async def test_curl_verifies(host: Any) -> None:
    code, said = await run(
        needs("curl"),
        *("-sS", "--noproxy", "*", f"smtp://{host.address[0]}:{host.address[1]}"),
        *("--mail-rcpt", "anna.reed@example.net"),
    )
    assert code == 0
    assert "252 2.0.0 anna.reed@example.net" in said
    await host.emptied()
    assert host.door.heard() == ["probe VRFY anna.reed@example.net others 0"]


async def test_swaks_delivers_pipelined(open_host: Opener, certificate: tuple[Path, Path]) -> None:
    host = await open_host(tls=TlsFiles(*certificate))
    code, said = await run(
        needs("swaks"),
        *(
            "--server",
            host.address[0],
            "--port",
            str(host.address[1]),
            "--pipeline",
            "--helo",
            "client.example",
        ),
        *("--from", "seller@shop.example", "--to", "anna.reed@example.net,ben.ward@example.net"),
    )
    assert code == 0, said
    assert host.door.messages[0].recipients == ("anna.reed@example.net", "ben.ward@example.net")


async def test_swaks_probes(host: Any) -> None:
    code, said = await run(
        needs("swaks"),
        *("--server", host.address[0], "--port", str(host.address[1]), "--quit-after", "RCPT"),
        *("--from", "seller@shop.example", "--to", "anna.reed@example.net"),
    )
    assert code == 0, said
    await host.emptied()
    assert host.door.heard() == ["probe RCPT anna.reed@example.net others 0"]
