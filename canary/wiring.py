"""Configuration in, open doors out; what is not needed is not imported."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from canary import keyring as keys
from canary.config import Config, Endpoint
from canary.errors import ConfigurationError
from canary.keyring import Keyring
from canary.mint import Minter, MintPolicy
from canary.persona import NaturalGenerator
from canary.ports import Channel, Clock, Owing, Store, system_clock
from canary.sink import SinkSettings

SLACK = "slack"
SPARE_DESCRIPTORS = 200


def load_keys(config: Config) -> Keyring:
    """Read the keys. Raises KeyringError."""
    return keys.load(config.keyring.path)


@contextmanager
def opened_store(config: Config, keyring: Keyring, clock: Clock = system_clock) -> Iterator[Store]:
    """Open the database for a block. Raises ConfigurationError, SchemaError, KeyringError, StoreError."""
    from canary.store import open_store  # noqa: PLC0415 - a driver, imported on demand

    store = open_store(config.store.path, keyring, owing=owing_of(config), clock=clock)
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
    return Minter(policy, generator, keyring.draw)


def owing_of(config: Config) -> Owing:
    """Return which hits owe a word to which channels."""
    configured = (SLACK,) if config.slack_url() else ()
    return Owing(configured, config.alert.window, config.alert.min_confidence)


def channels_of(config: Config) -> list[Channel]:
    """Return the channels that are configured, open."""
    url = config.slack_url()
    if not url:
        return []
    from canary.alert.slack import SlackChannel  # noqa: PLC0415 - brings the HTTP client

    return [SlackChannel(url)]


def sink_settings(config: Config) -> SinkSettings:
    """Return how to listen. Raises ConfigurationError without a host name to go by."""
    if not config.sink.hostname:
        raise ConfigurationError(
            "no host name for the listener to go by", hint="set sink.hostname, or mint.domains"
        )
    return SinkSettings(
        listen=tuple(_listen(endpoint) for endpoint in config.sink.listen),
        hostname=config.sink.hostname,
        domains=frozenset(domain.name for domain in config.mint.domains),
        max_message=config.sink.max_message,
        timeout=config.sink.timeout.total_seconds(),
        transaction_timeout=config.sink.transaction_timeout.total_seconds(),
        max_connections=config.sink.max_connections,
        max_recipients=config.sink.max_recipients,
        tls_cert=config.sink.tls.cert,
        tls_key=config.sink.tls.key,
    )


def allow_descriptors(config: Config) -> None:
    """Let the process open as many files as `sink.max_connections` need, beside the database's.

    Raises ConfigurationError where the machine does not let it: a sink without descriptors sees nothing.
    """
    needed = config.sink.max_connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise ConfigurationError(
                f"sink.max_connections = {config.sink.max_connections} needs {needed} open files; "
                f"this process may have {hard}",
                hint="raise the limit (LimitNOFILE=, ulimit -Hn), or lower sink.max_connections",
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _listen(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop: uvloop's where it is installed (the `speed` extra)."""
    try:
        import uvloop  # noqa: PLC0415 - an optional driver
    except ImportError:
        return None
    return uvloop.new_event_loop
