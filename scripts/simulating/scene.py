"""Leaks and noise become a scene: what is played together in one copy of a world, and what came of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from scripts.simulating.company import TEAM
from scripts.simulating.leaks import Cell, Kind, Leak, able, leak_of, number_of_insiders
from scripts.simulating.letters import BUYERS, Buyer, Campaign, buyer, campaign
from scripts.simulating.world import World


@dataclass(frozen=True, slots=True)
class Scene:
    """What is played together: leaks of a cell, by other teams each, and noise messages."""

    plan: str
    cell: Cell | None
    leaks: int
    noise: int
    number: int

    def __str__(self) -> str:
        return f"{self.plan}, {self.cell or 'noise alone'}, {self.number}"


Rows = tuple[tuple[str, frozenset[str], float], ...]
"""A ranking: each explanation's kind, its accounts and its probability."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What is said of an incident, weighed with those linked to it, and what is true of all these hits.

    `sources` counts the hits of the incident itself by where they came from. `insiders` are the accounts
    through whose access one of the hit decoys was exposed, crawlers among them; `bulk` says that a copied
    store is behind some.
    """

    rows: Rows
    sources: Mapping[str, int]
    insiders: frozenset[str]
    bulk: bool


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert as it went out: the sources of its hits, whom it pointed to, and who truly is behind."""

    at: datetime
    sources: frozenset[str]
    accounts: frozenset[str]
    probability: float
    truly: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a leak: decoys in its list, hits, when mail to it began, and when it was first told.

    `mails` counts all mail to the list up to then; `incidents` are places in the outcome's `ranked`, those
    with the most of its hits first. `together` is what is said of all its hits, as if joined by hand.
    """

    leak: Leak
    buyers: int
    hits: int
    began: datetime | None
    told: datetime | None
    mails: int
    incidents: tuple[int, ...]
    together: Rows


@dataclass
class Outcome:
    """All that came of a scene. `sessions` and `recipients` count what was said on the wire, by source.

    `hits` are counted by source and class.
    """

    scene: Scene
    played: list[Played] = field(default_factory=list)
    ranked: list[Ranked] = field(default_factory=list)
    sessions: Counter[str] = field(default_factory=Counter)
    recipients: Counter[str] = field(default_factory=Counter)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    alerts: list[Alerted] = field(default_factory=list)


def leaks_of(world: World, scene: Scene, source: Random) -> list[Leak]:
    """Return the leaks of a scene; fewer than asked for where not enough teams were shown enough."""
    if scene.cell is None:
        return []
    kind, wanted = scene.cell.kind, number_of_insiders(scene.cell.kind)
    if kind is Kind.BULK:
        return [leak_of(world, scene.cell, (), source) for _ in range(scene.leaks)]
    teams: dict[int, list[int]] = {}
    for number in able(world, scene.cell):
        teams.setdefault(number // TEAM, []).append(number)
    order = source.sample(sorted(teams), len(teams))
    chosen: list[Sequence[int]] = []
    if kind is Kind.BROKER:
        each = [source.choice(teams[team]) for team in order]
        chosen += [each[at : at + wanted] for at in range(0, len(each) - wanted + 1, wanted)]
    else:
        chosen += [source.sample(teams[team], wanted) for team in order if len(teams[team]) >= wanted]
    return [leak_of(world, scene.cell, insiders, source) for insiders in chosen[: scene.leaks]]


def campaigns_of(scene: Scene, leaks: Sequence[Leak], source: Random) -> list[tuple[list[Buyer], Campaign]]:
    """Return who bought each list and how it is mailed."""
    found = []
    for number, leak in enumerate(leaks):
        name = f"b{scene.number}-{number}"
        buyers = [buyer(f"{name}-{which}", source) for which in range(source.choice(BUYERS))]
        mailed = scene.cell.mailed if scene.cell else 0.0
        found.append((buyers, campaign(leak, number, mailed, buyers, source)))
    return found
