"""Who was shown what, counted: what a ledger tells about decoys that were hit, or stand in a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Place = bytes
"""Where an account or a record is found: it tells who is the same, not who that is."""


@dataclass(frozen=True, slots=True)
class Viewers:
    """Who was shown one decoy, a column each: the account, when first, how often, when last.

    Accounts are numbers into `Viewings.accounts`, ascending; times are microseconds since 1970.
    """

    accounts: Sequence[int] = ()
    first: Sequence[int] = ()
    times: Sequence[int] = ()
    last: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Viewings:
    """Who was shown each of some decoys, by the decoy's identifier, and which record it was planted in.

    `left_out` are the most widely shown decoys, which were not read: they would have taken too long.
    """

    accounts: tuple[Place, ...] = ()
    viewers: Mapping[str, Viewers] = field(default_factory=dict)
    records: Mapping[str, Place] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unhit:
    """Decoys of a record that an account was shown and that were not hit: its own, and shared ones.

    `example` is one of them, by which the record is named.
    """

    own: int
    shared: int
    example: str


@dataclass(frozen=True, slots=True)
class Showing:
    """How much accounts had been shown by a time, a decoy counted once whoever of them saw it.

    `total` and `beside` count decoys as (view-unique, record-stable, cohort): all of them, and those of
    the records whose hit decoys were among them. `records` counts the records. `unhit_first` are the times,
    ascending, at which decoys without a hit were first shown, in microseconds since 1970.
    """

    total: tuple[int, int, int]
    beside: tuple[int, int, int]
    records: int
    unhit_first: Sequence[int] = ()
    unhit: Mapping[Place, Unhit] = field(default_factory=dict)
