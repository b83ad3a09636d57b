"""What the record side asks of the store, and what it hands over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from canary.model import (
    Access,
    ActorClass,
    Decoy,
    Planting,
)

PERSON = ActorClass.PERSON


@dataclass(frozen=True, slots=True)
class Minted:
    """A decoy and when it joined: when its view opened; a shared one, when it was due."""

    opened: datetime
    decoy: Decoy


@dataclass(frozen=True, slots=True)
class View:
    """When a view opened, and how many decoys there were then to show: its set stays as it was.

    `slots` counts those of its pair (None: a version that did not count opened it), `stood` the record's
    shared ones. A `bare` one holds accesses that were shown without decoys; no others join it.
    """

    opened: datetime
    slots: int | None
    stood: int = 0
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What an employee, as one class of actor, has been shown of a record so far.

    `views` ascend by when they opened, and so do the `bare` ones; `minted` is in the order of the slots.
    """

    views: tuple[View, ...] = ()
    minted: tuple[Minted, ...] = ()
    bare: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """The decoys that those who view a record share (record-stable ones and cohorts), first minted first."""

    minted: tuple[Minted, ...] = ()


Pair = tuple[str, str, str]
"""An employee, a record, and the actor's class, "" for a person."""


def pair_of(access: Access) -> Pair:
    """Return whose views an access belongs to: what is no person has views of its own."""
    acting = access.actor_class
    return (access.employee, access.record, "" if acting is PERSON else acting.value)


class Ledger(Protocol):
    """The record side of the store, inside one transaction that nobody else can write beside."""

    def standings(self, pairs: Iterable[Pair]) -> Mapping[Pair, Standing]:
        """Return what each pair has been shown so far."""
        ...

    def records(self, records: Iterable[str]) -> Mapping[str, RecordStanding]:
        """Return the shared decoys of each record."""
        ...

    def duplicates(self, accesses: Mapping[str, Access]) -> Mapping[str, Planting]:
        """Return those of the accesses, by identity, that the ledger has already, as it has them.

        Asked after `standings` of their pairs.
        """
        ...

    def reserve(self, address: str) -> bool:
        """Claim an address for this transaction; False if it meets a decoy under its canonical form."""
        ...

    def remember(self, drafts: Sequence["Draft"]) -> Sequence[Planting]:
        """Write accesses, views, decoys and exposures; return them with their identifiers.

        A planting's decoys come in their order of display, which tells nothing of their layers.
        """
        ...

    def withdraw(self, planting: Planting) -> Planting:
        """Note that an access was shown without its decoys after all."""
        ...

    def add_controls(self, decoys: Sequence[Decoy]) -> Sequence[Decoy]:
        """Write decoys that nobody is ever shown."""
        ...

    def controls(self) -> int:
        """Return how many controls there are."""
        ...

    def owe_controls(self, thousandths: int) -> int:
        """Add to the controls that are owed; return how many whole ones are due now, and keep the rest."""
        ...

    def reserve_accesses(self, count: int) -> range:
        """Set row numbers aside that no other access will be given, now or by anybody else."""
        ...

    def look_again(self, looks: Sequence["Look"]) -> None:
        """Write repeated looks down under the identifiers that were told for them."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """An access as it is about to be remembered.

    `identity` is the access's own; `decoys` are those that it shows, in any order, and `fresh` the new ones
    among them; these have no `id` yet.
    """

    access: Access
    identity: str
    view: View
    decoys: tuple[Decoy, ...]
    fresh: tuple[Minted, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A repeated look at a view, answered before it is written down.

    `access` has the identifier that was told for it, from those set aside; `first` is that of an access of
    the same view, and `decoys` are what it showed.
    """

    access: Access
    identity: str
    first: str
    decoys: tuple[Decoy, ...]
