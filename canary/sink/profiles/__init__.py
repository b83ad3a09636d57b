"""The name of a kind of mail host becomes its words and habits."""

from collections.abc import Callable, Mapping

from canary.errors import ConfigurationError
from canary.sink.profiles import exim, generic, postfix
from canary.sink.profiles.words import Habits, Phrases, Words

__all__ = ["Habits", "Phrases", "Words", "spoken_by"]

PROFILES: Mapping[str, tuple[Phrases, Habits, Callable[[], str]]] = {
    "postfix": (postfix.PHRASES, postfix.HABITS, postfix.queue_id),
    "exim": (exim.PHRASES, exim.HABITS, exim.queue_id),
    "generic": (generic.PHRASES, generic.HABITS, generic.queue_id),
}


def spoken_by(profile: str, hostname: str) -> Words:
    """Return what a host of this kind says under this name. Raises ConfigurationError for no kind we know."""
    known = PROFILES.get(profile)
    if known is None:
        raise ConfigurationError(f"sink.profile: {profile!r} is none of {', '.join(PROFILES)}")
    phrases, habits, queue_id = known
    return Words(phrases, habits, queue_id, hostname)
