"""Outcomes become figures: how often leaks were seen and attributed, and how often what is said is right."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from scripts.simulating.leaks import AMONG, Cell, Kind
from scripts.simulating.scene import Alerted, Outcome, Played, Ranked, Rows

Z = 1.959964
"""Of the normal distribution: 95 % lie within."""

EDGES = (0.0, 0.05, 0.2, 0.5, 0.7, 0.85, 0.95, 0.99, 1.0)
ACCOUNTS, BULK, NOBODY = "accounts", "bulk", "nobody"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the 95 % interval of Wilson (1927)."""

    count: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Return the interval."""
        if not self.of:
            return 0.0, 1.0
        share, n = self.count / self.of, self.of
        middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{self.count / self.of:.0%} ({low:.0%}-{high:.0%})".replace("%", " %")


@dataclass(frozen=True, slots=True)
class CellFigures:
    """What became of the leaks of a cell under a plan.

    `seen` had at least one hit, which has the chance `arithmetic`; `told` owed an alert. `named` are those
    of which the accounts named are exactly the insiders (of a copied store: the bulk explanation),
    `narrowed` those where an incident is sure that it was insiders and nobody else, `by_hand` the same had
    all hits of the leak been joined by hand. `wrong` counts accusations of others, `wrong_alerts` alerts that
    pointed to others. `days` and `mails` until the first alert are medians over those told, `pointed`
    are the days until an alert pointed to insiders, over those of which one did.
    """

    plan: str
    cell: Cell
    decoys: float
    hits: float
    arithmetic: float
    seen: Share
    told: Share
    named: Share
    narrowed: Share
    by_hand: Share
    incidents: float
    wrong: int
    wrong_alerts: int
    days: float | None
    mails: float | None
    pointed: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Statements of a probability between two bounds: how sure they were on average, how often right."""

    low: float
    high: float
    stated: float
    right: Share


def named(rows: Rows, threshold: float) -> set[str]:
    """Return the accounts that are behind it with at least this probability, alone or with others."""
    return {account for account, chance in by_account(rows).items() if chance >= threshold}


def by_account(rows: Rows) -> dict[str, float]:
    """Return the probability of each account over all explanations that it is in."""
    chances: dict[str, float] = {}
    for _, accounts, chance in rows:
        for account in accounts:
            chances[account] = chances.get(account, 0.0) + chance
    return chances


