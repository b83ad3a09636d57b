"""What is known of a hit becomes its class, by rules in the order of a table: the first that fits decides.

    touch       somebody acted on the decoy's record in the tool
    dictionary  its client tried so many recipients in vain that a guess may well have met a decoy
    probe       it was named and no message followed
    bounce      a bounce or automatic reply: null sender, delivery report (RFC 3464), or Auto-Submitted
    own         the company's own domain sent it, and SPF or DKIM prove that
    spam        what controls or very many unknown recipients were sent, too
    mail        everything else, also what only claims to be the company's own

No class is dropped: what alerts is configured (`alert.on`), and everything is kept and listed.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from canary.model import HitClass, Indicator, Strength, Verdict

DICTIONARY_TRIED = 100
"""From so many recipients tried in vain on, by one client in a session or a day, a hit may be a guess."""

LIKELY_GUESS = 0.001
"""With a smaller chance that all these guesses met any decoy at all, a hit is more likely to be none."""

WORDING = "wording"
WORDING_BITS = 3
"""So many of the 64 bits of a SimHash differ at the most between copies of a text (Manku et al. 2007)."""

OWN_SHARE = 0.02
SPAM_SHARE = 0.2
AUTOMATIC_SHARE = 0.5
DICTIONARY_SHARE = 0.3


class Ways(NamedTuple):
    """How often a client tried recipients that nobody has, against what there is to be met.

    `decoys` live decoys of about `surprisal` bits each.
    """

    tried: int = 0
    decoys: int = 0
    surprisal: float = 60.0

    @property
    def chance(self) -> float:
        """Return the chance that guesses from the natural distribution met at least one decoy."""
        met = (self.tried + 1) * max(self.decoys, 1) * 2.0 ** -max(self.surprisal, 1.0)
        return -math.expm1(-met)


NOT_TRIED = Ways()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask for. `before` is the class that it was kept with.

    `automatic` says by which field it is an automatic reply; `own_claim` is the company's domain that its
    From names, `own_proven` that SPF or DKIM stand behind it; `noise` says what controls were sent, too.
    """

    before: HitClass
    null_sender: bool = False
    automatic: str = ""
    own_claim: str = ""
    own_proven: bool = False
    noise: str = ""
    ways: Ways = NOT_TRIED


class Rule(NamedTuple):
    """A class, when it fits, why in words, and what that leaves of the confidence in a leak."""

    hit_class: HitClass
    fits: Callable[[Facts], bool]
    words: Callable[[Facts], str]
    share: float = 1.0


RULES = (
    Rule(
        HitClass.TOUCH,
        lambda facts: facts.before is HitClass.TOUCH,
        lambda _: "the tool reported an action on the decoy's record",
    ),
    Rule(
        HitClass.DICTIONARY,
        lambda facts: facts.ways.tried >= DICTIONARY_TRIED and facts.ways.chance >= LIKELY_GUESS,
        lambda facts: (
            f"its client tried {facts.ways.tried:,} recipients that nobody has: so many guesses meet "
            f"{_some(facts.ways.decoys)} with a chance of {_small(facts.ways.chance)}"
        ),
        DICTIONARY_SHARE,
    ),
    Rule(
        HitClass.PROBE,
        lambda facts: facts.before is HitClass.PROBE,
        lambda _: "the address was named and no message followed",
    ),
    Rule(
        HitClass.BOUNCE,
        lambda facts: facts.null_sender or bool(facts.automatic),
        lambda facts: facts.automatic or "its sender is null, as that of bounces is (RFC 5321 section 4.5.5)",
        AUTOMATIC_SHARE,
    ),
    Rule(
        HitClass.OWN,
        lambda facts: facts.own_proven,
        lambda facts: f"it is from {facts.own_claim}, a domain of the company's, which SPF or DKIM prove",
        OWN_SHARE,
    ),
    Rule(HitClass.SPAM, lambda facts: bool(facts.noise), lambda facts: facts.noise, SPAM_SHARE),
    Rule(
        HitClass.MAIL,
        lambda _: True,
        lambda facts: (
            f"it claims to be from {facts.own_claim}, a domain of the company's, and nothing proves that"
            if facts.own_claim
            else "a message that is none of the above"
        ),
    ),
)


def class_of(facts: Facts) -> tuple[HitClass, str]:
    """Return the class of a hit and the rule in words."""
    rule = _rule(facts)
    return rule.hit_class, rule.words(facts)


def weighed(verdict: Verdict, facts: Facts) -> Verdict:
    """Return a verdict with the class that the rules say, the rule among its reasons.

    What is known of chance is added; a class that speaks for noise lowers the confidence.
    """
    rule = _rule(facts)
    said = f"class {rule.hit_class.value}: {rule.words(facts)}"
    chance = _tried_words(facts.ways) if rule.hit_class is not HitClass.DICTIONARY else ()
    share = 1.0 if rule.hit_class is verdict.hit_class else rule.share
    reasons = (*verdict.reasons, *chance, said)
    return replace(
        verdict, hit_class=rule.hit_class, confidence=round(verdict.confidence * share, 2), reasons=reasons
    )


def seen_on_controls(mine: Iterable[Indicator], noise: Iterable[Iterable[Indicator]]) -> str:
    """Return what a message has in common with one that a control was sent, "" if nothing.

    An indicator that identifies a sender, or nearly the same wording.
    """
    known = tuple(mine)
    names = {(each.kind, each.value) for each in known if each.strength is Strength.IDENTIFIES}
    bits = [each.value for each in known if each.kind == WORDING]
    for message in noise:
        for each in message:
            if each.strength is Strength.IDENTIFIES and (each.kind, each.value) in names:
                return f"controls, which nobody was shown, were sent mail with the same {each.kind}"
            if each.kind == WORDING and any(_near(each.value, one) for one in bits):
                return "controls, which nobody was shown, were sent mail with nearly the same wording"
    return ""


def _rule(facts: Facts) -> Rule:
    return next(rule for rule in RULES if rule.fits(facts))


def _near(one: str, other: str) -> bool:
    return (int(one, 16) ^ int(other, 16)).bit_count() <= WORDING_BITS


def _tried_words(ways: Ways) -> tuple[str, ...]:
    if not ways.tried:
        return ()
    recipients = "1 recipient" if ways.tried == 1 else f"{ways.tried:,} recipients"
    met = f"guesses meet {_some(ways.decoys)} with a chance of {_small(ways.chance)}"
    return (f"its client tried {recipients} that nobody has: {met}",)


def _some(decoys: int) -> str:
    return "the one decoy" if decoys == 1 else f"one of {decoys:,} decoys"


def _small(chance: float) -> str:
    return "nearly 0" if chance <= 0 else f"1 in {round(1 / chance):,}"
