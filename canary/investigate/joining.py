"""A hit becomes part of an incident, by rules that can be read; the first that fits decides.

    account      names an account that an open incident names: a view-unique decoy of it, or a touch by it
    sender       shares an identifying indicator, and an account of the incident's was shown its decoy
    decoy        is on a shared decoy that the incident has a hit on, unless both senders were proven others
    dismissed    is of a sender whose incident somebody dismissed
    new          none of these: it opens an incident

Each asks for the newest incident within `incident.window` of the hit; a dismissal holds until it is taken
back.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from canary.model import HitClass, Indicator, Strength
from canary.model.casework import MESSAGE, PROVEN, SESSION, Candidate, Decision, Dismissal, Newcomer
from canary.model.incident import IncidentState
from canary.quoting import clean, defanged

OPENING = frozenset({HitClass.MAIL, HitClass.PROBE, HitClass.TOUCH})
"""What opens an incident."""

JOINING = OPENING | {HitClass.BOUNCE}
"""A bounce says that an address is in use out there; own mail, bulk spam and guesses say nothing."""

OF_THE_MAIL = frozenset({MESSAGE, SESSION})
MOST_TOLD = 3
VALUE_CHARS = 80


def decision(
    newcomer: Newcomer,
    candidates: Sequence[Candidate],
    dismissals: Sequence[Dismissal],
    window: timedelta,
) -> Decision | None:
    """Return where a hit belongs and why; None for one that is no part of any incident."""
    if newcomer.noise or newcomer.hit_class not in JOINING:
        return None
    near = [
        each
        for each in sorted(candidates, key=lambda each: each.last_at, reverse=True)
        if each.state is not IncidentState.DISMISSED and _within(newcomer, each, window)
    ]
    found = _by_account(near) or _by_sender(near) or _by_decoy(near)
    if found:
        return found
    dismissal = dismissal_of(newcomer.indicators, dismissals)
    if dismissal:
        words = f"of a sender that was dismissed: {told(_shared(newcomer.indicators, dismissal))}"
        return Decision("dismissed", dismissal.incident, words)
    if newcomer.hit_class not in OPENING:
        return None
    return Decision("new", "", _new(newcomer))


def dismissal_of(indicators: Sequence[Indicator], dismissals: Iterable[Dismissal]) -> Dismissal | None:
    """Return the dismissal that holds for the sender of a message, None if none does.

    What was proven of the dismissed sender must be proven again. Where nothing was, all that the
    message says must have been in the dismissed ones: whoever adds a word is somebody else.
    """
    mine = set(identifying(indicators))
    for dismissal in dismissals:
        known = set(identifying(dismissal.indicators))
        proven = {each for each in known if each[0] in PROVEN}
        if mine & proven if proven else mine and mine <= known:
            return dismissal
    return None


def identifying(indicators: Iterable[Indicator]) -> Iterator[tuple[str, str]]:
    """Yield kind and value of the indicators by which a sender is known again."""
    for each in indicators:
        if each.strength is Strength.IDENTIFIES and each.kind not in OF_THE_MAIL:
            yield each.kind, each.value


def told(indicators: Sequence[Indicator]) -> str:
    """Return indicators in words, strangers' values made safe to show, the first few of them."""
    own = [WORDS.get(each.kind) or f"{each.kind} {shown(each.value)}" for each in indicators[:MOST_TOLD]]
    more = len(indicators) - MOST_TOLD
    return ", ".join(own) + (f" and {more} more" if more > 0 else "")


def shown(value: str) -> str:
    """Return a stranger's value, clean, capped and not to be clicked."""
    return defanged(clean(value, VALUE_CHARS))


def plain(value: str) -> str:
    """Return a value of the ledger, clean and capped."""
    return clean(value, VALUE_CHARS)


WORDS = {MESSAGE: "the same message", SESSION: "the same session"}


def _within(newcomer: Newcomer, candidate: Candidate, window: timedelta) -> bool:
    return candidate.opened_at - window <= newcomer.at <= candidate.last_at + window


def _by_account(near: Sequence[Candidate]) -> Decision | None:
    for each in near:
        if each.accounts:
            names = " and ".join(map(plain, each.accounts[:MOST_TOLD]))
            return Decision("account", each.incident, f"it names {names}, as others of the incident do")
    return None


def _by_sender(near: Sequence[Candidate]) -> Decision | None:
    for each in near:
        if each.indicators and each.may_be_one:
            words = f"it shares {told(each.indicators)}, and an account of the incident's was shown its decoy"
            return Decision("sender", each.incident, words)
    return None


def _by_decoy(near: Sequence[Candidate]) -> Decision | None:
    for each in near:
        if each.same_decoy and not each.other_sender:
            return Decision("decoy", each.incident, "the same decoy was hit before")
    return None


def _new(newcomer: Newcomer) -> str:
    if newcomer.accounts:
        names = " and ".join(map(plain, newcomer.accounts))
        return f"it names {names}, whom no incident within the window names"
    if not newcomer.possible:
        return "no access that showed it is on record"
    seen = "only 1 account" if newcomer.possible == 1 else f"one of {newcomer.possible:,} accounts"
    return f"exposed through the access of {seen}; no incident within the window shares its sender"


def _shared(indicators: Sequence[Indicator], dismissal: Dismissal) -> Sequence[Indicator]:
    known = set(identifying(dismissal.indicators))
    return [each for each in indicators if (each.kind, each.value) in known]
