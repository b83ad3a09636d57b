"""`canary serve`: the mail side runs until it is told to stop."""

import asyncio
import logging
import signal
from typing import Annotated

import typer

from canary import wiring
from canary.cli.context import context_of
from canary.cli.logs import set_up_logs
from canary.config import Config
from canary.watch import watching

log = logging.getLogger(__name__)


def run(
    context: typer.Context,
    listen: Annotated[
        list[str] | None,
        typer.Option("--listen", help="Listen here instead of sink.listen; repeatable.", metavar="HOST:PORT"),
    ] = None,
    hostname: Annotated[
        str | None,
        typer.Option("--hostname", help="Greet under this name instead of sink.hostname.", metavar="NAME"),
    ] = None,
) -> None:
    """Receive mail, attribute it, and tell the security team, until SIGTERM or Ctrl-C.

    What it does is logged on standard error: see log.level and log.format.
    """
    flags = {}
    if listen:
        flags["sink__listen"] = ("--listen", ",".join(listen))
    if hostname:
        flags["sink__hostname"] = ("--hostname", hostname)
    config = context_of(context).config(**flags)
    set_up_logs(config.log.level, config.log.format)
    wiring.allow_descriptors(config)
    with asyncio.Runner(loop_factory=wiring.loop_factory()) as runner:
        runner.run(_serve(config))


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with wiring.opened_store(config, wiring.load_keys(config)) as store:
        channels = wiring.channels_of(config)
        async with watching(store, wiring.sink_settings(config), channels) as bound:
            log.info(
                "listening on %s; alerts go to %s",
                ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in bound),
                ", ".join(channel.name for channel in channels) or "nobody",
            )
            if not channels:
                log.warning("no alert channel is configured: hits are kept, and nobody is told")
            await stop.wait()
            log.info("stopping: what was begun may end")
