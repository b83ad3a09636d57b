"""For applications: an access becomes decoys to show, within a time budget, and never an error."""

from canary.client.planter import Planter
from canary.client.sync import SyncPlanter
from canary.client.values import Counts, Placed, SeededRows, Shown, looked
from canary.model import Access, ActorClass

__all__ = [
    "Access",
    "ActorClass",
    "Counts",
    "Placed",
    "Planter",
    "SeededRows",
    "Shown",
    "SyncPlanter",
    "looked",
]
