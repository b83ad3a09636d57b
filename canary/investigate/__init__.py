"""What is kept becomes what people and programs look at."""

from canary.investigate.contract import (
    access_json,
    alert_json,
    attempts_json,
    decoy_json,
    hit_json,
    planting_json,
    stamp,
    status_json,
)
from canary.investigate.layers import few, layer_of
from canary.investigate.lines import hit_lines

__all__ = [
    "access_json",
    "alert_json",
    "attempts_json",
    "decoy_json",
    "few",
    "hit_json",
    "hit_lines",
    "layer_of",
    "planting_json",
    "stamp",
    "status_json",
]
