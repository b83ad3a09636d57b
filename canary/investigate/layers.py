"""A decoy and who was shown it become words that fit its layer."""

from collections.abc import Sequence

from canary.model import Access, ActorClass, Decoy, Layer

MOST_NAMES = 3
SHARED_BY = {
    Layer.STABLE: "everybody who views the record",
    Layer.COHORT: "a keyed half of the employees who view the record",
}
"""Who is shown the decoys of the layers that are not one employee's."""


def layer_of(decoy: Decoy) -> str:
    """Return the layer of a decoy that is shown, else what it is for: control or self-test."""
    if decoy.selftest:
        return "self-test"
    return "control" if decoy.control else decoy.layer.value


def exposed_line(decoy: Decoy, accesses: Sequence[Access], most: int = 20) -> str:
    """Return through whose accesses a decoy was exposed; of a shared one that others may be shown it, too."""
    names = list(dict.fromkeys(map(named, accesses)))
    if decoy.layer is Layer.VIEW:
        return f"Exposed only through the access of: {', '.join(names)}"
    accounts = "1 account" if len(names) == 1 else f"{len(names):,} accounts"
    return f"Shown to {SHARED_BY[decoy.layer]}; by then to {accounts}: {few(names, most)}"


def named(access: Access) -> str:
    """Return an access's employee, and its class where that is no person."""
    if access.actor_class is ActorClass.PERSON:
        return access.employee
    return f"{access.employee}, {access.actor_class.value} (not a person)"


def few(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Return the first names and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
