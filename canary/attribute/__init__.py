"""A message, probe or touch, and the decoys it names, become verdicts."""

from canary.attribute.classes import Facts, Ways, class_of, seen_on_controls, weighed
from canary.attribute.touching import judge_touch
from canary.attribute.verdict import judge_message, judge_probe

__all__ = [
    "Facts",
    "Ways",
    "class_of",
    "judge_message",
    "judge_probe",
    "judge_touch",
    "seen_on_controls",
    "weighed",
]
