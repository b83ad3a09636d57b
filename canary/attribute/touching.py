"""A touch becomes a verdict: whose access the action points to, how sure that is, and why.

An application reports it with the marker of the very page, which nobody can make up, so that no guess and
no noise of the mail is in it. What is left are the other ways in which somebody comes to act on a record:
the tool's own jobs, a slip of the hand, a list that was handed on. An action that changes or removes the
record says more than a look at it.
"""

from datetime import datetime

from canary.model import Access, ActorClass, HitClass, Touch, Verdict
from canary.ports import Sighting

SHARES = {"delete": 0.9, "remove": 0.9, "edit": 0.85, "hide": 0.85, "export": 0.6, "open": 0.4, "view": 0.4}
UNKNOWN_ACTION = 0.7
OTHER_WAYS = 0.10
SOMEBODY_ELSE = 0.8
NO_PERSON = 0.5
SHOWN_LATER = 0.1
NOT_ON_RECORD = 0.5


def judge_touch(touch: Touch, sighting: Sighting) -> Verdict:
    """Return a verdict on an action; `sighting` holds the access that its marker names, where on record."""
    share = SHARES.get(touch.action.casefold(), UNKNOWN_ACTION) * (1 - OTHER_WAYS)
    reasons = [
        f"the tool reported that {touch.employee} did {touch.action!r} to the decoy's record by hand",
        f"its marker names the very access ({touch.access}): nobody can guess or make up one",
    ]
    if not sighting.accesses:
        share *= NOT_ON_RECORD
        reasons.append("that access is not on record: the moment before a crash may be lost")
    for access in sighting.accesses:
        for factor, reason in _against(touch, access, touch.at):
            share *= factor
            reasons.append(reason)
    reasons.append("a slip of the hand, a clean-up or the tool's own job would look the same")
    return Verdict(HitClass.TOUCH, round(share, 2), tuple(reasons))


def _against(touch: Touch, access: Access, at: datetime) -> list[tuple[float, str]]:
    """Return what makes it less sure that the access is behind it."""
    found = []
    if access.employee != touch.employee:
        found.append(
            (
                SOMEBODY_ELSE,
                f"it was shown to {access.employee}, somebody else: it was passed on, or a screen is shared",
            )
        )
    if access.actor_class is not ActorClass.PERSON:
        found.append((NO_PERSON, f"it was shown to {access.actor_class.value}, which is no person"))
    if access.at > at:
        found.append((SHOWN_LATER, "the access is dated after it: compare the clocks"))
    return found
