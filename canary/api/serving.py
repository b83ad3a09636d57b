"""The API, assembled: settings and open doors become a server that answers until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import ceil
from typing import Any, Final

import uvicorn

from canary import tallies as names
from canary.api.answers import Answer, encode
from canary.api.app import Api, fixed, text
from canary.api.call import House
from canary.api.document import document
from canary.api.keys import Keys
from canary.api.wire import Wire
from canary.config.places import Endpoint
from canary.config.sections import ApiSection, Config
from canary.errors import ConfigurationError
from canary.keyring import Keyring
from canary.metrics.figures import Held, disk_figures, process_figures
from canary.metrics.health import Check, answers, disk
from canary.metrics.names import ANSWERING, OF_API, Kind
from canary.metrics.server import HINTS, serving_metrics
from canary.plant.live import LivePlanter
from canary.ports import system_clock
from canary.tallies import Snapshot, Tallies

log = logging.getLogger("canary.api")
BACKLOG: Final = 1024
KEPT_OPEN: Final = 75
"""Seconds that a connection may rest between two requests: longer than a client keeps it."""

FAILING_SECONDS: Final = 30.0
STARTED_SECONDS: Final = 30.0


@dataclass(slots=True)
class Answering:
    """A server that answers. `where` it does, and where metrics are served, "" if nowhere."""

    where: tuple[str, ...]
    measured: str = ""
    grace: float = 20.0
    _tls: ssl.SSLContext | None = None
    _server: "_Server | None" = field(default=None, repr=False)

    def reload(self, section: ApiSection) -> None:
        """Take up certificates anew. Raises ConfigurationError, and the old ones stay."""
        if self._tls is not None and section.tls_cert is not None:
            tls_of(section)
            _load(self._tls, section)

    def hurry(self) -> None:
        """Wait no longer for what was begun."""
        if self._server is not None:
            self._server.force_exit = True


@contextlib.asynccontextmanager
async def answering(config: Config, planter: LivePlanter, keyring: Keyring) -> AsyncIterator[Answering]:
    """Answer applications until the block ends. Raises ConfigurationError where it cannot begin.

    On the way out requests that were begun may end within `grace` seconds of what is yielded.
    """
    check_clear_text(config.api)
    tallies = Tallies()
    _rest(tallies)
    keys = Keys(planter.store, config.api.rate, system_clock)
    house = House(planter, keys, keyring.draw, config.api.max_body, tallies)
    api = Api(house)
    checks = _checks(config, planter, api)
    api.pages |= {
        "/openapi.json": fixed(Answer(200, encode(document()))),
        "/livez": fixed(text(200, "ok\n")),
        "/readyz": lambda: _ready(checks),
    }
    tls = tls_of(config.api)
    sockets = open_sockets(config.api.listen)
    running = Answering(tuple(_where(each) for each in sockets), grace=config.sink.drain.total_seconds())
    running._tls = tls  # noqa: SLF001 - its own maker
    async with contextlib.AsyncExitStack() as stack:
        if config.api.metrics is not None:
            host, port = await stack.enter_async_context(_measuring(config, tallies, checks))
            running.measured = f"{host}:{port}"
        running._server = await stack.enter_async_context(_serving(api, sockets, tls, running))  # noqa: SLF001
        gc.freeze()  # modules are for good: looking through them again would hold requests up
        yield running


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def _serving(
    api: Api, sockets: list[socket.socket], tls: ssl.SSLContext | None, running: Answering
) -> AsyncIterator[_Server]:
    server = _Server(
        uvicorn.Config(
            api,
            http=Wire,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEPT_OPEN,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    serving = asyncio.create_task(server.serve(sockets))
    try:
        async with asyncio.timeout(STARTED_SECONDS):
            while not server.started:
                if serving.done():
                    serving.result()
                await asyncio.sleep(0.005)
        yield server
    finally:
        server.config.timeout_graceful_shutdown = ceil(running.grace)
        server.should_exit = True
        await serving


def check_clear_text(section: ApiSection) -> None:
    """Raise ConfigurationError where keys and decoys would cross a network in clear text, unless told so."""
    if section.tls_cert is not None or section.clear_text:
        return
    for endpoint in section.listen:
        if not _stays_here(endpoint):
            raise ConfigurationError(
                f"api.listen = {endpoint} is reached from other machines, in clear text",
                hint="set api.tls_cert and api.tls_key; or api.clear_text = true behind a proxy of yours",
            )


def _stays_here(endpoint: Endpoint) -> bool:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def tls_of(section: ApiSection) -> ssl.SSLContext | None:
    """Return the context of the certificate, None without one. Raises ConfigurationError."""
    if section.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load(context, section)
    return context


def _load(context: ssl.SSLContext, section: ApiSection) -> None:
    try:
        context.load_cert_chain(str(section.tls_cert), str(section.tls_key))
    except (OSError, ssl.SSLError) as error:
        reason = (error.reason if isinstance(error, ssl.SSLError) else error.strerror) or type(error).__name__
        raise ConfigurationError(
            f"api.tls_cert {section.tls_cert} with api.tls_key {section.tls_key}: {reason}",
            hint="both are PEM, the key is the certificate's and has no password",
        ) from None


def open_sockets(endpoints: Sequence[Endpoint]) -> list[socket.socket]:
    """Return sockets that are bound, for every address of each endpoint. Raises ConfigurationError."""
    opened: list[socket.socket] = []
    for endpoint in endpoints:
        try:
            found = socket.getaddrinfo(
                endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            for family, kind, protocol, _, address in found:
                opened.append(_bound(family, kind, protocol, address))
        except OSError as error:
            for each in opened:
                each.close()
            reason = error.strerror or str(error)
            hint = HINTS.get(error.errno or 0, "")
            raise ConfigurationError(f"cannot listen on {endpoint}: {reason}", hint=hint) from None
    return opened


def _bound(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003 - positional only
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def _where(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _checks(config: Config, planter: LivePlanter, api: Api) -> dict[str, Check]:
    """Return what readiness is made of."""

    async def store() -> str:
        await asyncio.to_thread(planter.store.note, "api.ready")
        return ""

    async def keeping() -> str:
        failed = api.failed_at and time.monotonic() - api.failed_at < FAILING_SECONDS
        return "something could not be kept within the last half minute" if failed else ""

    async def space() -> str:
        return disk(disk_figures({"store": config.store.path.parent}))

    return {"store": store, "keeping": keeping, "disk": space}


async def _ready(checks: dict[str, Check]) -> Answer:
    """Answer yes or no: why not is told where metrics are served."""
    said = await answers(checks)
    return text(503, "not ready\n") if any(said.values()) else text(200, "ok\n")


@contextlib.asynccontextmanager
async def _measuring(
    config: Config, tallies: Tallies, checks: dict[str, Check]
) -> AsyncIterator[tuple[str, int]]:
    started = time.time()

    async def ask() -> Snapshot:
        return await asyncio.to_thread(disk_figures, {"store": config.store.path.parent})

    held = Held(ask)

    async def snapshot() -> Snapshot:
        own = process_figures("api") | {names.STARTED_AT: started}
        return {**tallies.snapshot(), **await held(), **own}

    assert config.api.metrics is not None  # noqa: S101 - the caller asked
    async with serving_metrics(config.api.metrics, snapshot, checks, OF_API) as bound:
        yield bound


def _rest(tallies: Tallies) -> None:
    """Count nothing under every label, so that the first of a kind is an increase."""
    for family in ANSWERING:
        if family.kind is Kind.COUNTER:
            for label in family.values or ("",):
                tallies.add(f"{family.key}|{label}" if label else family.key, 0)
