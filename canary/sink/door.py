"""What the listener asks of the house behind it."""

from collections.abc import Awaitable
from typing import Protocol

from canary.model import Message, Peer, Probe


class Door(Protocol):
    """Where everything goes that was heard on the wire."""

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, within microseconds. Raises StoreError."""
        ...

    def chance(self, address: str) -> float:
        """Return a number from 0 to 1, keyed: always the same for an address, foreseen by nobody.

        It is 1 for an address that no person would have.
        """
        ...

    def message(self, message: Message) -> Awaitable[object]:
        """Return when the message is durably kept; whatever is raised tells the sender to try again."""
        ...

    def probe(self, probe: Probe) -> Awaitable[None]:
        """Return when somebody has taken the probe over who keeps it, now or later.

        What is raised is logged, and hidden from the client.
        """
        ...

    def stray(self, address: str, peer: Peer) -> None:
        """Count a recipient that nobody has, whether it was refused or not."""
        ...
