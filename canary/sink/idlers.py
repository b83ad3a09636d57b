"""Clients that get nowhere become room for others, those that were silent for longest first."""

from collections import OrderedDict
from typing import Generic, TypeVar

from canary.tallies import LIMIT_SHED, Tallies

IDLE, FAVOURED_IDLE = 2.0, 20.0
"""After how many seconds without progress a stranger may be hung up, and a favoured client."""

G = TypeVar("G")


class Idlers(Generic[G]):
    """The guests that may be hung up when the house is full, in the order of their last progress.

    A guest is not among them while it is `busy`: a live decoy is in its transaction, or it waits for us. So a
    flood of connections that say nothing, or only NOOP, has places only while nobody else wants them. `now`
    is the loop's time in seconds and never goes back. No method takes longer where there are more guests.
    """

    __slots__ = ("_favoured", "_strangers", "_tallies")

    def __init__(self, counts: Tallies) -> None:
        self._strangers: OrderedDict[G, float] = OrderedDict()
        self._favoured: OrderedDict[G, float] = OrderedDict()
        self._tallies = counts

    def __len__(self) -> int:
        """Return how many guests might be hung up sooner or later."""
        return len(self._strangers) + len(self._favoured)

    def waits(self, guest: G, now: float, *, favoured: bool) -> None:
        """Note that it is a guest's turn to speak, after it came in or got somewhere.

        A command that was refused or does nothing (NOOP, RSET, HELP) gets nobody anywhere.
        """
        ours, others = (self._favoured, self._strangers) if favoured else (self._strangers, self._favoured)
        others.pop(guest, None)
        ours[guest] = now
        ours.move_to_end(guest)

    def busy(self, guest: G) -> None:
        """Keep a guest until it waits again; also one that is gone."""
        self._strangers.pop(guest, None)
        self._favoured.pop(guest, None)

    def victim(self, now: float) -> G | None:
        """Choose whom to hang up for a newcomer, and forget it; None where everybody deserves their place.

        That is the stranger that got nowhere for longest, if that is two seconds; else the favoured guest
        that got nowhere for longest, if that is twenty.
        """
        for queue, patience in ((self._strangers, IDLE), (self._favoured, FAVOURED_IDLE)):
            guest = next(iter(queue), None)
            if guest is not None and now - queue[guest] >= patience:
                del queue[guest]
                self._tallies.add(LIMIT_SHED)
                return guest
        return None
