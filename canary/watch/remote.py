"""What a worker's listener asks becomes words to the parent, and its answers what the listener waits for."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from canary.errors import CanaryError, StoreError
from canary.keyring import IndexKey
from canary.model import Attempts, Body, Message, Peer, Probe
from canary.watch import frames
from canary.watch.body import HasFile
from canary.watch.door import chance
from canary.watch.line import Line, LineError

LARGEST_INLINE = 256 * 1024
LONGEST_TRIED = 256 * 1024
"""How many bytes of what was tried in vain are told at once."""

MOST_OWED = 64 * 1024 * 1024
"""How many bytes of probes may be on their way. They are gone at once but while the keeper hears nobody."""

GONE = "the keeper is gone"


class RemoteDoor:
    """The door of a listener whose keeper is in another process.

    What is asked stays asked until it is answered; when the line is gone everything is refused.
    """

    def __init__(self, line: Line, is_live: Callable[[str], bool], index: IndexKey) -> None:
        self.is_live = is_live
        self._line = line
        self._index = index
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._owed: dict[int, int] = {}
        self._owed_bytes = 0
        self._number = 0
        self._strays = 0

    def chance(self, address: str) -> float:
        """Return a number from 0 to 1, keyed; 1 for an address that no person would have."""
        return chance(self._index, address)

    def message(self, message: Message) -> "asyncio.Future[None]":
        """Return when the message is durably kept. Raises StoreError."""
        number, asked = self._ask()
        files: Sequence[int] = ()
        body, raw, size = message.raw, b"", len(message.raw)
        spare = -1
        if not isinstance(body, bytes):
            files = (_descriptor_of(body),)
        elif size > LARGEST_INLINE:
            spare = _file_of(body)
            files = (spare,)
        else:
            raw, size = body, 0
        word = frames.Arrived(
            number,
            raw,
            size,
            message.mail_from,
            message.recipients,
            message.peer,
            message.received_at,
            message.options,
            message.trace,
        )
        self._say(number, word, files)
        if spare >= 0:
            os.close(spare)
        return asked

    def probe(self, probe: Probe) -> "asyncio.Future[None]":
        """Hand a probe over to the parent, which keeps it now or later; what is returned is done at once.

        It holds a StoreError where that cannot be.
        """
        handed: asyncio.Future[None] = self._loop.create_future()
        self._number += 1
        try:
            frame = frames.encoded(frames.Named(self._number, probe))
            if self._line.closed or self._owed_bytes + len(frame) > MOST_OWED:
                raise StoreError(GONE if self._line.closed else "too many probes are on their way")
            self._line.say(frame)
        except (CanaryError, UnicodeEncodeError) as error:
            said = error.message if isinstance(error, CanaryError) else type(error).__name__
            handed.set_exception(StoreError(f"a probe cannot be handed over: {said}"))
        else:
            self._owed[self._number] = len(frame)
            self._owed_bytes += len(frame)
            handed.set_result(None)
        return handed

    def stray(self, address: str, peer: Peer) -> None:  # noqa: ARG002 - who tried what is counted by network
        """Count a recipient that nobody has."""
        self._strays += 1

    def settle(self, word: frames.Settled) -> None:
        """Tell those who wait what the parent said."""
        for number in word.kept:
            asked = self._asked.pop(number, None)
            if asked is None:
                self._owed_bytes -= self._owed.pop(number, 0)
            elif not asked.done():
                asked.set_result(None)
        for number in word.refused:
            self._owed_bytes -= self._owed.pop(number, 0)
            self._refuse(number, "not kept")

    def report(self, counts: Mapping[str, float], attempts: Sequence[Attempts]) -> None:
        """Tell the parent what was counted, and whom nobody waits for any more."""
        forgotten = [number for number, asked in self._asked.items() if asked.done()]
        for number in forgotten:
            del self._asked[number]
        if forgotten:
            self._line.say(frames.encoded(frames.Forgotten(tuple(forgotten))))
        strays, self._strays = self._strays, 0
        for tried in _portions(attempts):
            self._line.say(frames.encoded(frames.Counted(counts, strays, tried)))
            strays = 0

    def lose(self) -> None:
        """Refuse everything: nobody is there to keep it."""
        for number in list(self._asked):
            self._refuse(number, GONE)

    def _ask(self) -> "tuple[int, asyncio.Future[None]]":
        asked: asyncio.Future[None] = self._loop.create_future()
        self._number += 1
        if self._line.closed:
            asked.set_exception(StoreError(GONE))
        else:
            self._asked[self._number] = asked
        return self._number, asked

    def _say(self, number: int, word: frames.Word, files: Sequence[int] = ()) -> None:
        try:
            self._line.say(frames.encoded(word), files)
        except (LineError, OSError, UnicodeEncodeError) as error:
            self._refuse(number, f"cannot be handed over: {type(error).__name__}")

    def _refuse(self, number: int, why: str) -> None:
        asked = self._asked.pop(number, None)
        if asked is not None and not asked.done():
            asked.set_exception(StoreError(why))


def _portions(attempts: Sequence[Attempts]) -> Iterator[tuple[Attempts, ...]]:
    """Part attempts into as many as may be told at once; of none that is one portion, too."""
    portion: list[Attempts] = []
    room = LONGEST_TRIED
    for each in attempts:
        length = len(frames.encoded(each))
        if length > room and portion:
            yield tuple(portion)
            portion, room = [], LONGEST_TRIED
        portion.append(each)
        room -= length
    yield tuple(portion)


def _descriptor_of(body: Body) -> int:
    if not isinstance(body, HasFile):
        raise TypeError("a large body has to be an open file")
    return body.fileno()


def _file_of(raw: bytes) -> int:
    """Return an open file in memory that holds these bytes."""
    descriptor = os.memfd_create("body", os.MFD_CLOEXEC)
    try:
        view = memoryview(raw)
        while view:
            view = view[os.write(descriptor, view) :]
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
