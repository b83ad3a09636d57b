"""A record and a time become the decoys that many employees share: record-stable ones and cohorts."""

from collections.abc import Callable, Iterator
from datetime import datetime

from canary.mint.policy import MintPolicy
from canary.model import Decoy, Layer
from canary.ports import RecordStanding

Draw = Callable[[bytes, bytes], bytes]


def shared_seed(layer: Layer, record: str) -> bytes:
    """Return the bytes that stand for a record's layer in keyed draws; no view's begin like these."""
    return f"\0{layer.value}\0{record}".encode("utf-8", "surrogatepass")


def in_cohort(draw: Draw, record: str, slot: int, employee: str) -> bool:
    """Say whether a cohort decoy of a record is shown to an employee: one keyed bit, set for half of them."""
    seed = f"{record}\0{slot}\0{employee}".encode("utf-8", "surrogatepass")
    return bool(draw(b"cohort", seed)[0] & 1)


def is_shown(draw: Draw, decoy: Decoy, record: str, employee: str) -> bool:
    """Say whether a decoy of a record is one that an employee is shown."""
    return decoy.layer is not Layer.COHORT or in_cohort(draw, record, decoy.slot, employee)


def joining(
    policy: MintPolicy, draw: Draw, record: str, employee: str, opened: datetime, there: RecordStanding
) -> Iterator[tuple[Layer, int, datetime]]:
    """Give layer, slot and time of the decoys that have joined by the time a view opened and are not minted.

    The first of a layer joins when a view opens that shows it, each next one `join_every` after the one
    before, whoever looks: so all who look from then on are shown the same. A view older than the first one
    (a late log) mints none. A cohort's decoy is minted only for a view that shows it.
    """
    for layer, most in ((Layer.STABLE, policy.stable), (Layer.COHORT, policy.cohort)):
        if not most:
            continue
        joined = {each.decoy.slot: each.opened for each in there.minted if each.decoy.layer is layer}
        first = joined.get(0, opened)
        for slot in range(most):
            due = first + slot * policy.join_every
            if due > opened:
                break
            if slot not in joined and (layer is Layer.STABLE or in_cohort(draw, record, slot, employee)):
                yield layer, slot, due
