"""The record side, assembled: access → mint → remember → seed; for logs, and for pages that are shown now."""

from canary.plant.faces import arranged
from canary.plant.live import LivePlanter
from canary.plant.opening import opened_live
from canary.plant.placing import placement_salts, shared_salts
from canary.plant.planted import AccessError, Planted, Shown
from canary.plant.planter import BATCH, Planter

__all__ = [
    "BATCH",
    "AccessError",
    "LivePlanter",
    "Planted",
    "Planter",
    "Shown",
    "arranged",
    "opened_live",
    "placement_salts",
    "shared_salts",
]
