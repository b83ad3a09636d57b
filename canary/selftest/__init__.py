"""A mail of our own goes the way that a stranger's would, and every leg of it is reported."""

from canary.selftest.arrival import Waiting, arrived
from canary.selftest.dialogue import Errand, Expected, deliver
from canary.selftest.letter import Letter, letter_to
from canary.selftest.report import LEGS, Leg, LegState, Report, report_json, walked
from canary.selftest.route import Stop, find, resolver_of

__all__ = [
    "LEGS",
    "Errand",
    "Expected",
    "Leg",
    "LegState",
    "Letter",
    "Report",
    "Stop",
    "Waiting",
    "arrived",
    "deliver",
    "find",
    "letter_to",
    "report_json",
    "resolver_of",
    "walked",
]
