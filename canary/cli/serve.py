"""`canary serve`: the mail side runs until it is told to stop."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from canary import wiring
from canary.cli import answering
from canary.cli.beside import Beside, api_beside
from canary.cli.context import context_of
from canary.cli.notify import notify, notify_reloading
from canary.config import Config
from canary.config.settings import SETTINGS
from canary.errors import CanaryError, UsageError
from canary.keyring import Keyring
from canary.logs import set_up_logs
from canary.sink.sockets import Opened, inherited_sockets, open_sockets
from canary.watch.appraised import appraising_of, briefing_of
from canary.watch.plan import Plan
from canary.watch.serving import House, Serving, serving

log = logging.getLogger(__name__)
LIVE = ("sink.", "log.", "mint.domains")
"""Settings that may change while it runs begin with these,"""

FIXED = ("sink.listen", "sink.lmtp", "sink.tls.listen", "sink.workers")
"""but these need a restart."""

NOT_OURS = ("mint.", "api.")
"""Those of other processes: nothing here changes with them, but for the domains."""

KEPT_AS = {
    "keyring.file": "keyring.path",
    "origin.appraise": "origins.appraise",
    "origin.own_domains": "origins.own_domains",
    "origin.dns": "origins.dns",
    "origin.deadline": "origins.deadline",
}
"""Where the configuration keeps a setting, if not under its key."""

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
    only: Annotated[
        str | None,
        typer.Option("--only", help="Receive no mail: answer applications (`api`) alone.", metavar="PART"),
    ] = None,
    *,
    api: Annotated[
        bool, typer.Option("--api", help="Answer applications, too, in a process of its own: api.listen.")
    ] = False,
    until_eof: Annotated[
        bool, typer.Option("--until-eof", help="With --only: end, too, when standard input does.")
    ] = False,
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
    if (only is not None and (only != "api" or flags or api)) or (until_eof and only is None):
        raise UsageError(
            "--only goes with `api`, --until-eof with that, and neither with another option",
            hint="canary serve --help",
        )
    read = context_of(context)
    config = read.config(**flags)
    set_up_logs(config.log.level, config.log.format)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    if only is not None:
        with asyncio.Runner(loop_factory=wiring.loop_factory()) as runner:
            runner.run(answering.answer(config, read.config, until_eof=until_eof))
        return
    if api:
        answering.check(config)
    wiring.allow_descriptors(config)
    inherited = inherited_sockets(os.environ)
    with asyncio.Runner(loop_factory=wiring.loop_factory()) as runner:
        beside_us = partial(api_beside, read, config.sink.drain.total_seconds(), wanted=api)
        runner.run(_serve(config, lambda: read.config(**flags), inherited, beside_us))


async def _serve(
    config: Config,
    read: Callable[[], Config],
    inherited: list[Opened],
    beside_us: Callable[[], AbstractAsyncContextManager[Beside | None]],
) -> None:
    keyring = wiring.load_keys(config)
    with wiring.opened_store(config, keyring) as store, appraising_of(config, store) as appraising:
        plan = _plan(config, keyring)
        shares = open_sockets(plan.settings, inherited, shares=config.sink.workers)
        channels = wiring.channels_of(config)
        house = House(
            store,
            channels,
            config.alert.silence,
            config.metrics.listen,
            {"store": config.store.path.parent},
            appraising=appraising,
            appraise=config.origins.appraise,
            brief=briefing_of(config, store),
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
            async with beside_us() as api:
                await _until_stopped(running, asked, config, read, keyring, api)


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
    api: Beside | None,
) -> None:
    """Do what signals ask for until one of them says to stop."""
    loop = asyncio.get_running_loop()
    notify("READY=1", f"STATUS=Receiving as {config.sink.hostname}")
    while await asked.get() is signal.SIGHUP:
        notify_reloading()
        config = await _reload(running, config, read, keyring)
        if api is not None:
            api.reload()
        notify("READY=1")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _hurry, running, api)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    notify("STOPPING=1")
    log.info("stopping: what was begun may end within %g s", running.grace)


def _hurry(running: Serving, api: Beside | None) -> None:
    running.hurry()
    if api is not None:
        api.hurry()


async def _reload(running: Serving, config: Config, read: Callable[[], Config], keyring: Keyring) -> Config:
    """Take over what may change while it runs, and return the configuration that is in force then."""
    try:
        wanted = await asyncio.to_thread(read)
        late = [key for key in KEYS if _is_late(key) and _value(config, key) != _value(wanted, key)]
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
        wanted = _with(wanted, _names(key), _value(config, key))
    return wanted


def _with(section: Any, names: Sequence[str], value: Any) -> Any:
    name, *rest = names
    return replace(section, **{name: _with(getattr(section, name), rest, value) if rest else value})


def _is_late(key: str) -> bool:
    """Say whether a setting of ours takes a restart to change."""
    return key in FIXED or not key.startswith((*LIVE, *NOT_OURS))


def _value(config: Config, key: str) -> Any:
    value: Any = config
    for name in _names(key):
        value = getattr(value, name)
    return value


def _names(key: str) -> list[str]:
    return KEPT_AS.get(key, key).split(".")
