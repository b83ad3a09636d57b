"""A message becomes who sent it: what was authenticated, and by what its sender is known again."""

from canary.model import Indicator, Strength
from canary.origin.authentication import Authenticator, Bounds
from canary.origin.fields import head_of
from canary.origin.indicators import Indications, Kind, indications
from canary.origin.offers import Patterns
from canary.origin.parts import Caps
from canary.origin.results import Authentication, Outcome, Result, Why, nothing
from canary.origin.sender import Sender, network_of, sender_of
from canary.origin.whole import addressed_notes, automatic, origin_of

__all__ = [
    "Authentication",
    "Authenticator",
    "Bounds",
    "Caps",
    "Indications",
    "Indicator",
    "Kind",
    "Outcome",
    "Patterns",
    "Result",
    "Sender",
    "Strength",
    "Why",
    "addressed_notes",
    "automatic",
    "head_of",
    "indications",
    "network_of",
    "nothing",
    "origin_of",
    "sender_of",
]
