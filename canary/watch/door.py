"""What the listener asks becomes answers of the store and work for the keeper, within one process."""

import asyncio
import os
from collections.abc import Awaitable
from dataclasses import replace

from canary.address import canonical, split
from canary.keyring import IndexKey
from canary.model import Message, Peer, Probe
from canary.persona.plausible import plausible
from canary.ports import Kept, Store
from canary.watch.body import FileBody, HasFile
from canary.watch.keeper import Keeper

PURPOSE = b"chance"


class OwnDoor:
    """The door of a listener in the store's own process. Without `index` no address has a chance."""

    def __init__(self, store: Store, keeper: Keeper, index: IndexKey | None = None) -> None:
        self._keeper = keeper
        self._index = index
        self.is_live = store.is_live

    def chance(self, address: str) -> float:
        """Return a number from 0 to 1, keyed; 1 for an address that no person would have."""
        return chance(self._index, address)

    def message(self, message: Message) -> Awaitable[Kept]:
        """Return when the message is durably kept. Raises StoreError."""
        return self._keeper.keep(_lent(message))

    def probe(self, probe: Probe) -> Awaitable[None]:
        """Hand a probe over to the keeper, which keeps it now or later; what is returned is done at once."""
        self._keeper.probe(probe)
        handed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        handed.set_result(None)
        return handed

    def stray(self, address: str, peer: Peer) -> None:  # noqa: ARG002 - who tried what is counted by network
        """Count a recipient that nobody has."""
        self._keeper.count_strays(1)


def chance(index: IndexKey | None, address: str) -> float:
    """Return a number from 0 to 1, the same for all forms of an address that meet in its canonical one.

    It is 1 without a key, and for an address that no person would have.
    """
    if index is None or not plausible(split(address)[0]):
        return 1.0
    return int.from_bytes(index.index(PURPOSE, canonical(address))[:8]) / 2**64


def _lent(message: Message) -> Message:
    """Return a message with an open file of its own: the listener closes its own when it gives up."""
    raw = message.raw
    if isinstance(raw, bytes) or not isinstance(raw, HasFile):
        return message
    return replace(message, raw=FileBody(os.dup(raw.fileno()), len(raw)))
