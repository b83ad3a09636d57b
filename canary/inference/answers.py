"""What is answered: explanations ranked by their probability, with every factor that made it; all frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an explanation says.

    Chance or another cause, accounts, the whole store, one account that is not named, or some of them.
    """

    NOBODY = "nobody"
    ACCOUNTS = "accounts"
    BULK = "bulk"
    OTHERS = "others"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for or against an explanation.

    `value` is the natural log of what it multiplies the odds against chance alone by: above 0 speaks for it.
    """

    name: str
    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One explanation. `weight` is the log of its odds against chance alone, the sum of its factors.

    `factors` are told of the leading explanations, and empty for the others. `number` counts the accounts
    that a row of kind OTHERS or TOGETHER stands for, one or some of which it would be. `covered` are the hit
    decoys that its accounts were shown, `mailed` the share of its leak that seems to have been mailed,
    `unhit` how many decoys of its leak were not hit.
    """

    kind: Kind
    accounts: tuple[int, ...]
    probability: float
    weight: float
    factors: tuple[Factor, ...] = ()
    number: int = 0
    covered: int = 0
    mailed: float = 0.0
    unhit: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """All explanations, the most probable first; the probabilities add up to 1.

    `of_account` is the probability that an account is in the explanation, alone or with others; coalitions
    that are not named are not in it. `hits` are the decoys asked about, `sessions` the independent groups of
    hits; `shown` counts the accounts that were shown any of them in time, `complete` those that were shown
    all.
    """

    rows: tuple[Row, ...]
    of_account: Mapping[int, float]
    hits: int
    sessions: int
    shown: int
    complete: int


@dataclass(frozen=True, slots=True)
class Window:
    """When what an account was shown can have left, in µs since 1970.

    It had been shown the `newest` hit decoy at `after`; it had left when the first of its decoys was hit, at
    `before`. `copies` says that an older hit came before `after`: what left did not leave at once, and
    `before` is the hit on the newest. With clocks apart `before` may be the earlier, by minutes. Of a list
    that was `found`, `before` is when that was. `likely_before` is when, with 95 %, it had left, because it
    was shown `newer` decoys since of which none was hit; None if these say too little.
    """

    account: int
    newest: str
    after: int
    before: int
    copies: bool
    newer: int = 0
    likely_before: int | None = None
    found: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """An observation that would decide between explanations, if it came.

    `bits` is what one expects to learn by it. `leader` is the explanation that a hit would make the
    most probable one, from `before` to `after`.
    """

    record: str
    bits: float
    leader: Row
    before: float
    after: float