def figures_of(outcomes: Sequence[Outcome], threshold: float) -> list[CellFigures]:
    """Return the figures of every plan and cell, in the order in which they were played."""
    cells: dict[tuple[str, Cell], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.scene.cell:
            cells.setdefault((outcome.scene.plan, outcome.scene.cell), []).append(outcome)
    return [_cell(plan, cell, some, threshold) for (plan, cell), some in cells.items()]


def _cell(plan: str, cell: Cell, outcomes: Sequence[Outcome], threshold: float) -> CellFigures:
    leaks = [
        (played, [outcome.ranked[at] for at in played.incidents])
        for outcome in outcomes
        for played in outcome.played
    ]
    told = [played for played, _ in leaks if played.told]
    pointed = [days for outcome in outcomes for days in _pointed(outcome, threshold)]
    ranked = [each for outcome in outcomes for each in outcome.ranked]

    def share(counted: Iterable[bool]) -> Share:
        return Share(sum(counted), len(leaks))

    def average(counted: Iterable[int]) -> float:
        return sum(counted) / max(len(leaks), 1)

    return CellFigures(
        plan,
        cell,
        average(len(played.leak.decoys) for played, _ in leaks),
        average(played.hits for played, _ in leaks),
        1 - (1 - cell.mailed) ** (cell.size // AMONG),
        share(played.hits > 0 for played, _ in leaks),
        share(played.told is not None for played, _ in leaks),
        share(_attributed([each.rows for each in some], played, threshold) for played, some in leaks),
        share(_narrowed([each.rows for each in some], played, threshold) for played, some in leaks),
        share(_narrowed([played.together], played, threshold) for played, _ in leaks),
        average(len(some) for _, some in leaks),
        sum(len(wrongly(each, threshold)) for each in ranked),
        sum(points_wrongly(each, threshold) for outcome in outcomes for each in outcome.alerts),
        median(_days(played) for played in told) if told else None,
        median(played.mails for played in told) if told else None,
        median(pointed) if pointed else None,
    )


def wrongly(ranked: Ranked, threshold: float) -> set[str]:
    """Return the accounts that a ranking accuses though they are behind none of its hits."""
    return named(ranked.rows, threshold) - ranked.insiders


def points_wrongly(alert: Alerted, threshold: float) -> bool:
    """Say whether an alert points to an account that is behind none of the hits of its incidents."""
    return alert.probability >= threshold and not alert.accounts <= alert.truly


def _pointed(outcome: Outcome, threshold: float) -> Iterator[float]:
    """Yield of each leak the days until an alert pointed to insiders and nobody else, where one did."""
    for number, played in enumerate(outcome.played):
        at = min(
            (
                each.at
                for each in outcome.alerts
                if f"leak {number}" in each.sources
                and each.probability >= threshold
                and each.accounts
                and each.accounts <= played.leak.insiders
            ),
            default=None,
        )
        if at and played.began:
            yield (at - played.began).total_seconds() / DAY


def _attributed(incidents: Sequence[Rows], played: Played, threshold: float) -> bool:
    """Say whether exactly the insiders are named, by the incidents together."""
    if played.leak.kind is Kind.BULK:
        return any(kind == BULK and chance >= threshold for rows in incidents for kind, _, chance in rows)
    found = set().union(*(named(rows, threshold) for rows in incidents))
    return found == played.leak.insiders


def _narrowed(incidents: Sequence[Rows], played: Played, threshold: float) -> bool:
    """Say whether an incident is sure that it was insiders and nobody else, if not which of them."""
    if played.leak.kind is Kind.BULK:
        return _attributed(incidents, played, threshold)
    return any(
        math.fsum(chance for _, accounts, chance in rows if accounts and accounts <= played.leak.insiders)
        >= threshold
        for rows in incidents
    )


def _days(played: Played) -> float:
    assert played.told  # noqa: S101 - of those detected
    assert played.began  # noqa: S101
    return (played.told - played.began).total_seconds() / DAY


def calibration(statements: Iterable[tuple[float, bool]]) -> list[Bin]:
    """Return how often statements of a probability were right, by the probability."""
    some: dict[int, list[tuple[float, bool]]] = {}
    for chance, right in statements:
        place = next(place for place, edge in enumerate(EDGES[1:]) if chance <= edge or edge == 1.0)
        some.setdefault(place, []).append((chance, right))
    return [
        Bin(
            EDGES[place],
            EDGES[place + 1],
            mean(chance for chance, _ in each),
            Share(sum(right for _, right in each), len(each)),
        )
        for place, each in sorted(some.items())
    ]


def leading(ranked: Iterable[Ranked]) -> Iterator[tuple[float, bool]]:
    """Yield how sure each ranking's leading explanation is, and whether it is true of its hits.

    Accounts are where each of them had a part, nobody where no leak had one.
    """
    for each in ranked:
        if each.rows:
            kind, accounts, stated = each.rows[0]
            yield stated, _right(each, kind, accounts)


def _right(ranked: Ranked, kind: str, accounts: frozenset[str]) -> bool:
    if kind == ACCOUNTS:
        return accounts <= ranked.insiders
    if kind == BULK:
        return ranked.bulk
    return kind == NOBODY and not ranked.insiders and not ranked.bulk


def accused(ranked: Iterable[Ranked]) -> Iterator[tuple[float, bool]]:
    """Yield how probable each account is in each ranking, and whether a hit decoy was exposed through it."""
    for each in ranked:
        for account, stated in by_account(each.rows).items():
            yield min(stated, 1.0), account in each.insiders


def pointed_at(alerts: Iterable[Alerted]) -> Iterator[tuple[float, bool]]:
    """Yield how sure alerts were of whom they pointed to, and whether all of these are behind it."""
    for each in alerts:
        if each.accounts:
            yield each.probability, each.accounts <= each.truly


def noise_of(outcomes: Iterable[Outcome]) -> Mapping[str, int]:
    """Return how many recipients the noise of each kind named."""
    found: Counter[str] = Counter()
    for outcome in outcomes:
        for source, count in outcome.recipients.items():
            if not source.startswith("leak "):
                found[source.partition(" ")[0]] += count
    return found
