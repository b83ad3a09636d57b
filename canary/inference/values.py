"""What is asked: hits, who was shown what, and what the store holds; all frozen, all cheap to read from rows.

Accounts are small whole numbers from 0, as the caller counts them. Times are microseconds since 1970 in
UTC, as the store has them.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from canary.model import BaseRate, HitClass, Layer

LAYERS = tuple(Layer)


@dataclass(frozen=True, slots=True)
class HitDecoy:
    """One decoy that was hit, once.

    `group` is shared by the hits that are one piece of evidence (the same message, session, or sender within
    a time). `record` is what it was planted in ("" for a control), `surprisal` is in bits, `tries` are the
    recipients nobody has that were tried before it. A `near` hit's address was close to the decoy's, not
    the same; of one that is not `ours` we did not see the envelope; `found` says that no mail came, the
    address stands in a list that was found.
    """

    decoy: str
    at: int
    group: str
    record: str = ""
    layer: Layer = Layer.VIEW
    surprisal: float = 28.0
    domain: str = ""
    minted_at: int = 0
    hit_class: HitClass = HitClass.MAIL
    tries: int = 0
    near: bool = False
    control: bool = False
    ours: bool = True
    found: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Who was shown one decoy, a column each: the account, when first, how often, when last before the hit.

    Accounts ascend, each stands in it once. `times` and `last` may be empty: they are for words alone.
    """

    accounts: Sequence[int] = ()
    first: Sequence[int] = ()
    times: Sequence[int] = ()
    last: Sequence[int] = ()

    def place(self, account: int) -> int | None:
        """Return where an account stands in the columns; None if it was not shown the decoy."""
        place = bisect_left(self.accounts, account)
        return place if place < len(self.accounts) and self.accounts[place] == account else None


@dataclass(frozen=True, slots=True)
class Shown:
    """How much an account had been shown by the time of the last hit, the hit decoys among it.

    `total` and `beside` count decoys as (view-unique, record-stable, cohort): all of them, and those of the
    records whose hit decoys it was shown. `records` counts all its records. `newer` are the times at which
    decoys without a hit were first shown to it, after its newest hit one, ascending. `weight` is
    how likely such an account is to be behind a leak, beside an average one.
    """

    total: tuple[int, int, int]
    beside: tuple[int, int, int]
    records: int
    newer: Sequence[int] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the store holds: accounts that were shown anything, and decoys, controls, hits and strays so far.

    `rate.decoys` are the shown ones; `rate.hits` counts the decoys of this question too. `bits` is
    the surprisal of an ordinary decoy, or the floor that decoys are minted above. `typical` stands for the
    accounts whose counts were not asked for.
    """

    accounts: int
    rate: BaseRate
    bits: float = 28.0
    typical: Shown = Shown((20, 20, 10), (1, 1, 1), 20)


@dataclass(frozen=True, slots=True)
class Prospect:
    """Decoys of one record that have not been hit: how many, and which accounts were shown them."""

    record: str
    decoys: int
    accounts: frozenset[int]
