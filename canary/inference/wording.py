"""Explanations become words. "Exposed through the access of" is what can be known; "leaked by" is not."""

import math
from collections.abc import Callable, Sequence

from canary.inference.answers import Check, Kind, Ranking, Row, Window
from canary.model import EPOCH, MICROSECOND, Layer

Name = Callable[[int], str]
"""Tells the name of an account."""
LAYER_WORDS = {Layer.VIEW: "view-unique", Layer.STABLE: "record-stable", Layer.COHORT: "cohort"}
ACCUSING = frozenset({Kind.ACCOUNTS, Kind.OTHERS, Kind.TOGETHER})
LIKELY = 0.5
"""From here on an explanation is said to be the probable one."""
MOST_NAMED = 6
PROBABLE = 0.8
"""From here on accounts are said to be the probable ones, where others were shown the decoys, too."""
SETTLED = 0.95
"""From here on nothing is said of what would decide."""
NEARLY = 0.2
"""Accounts whose explanation is this share as probable as the leading one are said to be consistent, too."""
TENTH = 0.001
"""A tenth of a per cent: nothing is told as rarer, or as surer than all but it."""


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun: 1 account, 2,000 accounts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def share_of(probability: float) -> str:
    """Return a probability in per cent, never rounded to certainty."""
    if probability > 1 - TENTH:
        return "> 99.9 %"
    return f"{probability:.1%}".replace("%", " %") if probability >= TENTH else "< 0.1 %"


def moment(at: int) -> str:
    """Return a time, given in µs since 1970, to the minute."""
    return f"{EPOCH + at * MICROSECOND:%Y-%m-%d %H:%M} UTC"


def prior_words(size: int, accounts: int) -> str:
    """Say what was believed of accounts before any hit."""
    who = "this account" if size == 1 else f"just these {size} accounts"
    return f"before any hit: {who}, of {accounts:,}"


def bulk_prior_words(share: float) -> str:
    """Say what was believed of a copied store before any hit."""
    return f"before any hit: {share_of(share)} of leaks take what the store holds"


def hit_words(number: int, layer: Layer, accounts: int) -> str:
    """Say that hit decoys had been shown to the accounts; 0 accounts are the whole store."""
    what = f"{number:,} {LAYER_WORDS[layer]} {'decoy' if number == 1 else 'decoys'} hit"
    return f"{what}, shown to {_whom(accounts)} before" if accounts else f"{what}, held by the store"


def beside_words(number: int, accounts: int) -> str:
    """Say what chance must explain beside a leak."""
    if not number:
        return "no hit is left for chance to explain"
    return f"{count_of(number, 'hit decoy')} not shown to {_whom(accounts)} before: chance must have met them"


def unhit_words(number: float, accounts: int) -> str:
    """Say of what a leak would have hit more."""
    what = f"shown to {_whom(accounts)}" if accounts else "of the store"
    return f"about {number:,.0f} more decoys {what} would have left with it and were not hit"


def extent_words(some: float, compared: float) -> str:
    """Say what is believed of how much left, now that the hits are known."""
    return (
        f"only some records left: {share_of(some)}; what differs between two screens was removed first: "
        f"{share_of(compared)}"
    )


def unknown_words(mailed: float) -> str:
    """Say what is summed over."""
    return f"what share of it was mailed is not known; about {share_of(mailed)} fits"


def doubt_words(doubt: float) -> str:
    """Say how likely the sessions that speak for an explanation have another cause."""
    return f"the sessions that speak for it have another cause than a leak: {share_of(doubt)}"


def smaller_words() -> str:
    """Say what a larger coalition leaves to a smaller one."""
    return "a further account would rest on sessions that may have another cause"


def nobody_words(share: float) -> str:
    """Say what stands against all leaks."""
    return f"chance ({share_of(share)} of hits, before looking at which), or another cause than a leak"


def others_words(number: int) -> str:
    """Say what accounts are that are weighed together."""
    return f"one of {count_of(number, 'account')} that explain less, weighed in classes of alike ones"


def together_words() -> str:
    """Say what coalitions are that are weighed by a sample."""
    return "coalitions of accounts, none of them as likely by itself, weighed by some of them"


def explanation(row: Row, name: Name) -> str:
    """Return an explanation in words, as a table tells it."""
    match row.kind:
        case Kind.NOBODY:
            return "nobody: chance, or another cause than a leak"
        case Kind.BULK:
            return "a copy of everything the store holds"
        case Kind.OTHERS:
            return f"one of {count_of(row.number, 'further account')}"
        case Kind.TOGETHER:
            return f"others of {count_of(row.number, 'account')} together"
        case Kind.ACCOUNTS:
            return f"exposed through the access of {_names(row.accounts, name)}"


