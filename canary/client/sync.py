"""The same planter for applications that are not asynchronous: it lives in a thread of its own."""

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from canary.client.planter import BUDGET, NO_FIELDS, Planter
from canary.client.values import Counts, Row, SeededRows, Shown
from canary.model import Access

T = TypeVar("T")
GRACE = 0.05
"""Seconds beyond the budget after which a thread that does not answer is not waited for."""


class SyncPlanter:
    """Plants accesses from any thread, as `Planter` does; survives a fork, after which it begins anew."""

    def __init__(
        self, url: str = "", *, key: str = "", key_file: str | Path | None = None, **options: Any
    ) -> None:
        self._make: Callable[[], Planter] = lambda: Planter(url, key=key, key_file=key_file, **options)
        self._begin(options.get("budget", BUDGET))

    @classmethod
    def in_process(cls, config: str | Path | None = None, **options: Any) -> "SyncPlanter":
        """Return a planter that opens the database and the keys on this very host."""
        planter = cls.__new__(cls)
        planter._make = lambda: Planter.in_process(config, **options)
        planter._begin(options.get("budget", BUDGET))  # noqa: SLF001
        return planter

    @property
    def counts(self) -> Counts:
        """Return how planting went so far."""
        return self._running().counts

    def plant(self, access: Access) -> tuple[Shown, ...]:
        """Return the decoys to show for an access; none where canary did not answer within the budget."""
        return self._ask(self._running().plant(access), ())

    def seed(
        self,
        access: Access,
        rows: Sequence[Row],
        fields: Mapping[str, str] = NO_FIELDS,
        texts: Sequence[str] = (),
    ) -> SeededRows:
        """Return the rows of a page with the access's decoys in place; the rows alone where that failed."""
        asked = self._running().seed(access, rows, fields, texts)
        return self._ask(asked, SeededRows(list(rows), planted=False))

    def touch(self, marker: str, action: str, employee: str, at: datetime | None = None) -> None:
        """Report an action on a decoy's record. Nobody waits: it is told in the background."""
        self._ask(self._running().touch(marker, action, employee, at), None)

    def close(self, patience: float = 2.0) -> None:
        """Tell what waits within so many seconds, then let go of everything."""
        if self._planter is None or self._loop.is_closed():
            return
        self._submit(self._planter.aclose(patience)).result(patience + 5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        """Return the planter itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _begin(self, budget: float) -> None:
        self._budget = budget
        self._forget()
        self._running()
        _after_forks(weakref.WeakMethod(self._forget))

    def _forget(self) -> None:
        """Know nothing of a thread: in a forked process there is none of its parent's."""
        self._lock = threading.Lock()
        self._planter: Planter | None = None

    def _running(self) -> Planter:
        """Return the planter of this process, begun where it is not there yet."""
        with self._lock:
            if self._planter is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="canary-planter", daemon=True
                )
                self._thread.start()
                self._planter = self._submit(_made(self._make)).result()
            return self._planter

    def _ask(self, asked: Coroutine[Any, Any, T], otherwise: T) -> T:
        future = self._submit(asked)
        try:
            return future.result(self._budget + GRACE)
        except FutureTimeoutError:
            future.cancel()
            return otherwise

    def _submit(self, asked: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(asked, self._loop)


def _after_forks(forget: weakref.WeakMethod[Callable[[], None]]) -> None:
    """Call a method in forked processes for as long as its planter is there."""

    def begin_anew() -> None:
        method = forget()
        if method is not None:
            method()

    os.register_at_fork(after_in_child=begin_anew)


async def _made(make: Callable[[], Planter]) -> Planter:
    return make()
