"""`canary serve`: the mail side runs until it is told to stop."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from canary import wiring
from canary.cli.context import context_of
from canary.cli.notify import notify, notify_reloading
from canary.config import Config
from canary.config.settings import SETTINGS
from canary.errors import CanaryError
from canary.keyring import Keyring
from canary.logs import set_up_logs
from canary.sink.sockets import Opened, inherited_sockets, open_sockets
from canary.watch.plan import Plan
from canary.watch.serving import House, Serving, serving

log = logging.getLogger(__name__)
LIVE = ("sink.", "log.", "mint.domains")
"""Settings that may change while it runs begin with these,"""

FIXED = ("sink.listen", "sink.lmtp", "sink.tls.listen", "sink.workers")
"""but these need a restart."""

KEYS = tuple(each.key for each in SETTINGS)


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
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Receive in so many processes instead of sink.workers.", metavar="N"),
    ] = None,
) -> None:
    """Receive mail, attribute it, and tell the security team, until SIGTERM or Ctrl-C.

    SIGHUP reads the configuration and the certificates anew; nobody is hung up for it. A second SIGTERM
    waits for nobody. What it does is logged on standard error: see log.level and log.format.
    """
    flags = {}
    if listen:
        flags["sink__listen"] = ("--listen", ",".join(listen))
    if hostname:
        flags["sink__hostname"] = ("--hostname", hostname)
    if workers is not None:
        flags["sink__workers"] = ("--workers", str(workers))
    read = context_of(context)
    config = read.config(**flags)
    set_up_logs(config.log.level, config.log.format)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    wiring.allow_descriptors(config)
    inherited = inherited_sockets(os.environ)
    with asyncio.Runner(loop_factory=wiring.loop_factory()) as runner:
        runner.run(_serve(config, lambda: read.config(**flags), inherited))


async def _serve(config: Config, read: Callable[[], Config], inherited: list[Opened]) -> None:
    keyring = wiring.load_keys(config)
    with wiring.opened_store(config, keyring) as store:
        plan = _plan(config, keyring)
        shares = open_sockets(plan.settings, inherited, shares=config.sink.workers)
        channels = wiring.channels_of(config)
        disks = {"store": config.store.path.parent}
        if plan.settings.spill_folder is not None:
            disks["spill"] = plan.settings.spill_folder
        house = House(
            store,
            channels,
            config.alert.silence,
            config.metrics.listen,
            disks,
            window=config.alert.window,
        )
        async with serving(house, plan, shares) as running:
            running.grace = config.sink.drain.total_seconds()
            asked = _signals()
            log.info(
                "listening on %s; alerts go to %s",
                ", ".join(str(each) for each in shares[0]),
                ", ".join(channel.name for channel in channels) or "nobody",
            )
            if running.measured:
                log.info("metrics and health are served on %s", running.measured)
            if not channels:
                log.warning("no alert channel is configured: hits are kept, and nobody is told")
            await _until_stopped(running, asked, config, read, keyring)


def _signals() -> asyncio.Queue[signal.Signals]:
    """Return where the signals arrive from now on."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, asked.put_nowait, number)
    return asked


async def _until_stopped(
    running: Serving,
    asked: asyncio.Queue[signal.Signals],
    config: Config,
    read: Callable[[], Config],
    keyring: Keyring,
) -> None:
    """Do what signals ask for until one of them says to stop."""
    loop = asyncio.get_running_loop()
    notify("READY=1", f"STATUS=Receiving as {config.sink.hostname}")
    while await asked.get() is signal.SIGHUP:
        notify_reloading()
        config = await _reload(running, config, read, keyring)
        notify("READY=1")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.hurry)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    notify("STOPPING=1")
    log.info("stopping: what was begun may end within %g s", running.grace)


async def _reload(running: Serving, config: Config, read: Callable[[], Config], keyring: Keyring) -> Config:
    """Take over what may change while it runs, and return the configuration that is in force then."""
    try:
        wanted = await asyncio.to_thread(read)
        late = [key for key in KEYS if not _is_live(key) and _differs(config, wanted, key)]
        wanted = _in_force(config, wanted, late)
        wiring.allow_descriptors(wanted)
        await running.change(_plan(wanted, keyring))
    except CanaryError as error:
        running.count_reload(well=False)
        log.error("not reloaded, everything stays as it was: %s; %s", error.message, error.hint)  # noqa: TRY400 - the message says it all
        return config
    running.grace = wanted.sink.drain.total_seconds()
    set_up_logs(wanted.log.level, wanted.log.format)
    running.count_reload(well=True)
    log.info("reloaded")
    if late:
        log.warning("needs a restart to change: %s", ", ".join(late))
    return wanted


def _plan(config: Config, keyring: Keyring) -> Plan:
    settings = wiring.sink_settings(config)
    return Plan(settings, str(config.store.path), keyring.index_key, config.log.level, config.log.format)


def _in_force(config: Config, wanted: Config, late: Sequence[str]) -> Config:
    """Return the wanted configuration with what stays as it is: the open store, its keys, the `late` ones."""
    wanted = replace(wanted, store=config.store, keyring=config.keyring)
    for key in late:
        wanted = _with(wanted, key.split("."), _value(config, key))
    return wanted


def _with(section: Any, names: Sequence[str], value: Any) -> Any:
    name, *rest = names
    return replace(section, **{name: _with(getattr(section, name), rest, value) if rest else value})


def _is_live(key: str) -> bool:
    return key.startswith(LIVE) and key not in FIXED


def _differs(one: Config, other: Config, key: str) -> bool:
    return bool(_value(one, key) != _value(other, key))


def _value(config: Config, key: str) -> Any:
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name, None)
    return value
