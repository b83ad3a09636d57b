"""A small company becomes hits: leaks drawn as the model has them, and what the store would tell."""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from canary.inference import HitDecoy, Holdings, Judgement, Ranking, Seen, Shown, Survey, rank, survey
from canary.inference.likelihood import LEAST, MAILED
from canary.inference.noise import noise_of
from canary.model import BaseRate, Layer

DAY = 86_400_000_000
HIT_AT = 100 * DAY
JUDGEMENT = Judgement(growing=0.25, bulk=0.05)
Truth = frozenset[int] | str


@dataclass(frozen=True)
class Planted:
    """A decoy of the small company."""

    name: str
    layer: Layer
    record: str
    shown_to: frozenset[int]


class Company:
    """Accounts that view records, each with a record-stable decoy and here and there a view-unique one."""

    def __init__(
        self,
        seed: int,
        *,
        accounts: int = 24,
        records: int = 40,
        controls: int = 60,
        seen: tuple[int, int] = (3, 12),
        apart: bool = False,
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a world that can be drawn again
        self.accounts = accounts
        self.views = {
            account: set(self.random.sample(range(records), self.random.randint(*seen)))
            for account in range(accounts)
        }
        if apart:
            self.views = {account: set(range(account * 6, account * 6 + 6)) for account in range(accounts)}
        self.planted = [
            Planted(f"s{record}", Layer.STABLE, f"R{record}", viewers)
            for record in range(records)
            if (viewers := frozenset(a for a, views in self.views.items() if record in views))
        ]
        self.planted += [
            Planted(f"v{account}-{record}", Layer.VIEW, f"R{record}", frozenset({account}))
            for account, views in self.views.items()
            for record in sorted(views)
            if self.random.random() < 0.6
        ]
        if apart:
            self.planted += [
                Planted(f"h{record}", Layer.COHORT, f"R{record}", frozenset({account}))
                for account, views in self.views.items()
                for record in sorted(views)
                if self.random.random() < 0.4
            ]
        self.holdings = Holdings(accounts, BaseRate(len(self.planted), controls, 0, 0, 6))
        self.by_name = {each.name: each for each in self.planted}
        self.share = noise_of(self.holdings, JUDGEMENT).share

    def shown(self, hits: Iterable[HitDecoy]) -> dict[int, Shown]:
        """Return what the store would count for every account."""
        names = {hit.decoy for hit in hits}
        told = {}
        for account, seen in self.views.items():
            mine = [each for each in self.planted if account in each.shown_to]
            records = {each.record for each in mine if each.name in names}
            near = [each for each in mine if each.record in records]
            told[account] = Shown(_layers(mine), _layers(near), len(seen))
        return told

    def exposures(self, hits: Iterable[HitDecoy]) -> dict[str, Seen]:
        """Return who was shown the decoys that were hit."""
        return {
            hit.decoy: Seen(tuple(sorted(shown)), tuple(DAY for _ in shown))
            for hit in hits
            if not hit.control
            for shown in [self.by_name[hit.decoy].shown_to]
        }

    def ask(self, hits: Iterable[HitDecoy], judgement: Judgement = JUDGEMENT) -> tuple[Survey, Ranking]:
        """Return the survey and the ranking of some hits."""
        every = list(hits)
        asked = survey(every, self.exposures(every), self.holdings, judgement)
        return asked, rank(asked, self.shown(every))

    def case(self) -> tuple[list[HitDecoy], Truth]:
        """Return hits as the model draws them, and what is behind them."""
        draw = self.random.random
        if draw() < self.share:
            return self.hit(self._noise(geometric=True)), "nobody"
        if draw() < JUDGEMENT.bulk:
            everything = [each.name for each in self.planted] + [
                f"c{n}" for n in range(self.holdings.rate.controls)
            ]
            hits = self.hit(self._mailed(dict.fromkeys(everything, 1.0)) | self._noise())
            return hits, "nobody" if self._other(hits) else "bulk"
        size = 1
        while size < JUDGEMENT.largest and draw() < JUDGEMENT.growing:
            size += 1
        accounts = self.random.sample(range(self.accounts), size)
        leaked = self._leak(accounts)
        if not leaked:
            return self.case()
        return self._doubted(self.hit(self._mailed(leaked) | self._noise()), accounts)

    def hit(self, names: Iterable[str]) -> list[HitDecoy]:
        """Return the decoys as hit, in sessions of one to a few."""
        ordered = sorted(names)
        sessions = [self.random.randrange(max(1, len(ordered))) for _ in ordered]
        return [self.struck(name, f"g{session}") for name, session in zip(ordered, sessions, strict=True)]

    def struck(self, name: str, group: str) -> HitDecoy:
        """Return a decoy or control as hit."""
        if name not in self.by_name:
            return HitDecoy(name, HIT_AT, group, control=True)
        return HitDecoy(name, HIT_AT, group, self.by_name[name].record, self.by_name[name].layer)

    def _leak(self, accounts: list[int]) -> dict[str, float]:
        records = sorted({f"R{record}" for account in accounts for record in self.views[account]})
        if self.random.random() >= JUDGEMENT.took_all:
            weights = [1 / (r * (r + 1)) for r in range(1, len(records) + 1)]
            (number,) = self.random.choices(range(1, len(records) + 1), weights)
            records = self.random.sample(records, number)
        cleaned = JUDGEMENT.cleaned_alone if len(accounts) == 1 else JUDGEMENT.cleaned_together
        left = {
            Layer.VIEW: 0.0 if self.random.random() < cleaned else 1.0,
            Layer.STABLE: 1.0,
            Layer.COHORT: 0.5,
        }
        return {
            each.name: left[each.layer]
            for each in self.planted
            if each.record in records and not each.shown_to.isdisjoint(accounts) and left[each.layer]
        }

    def _mailed(self, leaked: Mapping[str, float]) -> set[str]:
        width = sum(mailed * sum(leaked.values()) >= LEAST for mailed in MAILED)
        mailed = self.random.choice(MAILED[:width])
        while True:
            hit = {name for name, left in leaked.items() if self.random.random() < mailed * left}
            if hit:
                return hit

    def _noise(self, *, geometric: bool = False) -> set[str]:
        number = 1 if geometric else 0
        if geometric:
            while self.random.random() < JUDGEMENT.repeated:
                number += 1
        else:
            limit, product = math.exp(-self.share), self.random.random()
            while product > limit:
                number, product = number + 1, product * self.random.random()
        names = [each.name for each in self.planted] + [f"c{n}" for n in range(self.holdings.rate.controls)]
        return set(self.random.sample(names, number))

    def _other(self, hits: list[HitDecoy]) -> bool:
        return all(self.random.random() < 0.1 for _ in {hit.group for hit in hits})

    def _doubted(self, hits: list[HitDecoy], accounts: list[int]) -> tuple[list[HitDecoy], Truth]:
        """Return what is left of a coalition where groups have another cause, or nothing of it was hit.

        A group has another cause the more seldom, the more records of the accounts are hit in it.
        """
        luck = {group: self.random.random() for group in sorted({hit.group for hit in hits})}

        def other(records: Mapping[str, set[str]]) -> bool:
            return all(luck[group] < 0.1 / len(each) for group, each in records.items())

        mine = {account: each for account in accounts if (each := self._hit_records(hits, {account}))}
        if other(self._hit_records(hits, set(accounts))):
            return hits, "nobody"
        left = set(mine)
        for account, records in mine.items():
            others = set().union(*(each for one, each in mine.items() if one != account))
            own = {group: each for group, each in records.items() if group not in others}
            if len(mine) > 1 and own and other(own):
                left.discard(account)
        return hits, frozenset(left)

    def _hit_records(self, hits: Iterable[HitDecoy], accounts: set[int]) -> dict[str, set[str]]:
        """Return by group the records of hit decoys that any of the accounts was shown."""
        found: dict[str, set[str]] = {}
        for hit in hits:
            if not hit.control and not accounts.isdisjoint(self.by_name[hit.decoy].shown_to):
                found.setdefault(hit.group, set()).add(hit.record)
        return found


def truth_of(ranking: Ranking) -> Truth:
    """Return what the leading explanation says, in the words of `case`."""
    lead = ranking.rows[0]
    return frozenset(lead.accounts) or lead.kind.value


def _layers(planted: Iterable[Planted]) -> tuple[int, int, int]:
    every = [each.layer for each in planted]
    return every.count(Layer.VIEW), every.count(Layer.STABLE), every.count(Layer.COHORT)
