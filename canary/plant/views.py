"""Views that are open are remembered, and the accesses that were answered of late."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from canary.model import Access, ActorClass, Decoy

Whose = tuple[str, str, ActorClass]
Identity = tuple[ActorClass, str]


@dataclass(frozen=True, slots=True)
class View:
    """A view, from when it opened until its window ends: every look at it shows the same.

    `first` is the identifier of an access of it that the ledger has; `positions` are those of its decoys.
    """

    opened: datetime
    until: datetime
    first: str
    decoys: tuple[Decoy, ...]
    positions: tuple[float, ...]


class Views:
    """The newest view of as many employees and records as memory is set aside for, last seen last.

    A view's decoys are fixed when it opens, so that no other process can make what is remembered untrue.
    """

    def __init__(self, window: timedelta, most: int, most_told: int) -> None:
        self._window = window
        self._most = most
        self._most_told = most_told
        self._views: OrderedDict[Whose, View] = OrderedDict()
        self._told: OrderedDict[Identity, tuple[Access, View]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._views)

    def find(self, access: Access) -> View | None:
        """Return the view that an access falls into, None where that is not known."""
        whose = (access.employee, access.record, access.actor_class)
        with self._lock:
            view = self._views.get(whose)
            if view is None:
                return None
            self._views.move_to_end(whose)
        return view if view.opened <= access.at < view.until else None

    def remember(
        self, access: Access, opened: datetime, decoys: tuple[Decoy, ...], positions: tuple[float, ...]
    ) -> View:
        """Remember the view of an access that the ledger has now; a newer one is kept."""
        view = View(opened, opened + self._window, access.id, decoys, positions)
        whose = (access.employee, access.record, access.actor_class)
        with self._lock:
            known = self._views.get(whose)
            if known is None or known.opened <= opened:
                self._views[whose] = view
                self._views.move_to_end(whose)
                if len(self._views) > self._most:
                    self._views.popitem(last=False)
        return view

    def told(self, identity: Identity) -> tuple[Access, View] | None:
        """Return how this very access was answered, if that was of late."""
        return self._told.get(identity)

    def note_told(self, identity: Identity, access: Access, view: View) -> None:
        """Remember how an access was answered."""
        with self._lock:
            self._told[identity] = (access, view)
            if len(self._told) > self._most_told:
                self._told.popitem(last=False)
