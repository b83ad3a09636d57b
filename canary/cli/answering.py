"""`canary serve --only api`: applications are answered until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from canary import wiring
from canary.cli.notify import notify, notify_reloading
from canary.config import Config
from canary.errors import CanaryError, ConfigurationError
from canary.logs import set_up_logs
from canary.plant import opened_live

log = logging.getLogger(__name__)
LATE = ("listen", "metrics", "max_body", "rate", "clear_text")
"""Settings of the API that need a restart, as all outside of it do but those of the log."""


async def answer(config: Config, read: Callable[[], Config], *, until_eof: bool) -> None:
    """Answer applications until SIGTERM, or until standard input ends: that of a parent that is gone.

    Raises ConfigurationError, KeyringError, SchemaError and StoreError where it cannot begin.
    """
    answering = _answering()
    keyring = wiring.load_keys(config)
    with opened_live(config, keyring=keyring) as planter:
        async with answering(config, planter, keyring) as running:
            asked = _signals(until_eof=until_eof)
            log.info("answering applications on %s", ", ".join(running.where))
            if running.measured:
                log.info("metrics and health are served on %s", running.measured)
            notify("READY=1", "STATUS=Answering applications")
            while await asked.get() is signal.SIGHUP:
                notify_reloading()
                _reload(running, config, await asyncio.to_thread(_read, read))
                notify("READY=1")
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, running.hurry)
            loop.add_signal_handler(signal.SIGHUP, lambda: None)
            notify("STOPPING=1")
            log.info("stopping: what was begun may end within %g s", running.grace)


def check(config: Config) -> None:
    """Raise ConfigurationError where the API could not begin with these settings."""
    _answering()
    from canary.api.serving import check_clear_text, tls_of  # noqa: PLC0415 - an optional part

    check_clear_text(config.api)
    tls_of(config.api)


def _answering() -> Any:
    try:
        from canary.api.serving import answering  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise ConfigurationError(
            f"the API needs more than is installed: {error.name}", hint="pip install 'canary[api]'"
        ) from None
    return answering


def _signals(*, until_eof: bool) -> asyncio.Queue[signal.Signals]:
    """Return where the signals arrive from now on, the end of standard input as one of them."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, asked.put_nowait, number)
    if until_eof:
        line = sys.stdin.fileno()

        def heard() -> None:
            if not os.read(line, 1):
                loop.remove_reader(line)
                asked.put_nowait(signal.SIGTERM)

        loop.add_reader(line, heard)
    return asked


def _read(read: Callable[[], Config]) -> Config | CanaryError:
    try:
        return read()
    except CanaryError as error:
        return error


def _reload(running: Any, config: Config, wanted: Config | CanaryError) -> None:
    """Take over what may change while it runs: certificates and the log."""
    try:
        if isinstance(wanted, CanaryError):
            raise wanted
        running.reload(wanted.api)
    except CanaryError as error:
        log.error("not reloaded, everything stays as it was: %s; %s", error.message, error.hint)  # noqa: TRY400 - the message says it all
        return
    set_up_logs(wanted.log.level, wanted.log.format)
    log.info("reloaded")
    late = [f"api.{name}" for name in LATE if getattr(config.api, name) != getattr(wanted.api, name)]
    late += ["mint"] if (config.mint, config.plans) != (wanted.mint, wanted.plans) else []
    if late:
        log.warning("needs a restart to change: %s", ", ".join(late))
