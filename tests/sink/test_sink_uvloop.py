"""The faster event loop serves as the ordinary one does."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canary.sink.settings import TlsFiles

uvloop = pytest.importorskip("uvloop", reason="the `speed` extra is not installed")


def test_messages_probes_tls_losses_and_closing_on_uvloop(
    new_host: Callable[..., Any], certificate: tuple[Path, Path]
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))

    async def scenario() -> list[str]:
        host = new_host(tls=TlsFiles(*certificate))
        await host.open()
        client = await host.greeted()
        assert await client.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
        await client.begin_tls(trusting)
        assert (await host.send(client, "anna.reed@example.net")).startswith("250")
        assert await client.say("QUIT") == "221 2.0.0 Bye"
        dropped, stalled, idle = await host.greeted(), await host.greeted(), await host.greeted()
        await dropped.say("MAIL FROM:<>", "RCPT TO:<ben.ward@example.net>", "DATA")
        dropped.drop()
        await stalled.say("STARTTLS")
        stalled.drop()
        closing = asyncio.create_task(host.listener.close(0.5))
        assert await idle.rest() == "421 4.3.2 mx.example.net Service shutting down\r\n"
        await closing
        assert not host.listener._house.present
        await host.close()
        return list(host.door.heard())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(scenario()) == [
            "message <seller@shop.example> anna.reed@example.net",
            "probe DATA ben.ward@example.net others 0",
        ]


def test_keeping_that_is_given_up_a_rounding_too_early_is_answered_all_the_same(
    new_host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timers of uvloop have whole milliseconds: one of 11.4 comes after 11."""
    monkeypatch.setattr("canary.sink.conversation.KEPT_WITHIN", 0.0114)

    async def scenario() -> set[str]:
        host = new_host()
        await host.open()
        client = await host.greeted()
        host.door.gate.clear()
        try:
            return {await host.send(client, "anna.reed@example.net") for _ in range(10)}
        finally:
            host.door.gate.set()
            await host.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        (said,) = runner.run(scenario())
    assert said.startswith("451 ")
