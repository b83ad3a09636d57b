"""What each explanation weighs becomes what is left of it where hits have another cause than a leak."""

import math
from collections.abc import Mapping, Sequence

from canary.inference.likelihood import log_sum
from canary.inference.surveying import Group

Accounts = tuple[int, ...]
SURE = 1e-12


def other_cause(groups: Sequence[Group], mask: int) -> float:
    """Return the chance that every group with a hit in the mask has another cause; they are independent.

    What is doubtful is that one address got out in another way. That r records, which these accounts alone
    have in common, did so in one group is r times less likely, and not r times independent.
    """
    doubt = 1.0
    for group in groups:
        if group.mask & mask:
            doubt *= group.doubt / max(1, sum(1 for record in group.records if record & mask))
            if doubt < SURE:
                return 0.0
    return doubt


def copied_otherwise(groups: Sequence[Group]) -> float:
    """Return the chance that all groups have another cause than a copied store; they are independent.

    Mail of the company's own to all of its customers hits everybody's decoys, of however many records.
    """
    return math.prod(group.doubt for group in groups)


def own_doubts(groups: Sequence[Group], masks: Mapping[int, int]) -> dict[int, float]:
    """Return for each account of a coalition the chance that all it alone explains has another cause.

    0 of an account that is alone in no group: nothing there is doubtful that the others do not share.
    """
    found: dict[int, float] = {}
    for account, mask in masks.items():
        others = 0
        for other, each in masks.items():
            others |= each if other != account else 0
        own = [group for group in groups if group.mask & mask and not group.mask & others]
        found[account] = other_cause(own, mask) if own else 0.0
    return found


def moved(
    weights: Mapping[Accounts, float], masks: Mapping[int, int], groups: Sequence[Group]
) -> tuple[dict[Accounts, float], dict[Accounts, float], float]:
    """Return what the explanations keep, what came to them, and log of what comes to nobody.

    `weights` are logs. A coalition loses to the one without its most doubtful account, or to nobody where
    that is not weighed; what came is not doubted again.
    """
    kept: dict[Accounts, float] = {}
    came: dict[Accounts, list[float]] = {}
    nobody: list[float] = []
    for accounts, weight in weights.items():
        union = 0
        for account in accounts:
            union |= masks[account]
        none = other_cause(groups, union)
        own = own_doubts(groups, {each: masks[each] for each in accounts}) if len(accounts) > 1 else {}
        stays = math.prod(1 - each for each in own.values())
        kept[accounts] = weight + math.log1p(-min(none, 1 - SURE)) + math.log(max(stays, SURE))
        if none:
            nobody.append(weight + math.log(none))
        if stays < 1:
            least = max(own, key=lambda each: own[each])
            rest = tuple(each for each in accounts if each != least)
            gone = weight + math.log1p(-min(none, 1 - SURE)) + math.log(1 - stays)
            if rest in weights:
                came.setdefault(rest, []).append(gone)
            else:
                nobody.append(gone)
    return kept, {accounts: log_sum(each) for accounts, each in came.items()}, log_sum(nobody)
