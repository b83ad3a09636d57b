"""The record side, assembled: access → mint → remember → seed."""

from canary.plant.planter import BATCH, Planter, placement_salts

__all__ = ["BATCH", "Planter", "placement_salts"]
