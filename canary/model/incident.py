"""Incidents: who sent what arrived, which hits belong together, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class Strength(IntEnum):
    """What it means that two messages have an indicator in common.

    HINTS: nothing by itself, many strangers share it. SUPPORTS: with another one, probably one hand.
    IDENTIFIES: one hand, or somebody who wants it to look so: the body is the attacker's to write.
    """

    HINTS = 1
    SUPPORTS = 2
    IDENTIFIES = 3


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that a sender is known again by: `kind` says of what, `value` is normalised, a stranger's."""

    kind: str
    value: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a message, as far as was known when it came.

    `summary` holds the results of SPF, DKIM and DMARC on one line (RFC 8601 section 2.2);
    `authenticated` are the domains that stand behind the message, `aligned` the methods by which its From
    domain does. `notes` are our own words about what is odd.
    """

    summary: str = ""
    header_from: str = ""
    authenticated: tuple[str, ...] = ()
    aligned: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    network: str = ""
    notes: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    evaluated: bool = False


class IncidentState(StrEnum):
    """How far an incident is."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Incident:
    """Hits that belong together. `accounts` are the employees whom view-unique decoys among them name.

    `merged_into` is the incident that took it up, "" while it stands by itself.
    """

    id: str
    state: IncidentState
    opened_at: datetime
    last_at: datetime
    hits: int
    accounts: tuple[str, ...] = ()
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did to an incident, and why: never changed, never taken back.

    `actor` is who, `canary` for a rule of ours; `action` is one word, `words` are the reason in full.
    """

    id: str
    incident: str
    at: datetime
    actor: str
    action: str
    words: str


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller whom the company knows, and the indicators that are its own."""

    id: str
    name: str
    indicators: tuple[Indicator, ...] = ()
