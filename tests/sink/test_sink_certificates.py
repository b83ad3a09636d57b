"""Certificates: by host name, read anew when they change, and never a reason to stop."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canary.errors import ConfigurationError
from canary.sink import tls
from canary.sink.settings import TlsFiles

Opened = Callable[..., Awaitable[Any]]
NewCertificate = Callable[..., tuple[Path, Path]]


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def shown(host: Any, server_name: str = "localhost") -> bytes:
    """Return the certificate that a client is shown after STARTTLS, DER."""
    client = await host.client()
    await client.reply()
    assert (await client.say("STARTTLS")).startswith("220")
    await client.writer.start_tls(unverified(), server_hostname=server_name)
    secured = client.writer.get_extra_info("ssl_object")
    der: bytes = secured.getpeercert(binary_form=True)
    return der


def der_of(cert: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(cert.read_text())


async def test_a_new_certificate_is_shown_without_a_restart(
    open_host: Opened, new_certificate: NewCertificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LOOK_AGAIN", 0.0)
    cert, key = new_certificate(tmp_path / "a")
    host = await open_host(tls=TlsFiles(cert, key))
    old = der_of(cert)
    assert await shown(host) == old
    new_certificate(tmp_path / "a")
    assert await shown(host) == der_of(cert) != old


@pytest.mark.parametrize("harm", ["missing", "mismatched", "rubbish"])
async def test_a_bad_new_certificate_leaves_the_old_one_in_use(
    open_host: Opened,
    new_certificate: NewCertificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    harm: str,
) -> None:
    monkeypatch.setattr(tls, "LOOK_AGAIN", 0.0)
    cert, key = new_certificate(tmp_path / "a")
    host = await open_host(tls=TlsFiles(cert, key))
    old = der_of(cert)
    if harm == "missing":
        cert.unlink()
    elif harm == "mismatched":
        cert.write_bytes(new_certificate(tmp_path / "b")[0].read_bytes())
    else:
        key.write_text("no key")
    assert await shown(host) == old
    assert await shown(host) == old
    assert caplog.text.count("the certificate in use stays") == 1


async def test_a_reload_with_a_bad_certificate_changes_nothing(
    open_host: Opened, new_certificate: NewCertificate, tmp_path: Path
) -> None:
    cert, key = new_certificate(tmp_path / "a")
    host = await open_host(tls=TlsFiles(cert, key))
    with pytest.raises(ConfigurationError, match="cannot read certificate"):
        host.listener.reload(replace(host.settings, tls=TlsFiles(tmp_path / "gone", key), max_message=1000))
    assert await shown(host) == der_of(cert)
    assert host.listener._house.settings.max_message == host.settings.max_message


async def test_an_expired_certificate_is_served_and_warned_of(
    open_host: Opened, new_certificate: NewCertificate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cert, key = new_certificate(tmp_path / "a", days=-1)
    with caplog.at_level(logging.WARNING):
        host = await open_host(tls=TlsFiles(cert, key))
    assert "has expired" in caplog.text
    assert await shown(host) == der_of(cert)


@pytest.mark.parametrize("named", ["192.0.2.1", "127.0.0.1"])
async def test_an_address_shows_the_certificate_of_its_name_whatever_is_asked_for(
    open_host: Opened, new_certificate: NewCertificate, tmp_path: Path, named: str
) -> None:
    for name in ("mx.example.net", "mx.other.example"):
        new_certificate(tmp_path / name, name=name)
    host = await open_host(
        tls=TlsFiles(folder=tmp_path), hostnames=((named, "mx.other.example"),), reverse_names=False
    )
    ours = "mx.other.example" if named == "127.0.0.1" else "mx.example.net"
    own = der_of(tmp_path / ours / "fullchain.pem")
    assert await shown(host) == own
    assert await shown(host, "mx.example.net") == own
    assert await shown(host, "mx.other.example") == own
    client = await host.client()
    await client.reply()
    await client.say("STARTTLS")
    await client.writer.start_tls(unverified(), server_hostname="mx.other.example")
    await client.say("EHLO x")
    await host.send(client, "anna.reed@example.net")
    assert host.door.messages[0].peer.server_name == "mx.other.example"
    assert host.door.messages[0].trace.protocol == "ESMTPS"


async def test_a_folder_without_any_of_our_names_is_an_error_at_the_start(
    new_host: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"no certificate for mx\.example\.net"):
        await new_host(tls=TlsFiles(folder=tmp_path)).open()


async def test_tls_from_the_first_byte_is_greeted_after_the_handshake(
    open_host: Opened, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(listen=(), tls_listen=("127.0.0.1:0",), tls=TlsFiles(*certificate))
    reader, writer = await asyncio.open_connection(*host.address, ssl=unverified())
    assert (await reader.readline()).startswith(b"220 mx.example.net")
    writer.write(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna.reed@example.net>\r\nDATA\r\n")
    lines = []
    while not (line := await reader.readline()).startswith(b"354"):
        assert line
        lines.append(line)
    assert not any(b"STARTTLS" in line for line in lines)
    writer.write(b"hi\r\n.\r\nQUIT\r\n")
    assert (await reader.readline()).startswith(b"250")
    await reader.read()
    writer.close()
    assert host.door.messages[0].peer.tls.startswith("TLSv1.3")


async def test_clear_text_where_tls_is_spoken_is_dropped(
    open_host: Opened, certificate: tuple[Path, Path]
) -> None:
    host = await open_host(listen=(), tls_listen=("127.0.0.1:0",), tls=TlsFiles(*certificate))
    client = await host.client()
    await client.send(b"EHLO x\r\n")
    assert "220" not in await client.rest()
    await host.emptied()
