"""Accesses become plantings: minted, and remembered in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from secrets import token_bytes
from time import sleep

from canary.address import split
from canary.mint import Minter
from canary.model import Access, Decoy, Layer, Planting
from canary.ports import (
    Clock,
    Draft,
    Ledger,
    Pair,
    RecordStanding,
    Standing,
    Store,
    pair_of,
    system_clock,
)

BATCH = 10000
BREATH = 0.002


@dataclass(frozen=True, slots=True)
class Planter:
    """Plants accesses: each comes back with the decoys to show, once the ledger holds it."""

    store: Store
    minter: Minter
    clock: Clock = system_clock

    def plant(self, access: Access) -> Planting:
        """Plant one access. Raises StoreError if it cannot be remembered."""
        return self.plant_all([access])[0]

    def plant_all(self, accesses: Sequence[Access]) -> list[Planting]:
        """Plant accesses in one transaction; all of them are remembered, or none."""
        with self.store.planting() as ledger:
            return self.within(ledger, accesses)

    def within(self, ledger: Ledger, accesses: Sequence[Access]) -> list[Planting]:
        """Plant accesses in a transaction that is open."""
        identities = [access.identity for access in accesses]
        distinct: dict[str, Access] = {}
        for identity, access in zip(identities, accesses, strict=True):
            if access.bare or identity not in distinct:
                distinct[identity] = access
        stand = ledger.standings({pair_of(each) for each in accesses})
        there = ledger.records({each.record for each in accesses})
        known = {
            identity: ledger.withdraw(planting)
            if distinct[identity].bare and not planting.access.bare
            else planting
            for identity, planting in ledger.duplicates(distinct).items()
        }
        fresh = {identity: access for identity, access in distinct.items() if identity not in known}
        planted = ledger.remember(self._drafts(ledger, fresh, dict(stand), dict(there)))
        self._control(ledger, planted)
        return _in_order(identities, {**known, **dict(zip(fresh, planted, strict=True))})

    def plant_stream(self, accesses: Iterable[Access]) -> Iterator[Planting]:
        """Plant any number of accesses in constant memory, a batch to a transaction.

        Between batches the lock is left long enough for a mail to be kept.
        """
        rest = iter(accesses)
        while batch := list(islice(rest, BATCH)):
            yield from self.plant_all(batch)
            sleep(BREATH)

    def mint_controls(self, count: int) -> Sequence[Decoy]:
        """Mint decoys that nobody is ever shown; mail to them measures the noise."""
        with self.store.planting() as ledger:
            controls = self.minter.controls(ledger.controls(), count, ledger.reserve, self.clock())
            return ledger.add_controls(controls)

    def selftest_decoy(self, domain: str) -> Decoy:
        """Return the decoy at a domain that our own tests write to, minted when it is first asked for."""
        with self.store.planting() as ledger:
            known = (each for each in self.store.decoys(selftest=True) if each.selftest)
            there = next((each for each in known if split(each.address)[1] == domain), None)
            if there is not None:
                return there
            return ledger.add_controls([self.minter.selftest(domain, ledger.reserve, self.clock())])[0]

    def stranger(self, domain: str) -> str:
        """Return an address at a domain that looks like a decoy's and is nobody's."""
        while self.store.is_live(address := self.minter.stranger(domain, token_bytes(16))):
            pass
        return address

    def shared_slots(self, record: str) -> dict[Layer, int]:
        """Return how many slots a record's shared decoys have or will have, by layer."""
        policy = self.minter.policy_of(record)
        most = {Layer.STABLE: policy.stable, Layer.COHORT: policy.cohort}
        for each in self.store.shared_decoys(record).minted:
            most[each.decoy.layer] = max(most[each.decoy.layer], each.decoy.slot + 1)
        return {layer: slots for layer, slots in most.items() if slots}

    def _drafts(
        self,
        ledger: Ledger,
        accesses: Mapping[str, Access],
        stand: dict[Pair, Standing],
        there: dict[str, RecordStanding],
    ) -> list[Draft]:
        now, draft_of = self.clock(), self.minter.draft
        drafts = []
        for identity, access in accesses.items():
            pair, record = pair_of(access), access.record
            draft, stand[pair], there[record] = draft_of(
                access, identity, stand[pair], ledger.reserve, now, there[record]
            )
            drafts.append(draft)
        return drafts

    def _control(self, ledger: Ledger, planted: Sequence[Planting]) -> None:
        """Mint the controls that the plans ask for along with the decoys just minted."""
        policy_of = self.minter.policy_of
        owed = sum(each.fresh * policy_of(each.access.record).controls for each in planted if each.fresh)
        due = ledger.owe_controls(owed) if owed else 0
        if due:
            controls = self.minter.controls(ledger.controls(), due, ledger.reserve, self.clock())
            ledger.add_controls(controls)


def _in_order(identities: Sequence[str], plantings: Mapping[str, Planting]) -> list[Planting]:
    """Return a planting for every access; the second mention of an access is a duplicate."""
    ordered, seen = [], set()
    for identity in identities:
        planting = plantings[identity]
        ordered.append(replace(planting, fresh=0, duplicate=True) if identity in seen else planting)
        seen.add(identity)
    return ordered
