"""What became of an access that an application shows now: the decoys, where, and their markers."""

from dataclasses import dataclass

from canary.errors import UsageError
from canary.model import Access, Decoy


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoy to show in one access.

    `position` is from 0 to below 1 and stays the same for decoy and record: among n records the decoy's
    place is `floor(position * (n + 1))` where the page has no order of its own. `marker` is for the
    application alone.
    """

    decoy: Decoy
    position: float
    marker: str


@dataclass(frozen=True, slots=True)
class Planted:
    """An access with the identifier that the ledger has it under, and the decoys to show in it.

    `duplicate` says that this very access was told before; the answer is the one it got then.
    """

    access: Access
    shown: tuple[Shown, ...]
    duplicate: bool = False


class AccessError(UsageError):
    """What was told of an access, or of a touch, cannot be so.

    `faults` are (field, what is wrong with it); the words complete a sentence that begins with the name.
    """

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{field} {problem}" for field, problem in faults))
        self.faults = faults
