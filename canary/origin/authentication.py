"""A message becomes who it really is from, by DNS: beside the event loop, in bounded time, never an error."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from canary.model import Message
from canary.origin.fields import head_of
from canary.origin.resolving import Lookups, resolver_of
from canary.origin.results import Authentication, Outcome, Result, Why, nothing, unevaluated

if TYPE_CHECKING:
    from dns.resolver import Resolver

log = logging.getLogger(__name__)

MOST_BYTES = 12 * 1024 * 1024
GRACE_SECONDS = 0.5
"""How much longer than its deadline a check is waited for: the last question may just have been asked."""

SPF_SHARE = 0.5
DKIM_SHARE = 0.8
"""By when of the whole time a check must be done, so that a slow one leaves the next some."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one message's checks may cost. `seconds` is from when they were asked for, queue included.

    `questions` is well above what the ten terms of a sane policy take, and below what RFC 7208 section
    4.6.4 would let a hostile one cost (ten times ten names). `waiting` counts messages, running ones too.
    """

    seconds: float = 8.0
    questions: int = 40
    threads: int = 4
    waiting: int = 200


class Authenticator:
    """Checks messages in threads of its own. `close` it; what runs then ends within a question."""

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        port: int = 53,
        bounds: Bounds = Bounds(),
    ) -> None:
        self._nameservers = tuple(nameservers)
        self._port = port
        self._bounds = bounds
        self._pool = ThreadPoolExecutor(bounds.threads, thread_name_prefix="authentication")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._waiting = 0

    async def check(self, message: Message) -> Authentication:
        """Return what is known of who sent a message. Never raises but when cancelled, never takes long."""
        if self._closing.is_set() or self._waiting >= self._bounds.waiting:
            return nothing(Why.BUSY)
        self._count(1)
        asked_at = time.monotonic()
        future = self._pool.submit(self._checked, message, asked_at)
        future.add_done_callback(lambda _: self._count(-1))
        try:
            seconds = self._bounds.seconds + GRACE_SECONDS
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            return nothing(Why.SLOW)

    def check_now(self, message: Message) -> Authentication:
        """Return the same in this thread, for a command that has no event loop. Never raises."""
        return self._checked(message, time.monotonic())

    def close(self) -> None:
        """End: what waits is dropped, what runs asks DNS nothing more."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _count(self, change: int) -> None:
        with self._lock:
            self._waiting += change

    @cached_property
    def _resolver(self) -> "Resolver | None":
        return resolver_of(self._nameservers, self._port)

    def _checked(self, message: Message, asked_at: float) -> Authentication:
        left = self._bounds.seconds - (time.monotonic() - asked_at)
        if left <= 0:
            return nothing(Why.SLOW)
        try:
            lookups = Lookups(self._resolver, left, self._bounds.questions, self._closing.is_set)
            return _evaluated(message, lookups)
        except Exception:  # an attacker's message must not end its keeper; it is looked into
            log.exception("a sender could not be checked")
            return nothing(Why.FAULT)


def _evaluated(message: Message, lookups: Lookups) -> Authentication:
    from canary.origin.alignment import authenticated  # noqa: PLC0415 - with its libraries, 0.5 s

    raw, whole = _read(message)
    head = head_of(raw)
    seconds = lookups.seconds_left
    spf = unevaluated("spf", Why.NOT_OURS, "smtp.mailfrom")
    if message.ours and message.peer.ip:
        with _unforeseen("spf") as faults:
            from canary.origin.policy import spf_result  # noqa: PLC0415

            part = lookups.within(seconds * SPF_SHARE)
            spf = spf_result(message.peer.ip, message.mail_from, message.peer.helo, part)
        spf = faults[0] if faults else spf
    dkim: tuple[Result, ...] = (unevaluated("dkim", Why.CAPPED),)
    if whole:
        with _unforeseen("dkim") as faults:
            from canary.origin.signature import dkim_results  # noqa: PLC0415

            spent = seconds - lookups.seconds_left
            dkim = dkim_results(raw, head, lookups.within(seconds * DKIM_SHARE - spent))
        dkim = tuple(faults) or dkim
    return authenticated(spf, dkim, head, lookups)


@contextmanager
def _unforeseen(method: str) -> Iterator[list[Result]]:
    """Take what a library raised over a stranger's bytes or records as that they cannot be read."""
    faults: list[Result] = []
    try:
        yield faults
    except Exception as error:  # noqa: BLE001 - pyspf and dkimpy promise nothing about what they raise
        log.info("%s could not be read: %s", method, type(error).__name__)
        faults.append(Result(method, Outcome.PERMERROR, detail="not to be read"))


def _read(message: Message) -> tuple[bytes, bool]:
    """Return the beginning of the raw bytes, and whether it is all of them."""
    if isinstance(message.raw, bytes):
        return message.raw[:MOST_BYTES], len(message.raw) <= MOST_BYTES
    if len(message.raw) > MOST_BYTES:
        return next(message.raw.chunks(), b""), False
    return b"".join(message.raw.chunks()), True