def sentence(ranking: Ranking, name: Name, check: Check | None = None) -> str:
    """Return what to tell first: what is most probable, and what would decide if it is not settled.

    Chance may be more probable than each of a hundred accounts that are alike, and yet not than all of them
    together: what is compared are all accounts, chance, and the whole store.
    """
    accused = [row for row in ranking.rows if row.kind in ACCUSING]
    others = [row for row in ranking.rows if row.kind not in ACCUSING]
    among = math.fsum(row.probability for row in accused)
    if accused and among >= max((row.probability for row in others), default=0.0):
        lead = accused[0]
        told = _accused(accused)
        if among < LIKELY:
            rest = f"{explanation(others[0], name)} {_odds(others[0])}"
            told = f"Undecided: {told[0].lower()}{told[1:]}, or {rest}"
        elif lead.kind is Kind.ACCOUNTS and lead.probability >= LIKELY:
            told = _named(ranking, lead, name)
    else:
        lead = others[0]
        told = f"Most probably {explanation(lead, name)} {_odds(lead)}"
        if lead.probability < LIKELY:
            rest = _accused(accused) if accused else ""
            rest = f", or {rest[0].lower()}{rest[1:]}" if rest else ""
            told = f"Undecided: {explanation(lead, name)} {_odds(lead)}{rest}"
    if check and lead.probability < SETTLED:
        told += f"; the next decoy hit on record {check.record} would decide"
    return f"{told}."


def check_words(check: Check, name: Name) -> str:
    """Return what an observation would say."""
    return (
        f"a hit on another decoy of record {check.record} would bring “{explanation(check.leader, name)}” "
        f"from {share_of(check.before)} to {share_of(check.after)}"
    )


def window_words(window: Window, name: Name) -> str:
    """Return when what an account was shown can have left."""
    who, hit = name(window.account), "on it" if window.found else "hit"
    if window.found:
        told = f"{who} was first shown the newest decoy of the list on {moment(window.after)}"
    else:
        told = f"{who} was first shown the newest hit decoy on {moment(window.after)}"
        what = "that one" if window.copies else "the first of its decoys"
        told += f"; {what} was hit on {moment(window.before)}"
    if window.before < window.after:
        told += ", so clocks are minutes apart"
    if window.copies:
        told += "; an older decoy was hit before it was shown, so not all left at once"
    if window.likely_before is not None:
        newer = count_of(window.newer, "decoy")
        told += f"; none of {newer} first shown since was {hit}"
        told += f", so it had probably left by {moment(window.likely_before)}"
    return told


def _named(ranking: Ranking, lead: Row, name: Name) -> str:
    alone = len(lead.accounts) == 1 and lead.covered == ranking.hits and ranking.complete == 1
    how = "only" if alone else "most probably" if lead.probability >= PROBABLE else "perhaps"
    return f"Exposed {how} through the access of {_names(lead.accounts, name)} {_odds(lead)}"


def _accused(accused: Sequence[Row]) -> str:
    """Say with how many accounts hits are consistent, and how likely it is one, or some, of these."""
    lead = accused[0]
    near = [row for row in accused if row.accounts and row.probability >= NEARLY * lead.probability]
    if lead.kind is Kind.TOGETHER:
        return (
            f"Consistent with the access of some of {count_of(lead.number, 'account')} together {_odds(lead)}"
        )
    if lead.kind is Kind.OTHERS:
        near.append(lead)
    number = len({account for row in near for account in row.accounts})
    number += lead.number if lead.kind is Kind.OTHERS else 0
    chance = share_of(math.fsum(row.probability for row in near))
    return f"Consistent with the access of {count_of(number, 'account')} ({chance})"


def _odds(row: Row) -> str:
    return f"({share_of(row.probability)})"


def _names(accounts: tuple[int, ...], name: Name) -> str:
    told = [name(account) for account in accounts]
    if len(told) == 1:
        return told[0]
    last = told[-1] if len(told) <= MOST_NAMED else f"{len(told) - MOST_NAMED + 1:,} more"
    return f"{', '.join(told[: MOST_NAMED - 1] if len(told) > MOST_NAMED else told[:-1])} and {last} together"


def _whom(accounts: int) -> str:
    return "it" if accounts == 1 else "them"
