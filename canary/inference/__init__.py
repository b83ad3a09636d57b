"""Hits and exposures become explanations with their probabilities."""

from canary.inference.answers import Check, Factor, Kind, Ranking, Row, Window
from canary.inference.decide import checks
from canary.inference.judgement import Judgement
from canary.inference.posterior import rank, unsettled
from canary.inference.search import hopeful
from canary.inference.surveying import Survey, survey
from canary.inference.values import HitDecoy, Holdings, Prospect, Seen, Shown
from canary.inference.when import windows
from canary.inference.wording import check_words, explanation, sentence, window_words

__all__ = [
    "Check",
    "Factor",
    "HitDecoy",
    "Holdings",
    "Judgement",
    "Kind",
    "Prospect",
    "Ranking",
    "Row",
    "Seen",
    "Shown",
    "Survey",
    "Window",
    "check_words",
    "checks",
    "explanation",
    "hopeful",
    "rank",
    "sentence",
    "survey",
    "unsettled",
    "window_words",
    "windows",
]
