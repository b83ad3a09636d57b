"""Incidents that have indicators in common become links, told by what: never one incident by rule."""

from collections.abc import Sequence
from typing import Any

from canary.investigate.joining import OF_THE_MAIL, plain, told
from canary.model import Indicator
from canary.model.casework import PROVEN, Link

CHANNELS = frozenset({"wechat", "telegram", "whatsapp", "qq", "phone", "reply-to", "contact address"})
"""Ways to be answered: whoever names another's gets no answer."""


def certain(shared: Sequence[Indicator]) -> bool:
    """Say whether two incidents with these indicators in common are of one sender, or as good as."""
    return strength_words(shared).startswith(("certain", "strong"))


def strength_words(shared: Sequence[Indicator]) -> str:
    """Return how much it says that two incidents have these identifying indicators in common.

    A judgement, not a measurement: what a body says can be copied, what was authenticated cannot.
    """
    kinds = {each.kind for each in shared}
    if kinds & OF_THE_MAIL:
        return "certain: what hit both came together"
    if kinds & PROVEN:
        return "strong: the same sender was authenticated"
    if len(kinds & CHANNELS) > 1 or len(kinds) > 2:  # noqa: PLR2004 - more than a pair by chance
        return "strong: the same ways to answer, or somebody who wants it to look so"
    if kinds & CHANNELS:
        return "likely: the same way to answer, or somebody who wants it to look so"
    return "possible: a word in common, which anybody can write"


def link_line(link: Link) -> str:
    """Return a link in words."""
    other = link.incident
    accounts = ", ".join(map(plain, other.accounts[:3])) or "no account named"
    return f"{other.id}  {other.state.value}  {accounts}: {told(link.shared)} ({strength_words(link.shared)})"


def link_json(link: Link) -> dict[str, Any]:
    """Return a link."""
    return {
        "incident": link.incident.id,
        "employees": list(link.incident.accounts),
        "shared": [{"kind": each.kind, "value": each.value} for each in link.shared],
        "strength": strength_words(link.shared),
    }
