"""A company and a plan become a database that the real planter filled, and what its insiders were shown."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from math import ceil, log2
from pathlib import Path

from canary import keyring, wiring
from canary.config import Config, load
from canary.keyring import Keyring
from canary.model import Access, Planting
from canary.plant import Planter
from canary.store import create_store
from scripts.simulating.chance import chance
from scripts.simulating.company import START, TEAM, Company, crawler, employee

DOMAINS = (
    "harborpost", "mapleinbox", "northgate-mail", "oakriver", "quietletters", "redferry", "silvercove",
    "stonebridge-post", "sunfieldmail", "talloak", "tidewaterbox", "vineyardmail", "westmill", "willowpost",
    "brightharbor", "cedarlane",
)  # fmt: skip
OWN_DOMAIN = "grandmarket.example"
PLANS: Mapping[str, Mapping[str, float]] = {
    "view": {"view_rate": 1.0, "stable": 0, "cohort": 0},
    "stable": {"view_rate": 0.3, "stable": 1, "cohort": 0},
    "cohort": {"view_rate": 0.3, "stable": 1, "cohort": 1},
}
MOST_POOLED_TEAMS = 40
"""Insiders come from so many teams; what others were shown is in the ledger alone."""

LEAST_FLOOR = 24
BITS_ABOVE = 10

Pages = dict[str, dict[str, datetime]]
"""What an account was shown: by record each decoy's address, and when first."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the simulated time."""
        return self.now


@dataclass
class World:
    """A filled database in `folder`. `shown` is by account, of insiders to be and crawlers.

    `addresses` are those of all decoys in the order in which they were minted, `controls` of the controls.
    """

    folder: Path
    plan: str
    company: Company
    shown: dict[str, Pages] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    accesses: int = 0
    exposures: int = 0

    @property
    def keys(self) -> Keyring:
        """Return the keys, which follow from the seed."""
        return keys_of(self.company.seed, "ours")

    def crawlers(self) -> list[str]:
        """Return the accounts of crawlers."""
        return [crawler(number) for number in range(self.company.crawlers)]

    @contextmanager
    def copied(self, folder: Path) -> Iterator[Config]:
        """Give the configuration of a copy of the world in a folder, which is emptied afterwards."""
        for name in ("canary.db", "canary.keys", "canary.toml"):
            shutil.copy(self.folder / name, folder / name)
        try:
            yield config_of(folder)
        finally:
            for file in folder.iterdir():
                file.unlink()


def config_of(folder: Path) -> Config:
    """Read the configuration in a folder."""
    return load(folder / "canary.toml", environ={}, cwd=folder)


def keys_of(seed: int, whose: str) -> Keyring:
    """Return keys that follow from a seed; guessers have others than we."""
    made = [blake2b(f"{seed}|{whose}|{n}".encode(), digest_size=32).digest() for n in range(3)]
    return Keyring(made[0], made[1], made[2])


def built(folder: Path, plan: str, company: Company) -> World:
    """Fill a database with the accesses of a company under a plan, a day at a time."""
    world = World(folder, plan, company)
    teams = chance(company.seed, "pool").sample(range(company.teams), min(company.teams, MOST_POOLED_TEAMS))
    world.numbers = [
        number
        for team in sorted(teams)
        for number in range(team * TEAM, min((team + 1) * TEAM, company.employees))
    ]
    world.shown = {each: {} for each in (*map(employee, world.numbers), *world.crawlers())}
    _configure(folder, plan, company)
    keyring.save(world.keys, folder / "canary.keys")
    config, clock = config_of(folder), Clock()
    create_store(config.store.path, world.keys)
    with wiring.opened_store(config, world.keys, clock) as store:
        planter = Planter(store, wiring.minter_of(config, world.keys), clock)
        for day in range(company.days):
            accesses = list(company.day(day))
            clock.now = START + timedelta(days=day + 1)
            for first in range(0, len(accesses), 10_000):
                for planting in planter.plant_all(accesses[first : first + 10_000]):
                    noted(world, planting)
        for decoy in store.decoys():
            (world.controls if decoy.control else world.addresses).append(decoy.address)
    return world


def noted(world: World, planting: Planting) -> None:
    """Remember what an access showed, where it is an insider's or a crawler's."""
    access: Access = planting.access
    world.accesses += 1
    world.exposures += len(planting.decoys)
    pages = world.shown.get(access.employee)
    if pages is not None and planting.decoys:
        page = pages.setdefault(access.record, {})
        for decoy in planting.decoys:
            page.setdefault(decoy.address, access.at)


def floor_of(company: Company) -> int:
    """Return the surprisal floor by the rule of `canary plan`: 10 bits above the fullest domain."""
    most = company.employees * company.days * company.looks / len(DOMAINS)
    return max(LEAST_FLOOR, ceil(log2(max(most, 1)) + BITS_ABOVE))


def _configure(folder: Path, plan: str, company: Company) -> None:
    domains = ", ".join(f'"{name}.example"' for name in DOMAINS)
    lines = [f"{key} = {value}" for key, value in PLANS[plan].items()]
    (folder / "canary.toml").write_text(
        f'[mint]\ndomains = [{domains}]\nfloor_bits = {floor_of(company)}\n[plan.{plan}]\nrecords = ["*"]\n'
        + "\n".join(lines)
        + f'\n[origin]\nown_domains = ["{OWN_DOMAIN}"]\n'
        '[alert.slack]\nurl = "http://127.0.0.1:9/nobody"\n'
        '[sink]\nlisten = ["127.0.0.1:0"]\nproxy_peers = ["127.0.0.0/8"]\nreverse_names = false\n'
        '[sink.limits]\nexempt = ["0.0.0.0/0"]\n'
    )
