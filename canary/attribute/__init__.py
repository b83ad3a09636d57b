"""A message or probe, and the decoys it names, become verdicts."""

from canary.attribute.verdict import judge_message, judge_probe

__all__ = ["judge_message", "judge_probe"]
