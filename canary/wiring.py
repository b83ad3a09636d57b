"""Configuration in, open doors out; what is not needed is not imported."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

from canary import keyring as keys
from canary.config import Config
from canary.config.plans import plan_of
from canary.errors import ConfigurationError
from canary.keyring import Keyring
from canary.mint import Minter, MintPolicy
from canary.model import HitClass
from canary.persona import NaturalGenerator
from canary.ports import Channel, Clock, Owing, Store, system_clock
from canary.sink import SinkSettings
from canary.sink.settings import Limits, TlsFiles, Unknown

if TYPE_CHECKING:
    from canary.origin import Authenticator

SLACK = "slack"
SPARE_DESCRIPTORS = 200
RECORDS_REMEMBERED = 100_000
FILES_HELD = 512
"""How many large messages of one worker the parent holds at a time."""


def load_keys(config: Config) -> Keyring:
    """Read the keys. Raises KeyringError."""
    return keys.load(config.keyring.path)


@contextmanager
def opened_store(
    config: Config, keyring: Keyring, clock: Clock = system_clock, *, patience: float | None = None
) -> Iterator[Store]:
    """Open the database for a block. Raises ConfigurationError, SchemaError, KeyringError, StoreError.

    `patience` is how many seconds what is written waits for another process that writes; mail may wait
    longer.
    """
    from canary.store import open_store  # noqa: PLC0415 - a driver, imported on demand

    store = open_store(config.store.path, keyring, owing=owing_of(config), clock=clock, patience=patience)
    try:
        yield store
    finally:
        store.close()


def make_store(config: Config, keyring: Keyring) -> None:
    """Make the database, or bring the one that is there to today's schema."""
    from canary.store import create_store  # noqa: PLC0415 - a driver, imported on demand

    create_store(config.store.path, keyring)


def minter_of(config: Config, keyring: Keyring) -> Minter:
    """Return the minter that the configuration asks for. Raises ConfigurationError without domains."""
    policy = MintPolicy(
        domains=config.mint.domains,
        window=config.mint.window,
        per_view=config.mint.per_view,
        cap=config.mint.cap,
    )
    generator = NaturalGenerator(keyring.draw, floor_bits=config.mint.floor_bits)
    return Minter(policy, generator, keyring.draw, _planned(config, policy) if config.plans else None)


def _planned(config: Config, unplanned: MintPolicy) -> Callable[[str], MintPolicy]:
    """Return what says which policy holds for a record: its plan's, else the one for records without."""
    policies = {
        plan.name: replace(
            unplanned,
            view_rate=plan.view_rate,
            per_view=plan.per_view,
            cap=plan.cap,
            stable=plan.stable,
            cohort=plan.cohort,
            join_every=plan.join_every,
            controls=plan.controls,
        )
        for plan in config.plans
    }

    @lru_cache(maxsize=RECORDS_REMEMBERED)
    def policy_of(record: str) -> MintPolicy:
        plan = plan_of(config.plans, record)
        return policies[plan.name] if plan else unplanned

    return policy_of


def owing_of(config: Config) -> Owing:
    """Return which hits owe a word to which channels."""
    configured = (SLACK,) if config.slack() else ()
    alert = config.alert
    least = {each: getattr(alert.on, each.value) for each in HitClass}
    hold = alert.hold if config.origins.appraise else timedelta(0)
    return Owing(configured, alert.window, alert.min_confidence, least, hold)


def authenticator_of(config: Config) -> "Authenticator | None":
    """Return what asks DNS who sent a message, None where nobody is to be asked; close it when done."""
    if config.origins.dns is None:
        return None
    from canary.origin import Authenticator, Bounds  # noqa: PLC0415 - only where mail is looked at

    return Authenticator(config.origins.dns, bounds=Bounds(seconds=config.origins.deadline.total_seconds()))


def channels_of(config: Config) -> list[Channel]:
    """Return the channels that are configured, open."""
    slack = config.slack()
    if slack is None:
        return []
    from canary.alert.slack import SlackChannel  # noqa: PLC0415 - brings the HTTP client
    from canary.alert.slack_threads import SlackThreads  # noqa: PLC0415 - the same

    if slack.token:
        return [SlackThreads(slack.token, slack.channel, api=slack.api)]
    return [SlackChannel(slack.url)]


def sink_settings(config: Config) -> SinkSettings:
    """Return how to listen. Raises ConfigurationError without a host name to go by."""
    if not config.sink.hostname:
        raise ConfigurationError(
            "no host name for the listener to go by", hint="set sink.hostname, or mint.domains"
        )
    sink, limits = config.sink, config.sink.limits
    return SinkSettings(
        listen=tuple(map(str, sink.listen)),
        lmtp=tuple(map(str, sink.lmtp)),
        tls_listen=tuple(map(str, sink.tls.listen)),
        hostname=sink.hostname,
        hostnames=tuple((each.address, each.name) for each in sink.hostnames),
        domains=frozenset(domain.name for domain in config.mint.domains),
        profile=sink.profile,
        max_message=sink.max_message,
        timeout=sink.timeout.total_seconds(),
        transaction_timeout=sink.transaction_timeout.total_seconds(),
        session_timeout=sink.session_timeout.total_seconds(),
        max_connections=sink.max_connections,
        max_recipients=sink.max_recipients,
        tls=TlsFiles(sink.tls.cert, sink.tls.key, sink.tls.folder),
        unknown=Unknown(sink.unknown),
        unknown_share=sink.unknown_share,
        greylist=sink.greylist.total_seconds(),
        proxy_peers=sink.proxy_peers,
        spill_above=sink.spill_above,
        spill_folder=sink.spill_folder or config.store.path.parent,
        memory=sink.memory,
        disk=sink.disk,
        reverse_names=sink.reverse_names,
        limits=Limits(
            connections=limits.connections,
            connection_rate=limits.connection_rate,
            message_rate=limits.message_rate,
            recipient_rate=limits.recipient_rate,
            errors=limits.errors,
            unknown_slow=limits.unknown_slow,
            unknown=limits.unknown,
            exempt=limits.exempt,
        ),
    )


def allow_descriptors(config: Config) -> None:
    """Let this process and its workers open as many files as `sink.max_connections` need, and the database.

    In a worker each client may have a connection and a large message's file; the parent holds those files
    of all workers until they are kept. Raises ConfigurationError where the machine does not let it: a sink
    without descriptors sees nothing.
    """
    sink = config.sink
    needed = max(2 * ceil(sink.max_connections / sink.workers), FILES_HELD * sink.workers) + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise ConfigurationError(
                f"sink.max_connections = {config.sink.max_connections} needs {needed} open files; "
                f"this process may have {hard}",
                hint="raise the limit (LimitNOFILE=, ulimit -Hn), or lower sink.max_connections",
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop: uvloop's where it is installed (the `speed` extra)."""
    try:
        import uvloop  # noqa: PLC0415 - an optional driver
    except ImportError:
        return None
    return uvloop.new_event_loop
