"""Explanations become words. "Exposed through the access of" is what can be known; "leaked by" is not."""

from collections.abc import Callable

from canary.inference.answers import Check, Kind, Ranking, Row, Window
from canary.model import EPOCH, MICROSECOND, Layer

Name = Callable[[int], str]
"""Tells the name of an account."""
LAYER_WORDS = {Layer.VIEW: "view-unique", Layer.STABLE: "record-stable", Layer.COHORT: "cohort"}
LIKELY = 0.5
"""From here on an explanation is said to be the probable one."""
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


def explanation(row: Row, name: Name) -> str:
    """Return an explanation in words, as a table tells it."""
    match row.kind:
        case Kind.NOBODY:
            return "nobody: chance, or another cause than a leak"
        case Kind.BULK:
            return "a copy of everything the store holds"
        case Kind.OTHERS:
            return f"one of {count_of(row.number, 'further account')}"
        case Kind.ACCOUNTS:
            return f"exposed through the access of {_names(row.accounts, name)}"


def sentence(ranking: Ranking, name: Name, check: Check | None = None) -> str:
    """Return what to tell first: the leading explanation, and what would decide if it is not settled."""
    lead = ranking.rows[0]
    told = _lead(ranking, lead, name)
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
    told = (
        f"{name(window.account)} was shown the newest hit decoy first on {moment(window.after)}; "
        f"it was hit on {moment(window.before)}"
    )
    if window.copies:
        told += "; an older decoy was hit before that, so not all left at once"
    if window.likely_before is not None:
        told += (
            f"; none of {count_of(window.newer, 'decoy')} first shown since was hit, so it had probably left "
            f"by {moment(window.likely_before)}"
        )
    return told


def _lead(ranking: Ranking, lead: Row, name: Name) -> str:
    odds = f"({share_of(lead.probability)})"
    if lead.kind in {Kind.NOBODY, Kind.BULK}:
        how = "Most probably" if lead.probability >= LIKELY else "Undecided, perhaps"
        return f"{how} {explanation(lead, name)} {odds}"
    if lead.kind is Kind.ACCOUNTS and lead.probability >= LIKELY:
        alone = len(lead.accounts) == 1 and lead.covered == ranking.hits and ranking.complete == 1
        how = "only" if alone else "most probably"
        return f"Exposed {how} through the access of {_names(lead.accounts, name)} {odds}"
    near = [row for row in ranking.rows if row.accounts and row.probability >= NEARLY * lead.probability]
    number = len({account for row in near for account in row.accounts}) + lead.number
    return f"Consistent with the access of {count_of(number, 'account')}"


def _names(accounts: tuple[int, ...], name: Name) -> str:
    told = [name(account) for account in accounts]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]} together"


def _whom(accounts: int) -> str:
    return "it" if accounts == 1 else "them"
