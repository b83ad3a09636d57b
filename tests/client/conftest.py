"""A home of canary, and hosts that answer as no API should."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from canary.cli.program import app


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the configuration of a canary that was just initialised."""
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        made = CliRunner().invoke(app, ["init", "--domain", "one.example", "--domain", "two.example"])
        assert made.exit_code == 0, made.output
    finally:
        os.chdir(before)
    return tmp_path / "canary.toml"


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """Give the address of a host that answers every request so, or, with None, never."""
    clients: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            clients.append(client)
            if answer is not None:
                with suppress(OSError):  # the client may have gone
                    heard = b""
                    while b"\r\n\r\n" not in heard and (more := client.recv(65536)):
                        heard += more
                    client.sendall(answer)
                    client.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for client in clients:
                client.close()
