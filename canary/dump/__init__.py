"""Any text becomes the decoys that are in it, and those that nearly are."""

from canary.dump.addresses import addresses_in
from canary.dump.finding import Found, Lookup, look_up
from canary.dump.nearness import Locals, Near, distance, locals_of, near
from canary.dump.reading import blocks_of

__all__ = [
    "Found",
    "Locals",
    "Lookup",
    "Near",
    "addresses_in",
    "blocks_of",
    "distance",
    "locals_of",
    "look_up",
    "near",
]
