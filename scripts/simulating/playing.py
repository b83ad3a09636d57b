"""A scene becomes its outcome: letters in the order of their times, and what canary says in the end."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

from canary import wiring
from canary.config import Config
from canary.investigate.joining import identifying
from canary.investigate.linked import linked_files
from canary.investigate.ranking import ranking_of
from canary.model import Alert, Hit
from canary.model.casework import CaseFile, IncidentFilter
from canary.model.telling import NOBODY
from canary.plant import Planter
from canary.ports import Store
from scripts.simulating.chance import chance
from scripts.simulating.host import hosting
from scripts.simulating.leaks import Kind, Leak, compared
from scripts.simulating.letters import Buyer, Campaign, Letter
from scripts.simulating.names import named
from scripts.simulating.noise import CRAWLED_BY, OWN_IP, harvested, noise
from scripts.simulating.scene import Alerted, Outcome, Played, Ranked, Rows, Scene, campaigns_of, leaks_of
from scripts.simulating.world import OWN_DOMAIN, Clock, World

HARVESTED = 0.5
"""The share of guessed addresses that are mailed later."""

IN_THE_END = timedelta(days=30)
LEAK = "leak "
Sources = dict[str, str]
"""Where each hit came from."""


def play(world: World, scene: Scene, folder: Path) -> Outcome:
    """Play a scene in a copy of the world, made in an empty folder."""
    source = chance(world.company.seed, scene)
    clock = Clock()
    with world.copied(folder) as config:
        leaks = _planted(world, config, clock, leaks_of(world, scene, source))
        campaigns = campaigns_of(scene, leaks, source)
        letters = [letter for _, each in campaigns for letter in each.letters]
        letters += noise(world, scene.noise, source)
        buyers = [each for some, _ in campaigns for each in some]
        with named(_texts(buyers)) as port:
            outcome = Outcome(scene)
            asyncio.run(_played(world, config, clock, port, letters, leaks, campaigns, outcome, source))
    return outcome


def _planted(world: World, config: Config, clock: Clock, leaks: Sequence[Leak]) -> list[Leak]:
    """Plant the looks of those who compare, and return what their lists come to."""
    found = list(leaks)
    with wiring.opened_store(config, world.keys, clock) as store:
        planter = Planter(store, wiring.minter_of(config, world.keys), clock)
        for place, leak in enumerate(found):
            if leak.looks:
                clock.now = leak.left
                found[place] = compared(leak, planter.plant_all([look.access for look in leak.looks]))
    return found


def _texts(buyers: Sequence[Buyer]) -> Mapping[str, str]:
    """Return the SPF records of the company and of buyers."""
    own = {OWN_DOMAIN: f"v=spf1 ip4:{OWN_IP} -all"}
    return own | {domain: f"v=spf1 ip4:{ip} -all" for each in buyers for domain, ip in each.domains}


async def _played(
    world: World,
    config: Config,
    clock: Clock,
    name_server: int,
    letters: Sequence[Letter],
    leaks: Sequence[Leak],
    campaigns: Sequence[tuple[Sequence[Buyer], Campaign]],
    outcome: Outcome,
    source: Random,
) -> None:
    sources: Sources = {}
    numbers = count()
    waiting = [(letter.at, next(numbers), letter) for letter in letters]
    heapq.heapify(waiting)
    told_of: list[tuple[datetime, Alert]] = []
    async with hosting(config, world.keys, clock, name_server) as host:
        while waiting:
            _, _, letter = heapq.heappop(waiting)
            told_of += [(clock.now, alert) for alert in host.tell(letter.at)]
            answered, hits = await host.hear(letter)
            outcome.sessions[letter.source] += 1
            outcome.recipients[letter.source] += len(letter.recipients)
            sources |= {hit.id: letter.source for hit in hits}
            if letter.harvesting:
                for found in answered.there:
                    if source.random() < HARVESTED:
                        later = harvested(found, letter.at, source)
                        heapq.heappush(waiting, (later.at, next(numbers), later))
        told_of += [(clock.now, alert) for alert in host.tell(clock.now + IN_THE_END)]
        _conclude(host.store, leaks, campaigns, sources, told_of, outcome)


def _conclude(
    store: Store,
    leaks: Sequence[Leak],
    campaigns: Sequence[tuple[Sequence[Buyer], Campaign]],
    sources: Sources,
    told_of: Sequence[tuple[datetime, Alert]],
    outcome: Outcome,
) -> None:
    """Note what canary says: the ranking of every incident, and when whom was told of first."""
    cases = {each.id: store.incident(each.id) for each in store.incidents(IncidentFilter())}
    joined: dict[str, list[tuple[int, Hit]]] = {}
    senders = {message: names for case in cases.values() for message, names in _senders(case).items()}
    said = Rankings(store, senders)
    truth: dict[str, frozenset[str]] = {}
    for case in cases.values():
        hits = [each.hit for each in case.hits]
        for hit in hits:
            joined.setdefault(sources[hit.id], []).append((len(outcome.ranked), hit))
        weighed = [each.hit for other in (case, *linked_files(store, [case])) for each in other.hits]
        behind, bulk = _behind(weighed, sources, leaks)
        counts = Counter(sources[hit.id] for hit in hits)
        outcome.ranked.append(Ranked(said.of(weighed), counts, behind, bulk))
        truth[case.incident.id] = behind
    outcome.alerts += [_alerted(at, alert, sources, truth) for at, alert in told_of]
    told: dict[str, datetime] = {}
    for each in outcome.alerts:
        told |= {name: min(told.get(name, each.at), each.at) for name in each.sources}
    counts = Counter(sources.values())
    for number, (leak, (buyers, sent)) in enumerate(zip(leaks, campaigns, strict=True)):
        name = f"{LEAK}{number}"
        first, mine = told.get(name), joined.get(name, [])
        began = min([*sent.mailed[:1], *(letter.at for letter in sent.letters)], default=None)
        mails = sum(at <= first for at in sent.mailed) if first else len(sent.mailed)
        incidents = tuple(place for place, _ in Counter(place for place, _ in mine).most_common())
        together = said.of([hit for _, hit in mine])
        played = Played(leak, len(buyers), counts[name], began, first, mails, incidents, together)
        outcome.played.append(played)
    for hit_id, name in sources.items():
        outcome.hits[name.partition(" ")[0], store.hit(hit_id).verdict.hit_class.value] += 1


@dataclass
class Rankings:
    """What is said of hits: each set of them is ranked once."""

    store: Store
    senders: Mapping[str, Collection[str]]
    known: dict[frozenset[str], Rows] = field(default_factory=lambda: {frozenset(): ()})

    def of(self, hits: Sequence[Hit]) -> Rows:
        """Return the ranking of some hits."""
        key = frozenset(hit.id for hit in hits)
        if key not in self.known:
            view = ranking_of(self.store, hits, self.senders)
            self.known[key] = tuple(
                (row.kind, frozenset(row.employees), row.probability) for row in view.rows
            )
        return self.known[key]


def _senders(case: CaseFile) -> dict[str, list[str]]:
    """Return by what the senders of messages are known, as `canary incident show` asks."""
    return {
        message: [f"{kind} {value}" for kind, value in identifying(origin.indicators)]
        for message, origin in case.origins.items()
    }


def _behind(hits: Sequence[Hit], sources: Sources, leaks: Sequence[Leak]) -> tuple[frozenset[str], bool]:
    """Return through whose access some hit decoys were exposed, and whether a copied store is behind some."""
    insiders: set[str] = set()
    bulk = False
    for hit in hits:
        name = sources[hit.id]
        if name.startswith(CRAWLED_BY):
            insiders.add(name.removeprefix(CRAWLED_BY))
        if name.startswith(LEAK):
            leak = leaks[int(name.removeprefix(LEAK))]
            insiders |= leak.behind(hit.decoy.address)
            bulk = bulk or leak.kind is Kind.BULK
    return frozenset(insiders), bulk


def _alerted(at: datetime, alert: Alert, sources: Sources, truth: Mapping[str, frozenset[str]]) -> Alerted:
    lead = alert.briefing.lead if alert.briefing else NOBODY
    incidents = alert.case.incidents if alert.case else ()
    truly = frozenset().union(*(truth.get(each.id, frozenset()) for each in incidents))
    names = frozenset(sources[hit.id] for hit in alert.hits)
    return Alerted(at, names, frozenset(lead.employees), lead.probability, truly)
