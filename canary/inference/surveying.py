"""Hits and exposures become candidates: accounts that might explain, each with a mask of what it was shown.

Bit i of a mask is hit decoy i. A leak cannot have taken what was shown after the hit, so such exposures
are not in it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log

from canary.inference.judgement import Judgement
from canary.inference.noise import Noise, noise_of
from canary.inference.values import LAYERS, HitDecoy, Holdings, Seen

CANDIDATES = 256
"""So many accounts are weighed one by one; the others, alike ones together."""
SAMPLE = 400_000
"""So many exposures are read to choose them, of the rarest decoys; of the candidates all are looked up."""
RARE = 4
"""Whoever was shown a decoy that no more accounts than these were shown is always a candidate."""
CLASSES = 64
"""So many classes of alike accounts are kept of those that are no candidates."""


@dataclass(frozen=True, slots=True)
class Group:
    """The hits that are one piece of evidence.

    `doubt` is the chance that one of them has another cause than a leak, `records` are masks of those of
    each record; a near miss is not in them.
    """

    mask: int
    doubt: float
    records: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """A question, ready to be weighed; everything that any explanation needs.

    `draws` are the logs of the chances by which noise chooses each hit decoy. `kinds` hold the hit decoys
    that are weighed alike: layer (by its place in `LAYERS`), draw, mask. `others` are classes of accounts
    that are no candidates: how many, and the mask of one of them. `accounts` counts who was met.
    """

    hits: tuple[HitDecoy, ...]
    seen: tuple[Seen, ...]
    holdings: Holdings
    judgement: Judgement
    noise: Noise
    draws: tuple[float, ...]
    kinds: tuple[tuple[int, float, int], ...]
    controls: int
    groups: tuple[Group, ...]
    records: tuple[int, ...]
    masks: Mapping[int, int]
    others: tuple[tuple[int, int], ...]
    accounts: int

    @property
    def everything(self) -> int:
        """Return the mask of all hit decoys."""
        return (1 << len(self.hits)) - 1


def survey(
    hits: Iterable[HitDecoy],
    exposures: Mapping[str, Seen],
    holdings: Holdings,
    judgement: Judgement | None = None,
) -> Survey:
    """Return the question that these hits ask; `exposures` go by decoy, in any order.

    A decoy counts once, from its earliest hit on; a group of hits counts once, by its best hit. Raises
    ValueError if there is no hit.
    """
    judgement = judgement or Judgement()
    every = tuple(hits)
    first: dict[str, HitDecoy] = {}
    for hit in sorted(every, key=lambda each: (each.decoy, each.at, each.group)):
        first.setdefault(hit.decoy, hit)
    if not first:
        raise ValueError("no hit: nothing is asked")
    once = tuple(first.values())
    noise = noise_of(holdings, judgement)
    draws = tuple(noise.draw(hit) for hit in once)
    seen = tuple(Seen() if hit.control else exposures.get(hit.decoy, Seen()) for hit in once)
    masks, others, accounts = _accounts(once, seen, judgement.slack)
    return Survey(
        once,
        seen,
        holdings,
        judgement,
        noise,
        draws,
        _kinds(once, draws),
        sum(1 << bit for bit, hit in enumerate(once) if hit.control),
        _groups(every, once, judgement),
        _records(once),
        masks,
        others,
        accounts,
    )


def _kinds(hits: Sequence[HitDecoy], draws: Sequence[float]) -> tuple[tuple[int, float, int], ...]:
    masks: dict[tuple[int, float], int] = defaultdict(int)
    for bit, (hit, draw) in enumerate(zip(hits, draws, strict=True)):
        masks[LAYERS.index(hit.layer), draw] |= 1 << bit
    return tuple((layer, draw, mask) for (layer, draw), mask in sorted(masks.items()))


def _groups(every: Iterable[HitDecoy], once: Sequence[HitDecoy], judgement: Judgement) -> tuple[Group, ...]:
    bits = {hit.decoy: 1 << bit for bit, hit in enumerate(once)}
    masks: dict[str, int] = defaultdict(int)
    records: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    doubts: dict[str, float] = {}
    for hit in every:
        masks[hit.group] |= bits[hit.decoy]
        doubts[hit.group] = min(doubts.get(hit.group, 1.0), judgement.doubt(hit))
        if not hit.control and not hit.near:
            records[hit.group][hit.record] |= bits[hit.decoy]
    return tuple(
        Group(masks[name], doubts[name], tuple(mask for _, mask in sorted(records[name].items())))
        for name in sorted(masks)
    )


def _records(hits: Sequence[HitDecoy]) -> tuple[int, ...]:
    masks: dict[str, int] = defaultdict(int)
    for bit, hit in enumerate(hits):
        if not hit.control:
            masks[hit.record] |= 1 << bit
    return tuple(masks[name] for name in sorted(masks))


def _accounts(
    hits: Sequence[HitDecoy], seen: Sequence[Seen], slack: int
) -> tuple[dict[int, int], tuple[tuple[int, int], ...], int]:
    """Return the candidates' masks, the classes of the others, and how many accounts were met.

    An account that was shown most of the hit decoys was shown most of the rarest ones, so these choose.
    """
    scores, chosen = _scores(seen)
    best = nlargest(CANDIDATES, scores.items(), key=lambda item: (item[1], -item[0]))
    chosen.update(account for account, _ in best)
    alike = Counter(scores.values())
    alike.subtract(scores[account] for account in chosen)
    classes = set(nlargest(CLASSES, (score for score, number in alike.items() if number)))
    one_of = {score: each for each, score in scores.items() if score in classes and each not in chosen}
    masks = dict.fromkeys(sorted(chosen.union(one_of.values())), 0)
    for bit, (hit, each) in enumerate(zip(hits, seen, strict=True)):
        for account in _among(each, masks, hit.at + slack):
            masks[account] |= 1 << bit
    others = [(alike[score], masks.pop(account)) for score, account in sorted(one_of.items())]
    fits = {account: mask for account, mask in masks.items() if mask}
    return fits, tuple(each for each in others if each[1]), len(scores)


def _among(seen: Seen, masks: Mapping[int, int], latest: int) -> Iterator[int]:
    """Yield those of the candidates that were shown a decoy not later than `latest`."""
    if len(seen.accounts) <= len(masks):
        for account, first in zip(seen.accounts, seen.first, strict=True):
            if first <= latest and account in masks:
                yield account
        return
    for account in masks:
        place = seen.place(account)
        if place is not None and seen.first[place] <= latest:
            yield account


def _scores(seen: Sequence[Seen]) -> tuple[dict[int, float], set[int]]:
    """Return how much of the hits each account was shown, rare decoys weighing more, and who must be weighed.

    A decoy that many were shown says little about each of them (1/|V| of the guilt model, as a logarithm).
    """
    scores: dict[int, float] = defaultdict(float)
    certain: set[int] = set()
    read = 0
    for each in sorted(seen, key=lambda one: len(one.accounts)):
        if read and read + len(each.accounts) > SAMPLE:
            break
        read += len(each.accounts)
        weight = 1.0 + log(1e6) - min(log(max(len(each.accounts), 1)), log(1e6))
        for account in each.accounts:
            scores[account] += weight
        if len(each.accounts) <= RARE:
            certain.update(each.accounts)
    return scores, certain
