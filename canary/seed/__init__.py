"""Seed: a view's decoys are put among the records of an export, every byte of which stays as it was."""

from canary.seed.sniff import FORMATS
from canary.seed.survey import Arrangement, Seeding, Survey, survey

__all__ = ["FORMATS", "Arrangement", "Seeding", "Survey", "survey"]
