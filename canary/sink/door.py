"""What the listener asks of the house behind it."""

from typing import Protocol

from canary.model import Message, Peer, Probe


class Door(Protocol):
    """Where everything goes that was heard on the wire."""

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, within microseconds. Raises StoreError."""
        ...

    async def message(self, message: Message) -> None:
        """Return when the message is durably kept; whatever is raised tells the sender to try again."""
        ...

    async def probe(self, probe: Probe) -> None:
        """Return when the probe is durably kept; what is raised is logged, and hidden from the client."""
        ...

    def stray(self, address: str, peer: Peer) -> None:
        """Count a recipient that was refused."""
        ...
