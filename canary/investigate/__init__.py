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
from canary.investigate.lines import hit_lines

__all__ = [
    "access_json",
    "alert_json",
    "attempts_json",
    "decoy_json",
    "hit_json",
    "hit_lines",
    "planting_json",
    "stamp",
    "status_json",
]
