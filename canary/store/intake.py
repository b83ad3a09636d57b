"""A batch of what arrived becomes one commit, its large bodies written piece by piece before it."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from canary.errors import CanaryError, StoreError
from canary.model import Message, Probe
from canary.ports import Attribute, Attributed, Kept
from canary.store.arrival import Arrival, arrival_of
from canary.store.codec import Codec, moment
from canary.store.connection import reported, translated
from canary.store.keeping import RETRIES, Keeper
from canary.store.pieces import (
    ORPHAN_AGE,
    new_body,
    piece_count,
    pieces_of,
    remove,
    remove_orphan,
    sealed_piece,
    write_piece,
)
from canary.store.writer import Writer

log = logging.getLogger("canary.store")
SWEEP_EVERY = timedelta(hours=1)
SWEEP_AGAIN = timedelta(seconds=1)


class Intake:
    """Keeps batches, from whichever threads.

    `reading` returns the calling thread's connection.
    """

    def __init__(
        self, codec: Codec, writer: Writer, keeper: Keeper, reading: Callable[[], sqlite3.Connection]
    ) -> None:
        self._codec = codec
        self._writer = writer
        self._keeper = keeper
        self._reading = reading
        self._next_sweep: datetime | None = None
        self._left: deque[int] = deque()

    def keep_at_once(
        self, arrivals: Sequence[Message | Probe], attribute: Attribute, now: datetime
    ) -> Sequence[Kept]:
        """Look up, have attributed and commit all of them, if that needs no waiting for others' writes.

        Raises an error where it does, and where one of them is large or refused, nothing being kept.
        """
        kept: list[Kept] = self._writer.submit_at_once(
            lambda db: self._keeper.take(db, arrivals, attribute, now)
        )
        self._sweep(now)
        return kept

    def keep(self, batch: Sequence[Attributed], now: datetime) -> Sequence[Kept | CanaryError]:
        """Commit what can be kept, in one transaction; the error stands in the place of what cannot.

        Raises StoreError where the database could not be written, so that nothing is kept.
        """
        ready = [self._ready(each, now) for each in batch]
        arrivals = [each for each in ready if isinstance(each, Arrival)]
        try:
            kept = iter(self._commit(arrivals, now) if arrivals else ())
        except StoreError:
            for each in arrivals:
                self._give_up(each.body)
            raise
        outcomes = [next(kept) if isinstance(each, Arrival) else each for each in ready]
        self._sweep(now)
        return outcomes

    def _commit(self, arrivals: Sequence[Arrival], now: datetime) -> Sequence[Kept | CanaryError]:
        """Commit all, or, if one of them is refused, each by itself."""
        try:
            kept: list[Kept] = self._writer.submit(lambda db: self._keeper.keep(db, arrivals, now))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - told to whoever waits, not swallowed
            if len(arrivals) > 1:
                return [outcome for each in arrivals for outcome in self._commit([each], now)]
            self._give_up(arrivals[0].body)
            return [_refusal(error)]
        return kept

    def _ready(self, what: Attributed, now: datetime) -> Arrival | CanaryError:
        """Return what is ready to be committed, a large body's pieces being on the disk."""
        try:
            arrival = arrival_of(self._codec, what)
            if (
                not isinstance(what.arrival, Message)
                or arrival.raw is not None
                or self._stands(arrival, what.arrival)
            ):
                return arrival
            return self._staged(arrival, what.arrival, now)
        except StoreError as error:
            return error

    def _stands(self, arrival: Arrival, message: Message) -> bool:
        """Say whether a message is there already: then its bytes need not be written again."""
        with reported():
            row = (
                self._reading()
                .execute("SELECT received_at FROM message WHERE content_ix = ?", (arrival.content_ix,))
                .fetchone()
            )
        return row is not None and message.received_at - moment(row[0]) <= RETRIES

    def _staged(self, arrival: Arrival, message: Message, now: datetime) -> Arrival:
        body = new_body()
        try:
            for number, piece in enumerate(pieces_of(message.raw)):
                self._write_piece(
                    sealed_piece(self._codec, body, number, arrival.size, piece), body, number, now
                )
                piece.clear()
        except OSError as error:
            self._give_up(body)
            raise StoreError(f"a large message cannot be read again: {error.strerror}") from error
        except StoreError:
            self._give_up(body)
            raise
        return arrival._replace(body=body, pieces=piece_count(arrival.size))

    def _write_piece(self, sealed: bytes, body: int, number: int, now: datetime) -> None:
        with reported():
            self._writer.submit_large(lambda db: write_piece(db, body, number, sealed, now))

    def _give_up(self, body: int) -> None:
        """Make room again: now if nobody has to be waited for, else after one of the next batches."""
        if body:
            self._left.append(body)
            self._clear()

    def _clear(self) -> None:
        """Remove the pieces that were left, as far as that needs no waiting."""
        while self._left:
            body = self._left.popleft()
            try:
                self._writer.submit_at_once(partial(remove, body=body))
            except (StoreError, sqlite3.Error):
                self._left.append(body)
                return

    def _sweep(self, now: datetime) -> None:
        """Remove what was given up, and what processes left that ended before they had written all pieces.

        After the keeping, and only where nobody else writes: no mail is to wait for it.
        """
        self._clear()
        if self._next_sweep is not None and now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_AGAIN
        with suppress(StoreError, sqlite3.Error):
            if self._writer.submit_at_once(lambda db: remove_orphan(db, before=now - ORPHAN_AGE)):
                log.info("removed the beginning of a message that was never acknowledged")
            else:
                self._next_sweep = now + SWEEP_EVERY


def _refusal(error: Exception) -> CanaryError:
    """Return why one message or probe could not be kept, while the database itself could be written."""
    if isinstance(error, CanaryError):
        return error
    if isinstance(error, sqlite3.Error):
        return translated(error)
    log.error("not kept: %s", type(error).__name__)
    return StoreError("it could not be written down")
