"""What an investigator works with: why hits belong together, whose they may be, what was done about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from canary.model.finding import Hit, HitClass
from canary.model.incident import AuditEntry, Incident, IncidentState, Indicator, Origin

MESSAGE, SESSION = "message", "session"
"""Kinds of indicators that are not the sender's words: what came in one message, or one probing session."""


PROVEN = frozenset({"authenticated domain", "mailbox"})
"""Kinds that identify only where they were authenticated; everything else is a stranger's to write."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A hit that asks where it belongs.

    `accounts` are those that it names: whose view a view-unique decoy was minted for, or who touched it.
    `possible` counts the accounts that had been shown the decoy, the named ones among them. `indicators`
    are the sender's, with the message or session that it came in. A `noise` hit is on a control or a
    self-test's decoy.
    """

    hit: str
    at: datetime
    hit_class: HitClass
    accounts: tuple[str, ...] = ()
    possible: int = 0
    indicators: tuple[Indicator, ...] = ()
    noise: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident that has something in common with a newcomer, and what.

    `accounts` are those that both name, `indicators` the identifying ones that both have. `may_be_one` says
    that an account which the incident names can be behind the newcomer, too (where it names none, one that
    was shown a decoy of it), `same_decoy` that a hit of it is on the very same shared decoy, `other_sender`
    that senders of both were authenticated and are not the same.
    """

    incident: str
    state: IncidentState
    opened_at: datetime
    last_at: datetime
    accounts: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    may_be_one: bool = False
    same_decoy: bool = False
    other_sender: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a hit belongs: `incident` is "" where it opens one. `words` are the reason, in full."""

    rule: str
    incident: str
    words: str


@dataclass(frozen=True, slots=True)
class Dismissal:
    """An incident that somebody dismissed, and by what its senders are known again."""

    incident: str
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Joining:
    """What came of a hit: its incident ("" for none), by which rule, and whether that is new."""

    hit: str
    incident: str
    rule: str = ""
    words: str = ""
    fresh: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does to an incident: who, when, and why in full."""

    actor: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class JoinedHit:
    """A hit of an incident, and why it is there."""

    hit: Hit
    words: str


@dataclass(frozen=True, slots=True)
class Link:
    """Another incident, and the identifying indicators that both have."""

    incident: Incident
    shared: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """An incident with everything that is known of it.

    Hits ascend by time, the audit by when it was written. `origins` are by message.
    """

    incident: Incident
    hits: tuple[JoinedHit, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents to look at; None asks for all. Merged ones are never among them."""

    state: IncidentState | None = None
    employee: str | None = None
    since: datetime | None = None
