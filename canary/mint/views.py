"""What was shown so far becomes what a view shows: its set is fixed when it opens."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from canary.model import EPOCH, MICROSECOND, Access, ActorClass, Decoy
from canary.ports import Minted, Standing, View

PERSON = ActorClass.PERSON
_opened = attrgetter("opened")


def view_of(
    at: datetime, views: Sequence[View], window: timedelta, slack: timedelta = timedelta(0)
) -> View | None:
    """Return the view that an access at this time belongs to, None for a new one.

    It may have opened up to `slack` later: of two pages that are shown at the same instant, the one whose
    time is later may be planted first.
    """
    place = bisect_right(views, at, key=_opened) if views else 0
    if place and at - views[place - 1].opened < window:
        return views[place - 1]
    if place < len(views) and views[place].opened - at < slack:
        return views[place]
    return None


def unused(at: datetime, standing: Standing) -> datetime:
    """Return the first microsecond from `at` on at which no view opened."""
    views = standing.views
    if not standing.bare:
        place = bisect_left(views, at, key=_opened) if views else 0
        while place < len(views) and views[place].opened == at:
            at, place = at + MICROSECOND, place + 1
        return at
    taken = {each.opened for each in (*views, *standing.bare)}
    while at in taken:
        at += MICROSECOND
    return at


def with_view(views: Sequence[View], view: View) -> tuple[View, ...]:
    """Return the views with one more, in the order in which they opened."""
    if not views or views[-1].opened < view.opened:
        return (*views, view)
    return tuple(sorted((*views, view), key=_opened))


def view_seed(access: Access, opened: datetime) -> bytes:
    """Return the bytes that stand for a view in keyed draws; a person's have no class in them."""
    micros = (opened - EPOCH) // MICROSECOND
    acting = "" if access.actor_class is PERSON else f"\0{access.actor_class.value}"
    return f"{access.employee}\0{access.record}\0{micros}{acting}".encode("utf-8", "surrogatepass")


def own_of(view: View, minted: Sequence[Minted]) -> tuple[Decoy, ...]:
    """Return the view-unique decoys that a view shows, in the order of their slots: its own and earlier ones.

    What a late log mints afterwards for older views stays out: the view is as it was. For an access older
    than every decoy of a full record: the oldest, since something was shown, unless pages without are normal.
    """
    there = minted[: slots_of(view, minted)]
    shown = tuple(each.decoy for each in there if each.opened <= view.opened)
    if shown or not there:
        return shown
    return (min(there, key=lambda each: (each.opened, each.decoy.slot)).decoy,)


def slots_of(view: View, minted: Sequence[Minted]) -> int:
    """Return how many of the pair's decoys there were when a view opened.

    Views of a version that did not count them mint one at least while there is room, and have no later slot.
    """
    if view.slots is not None:
        return view.slots
    own = [each.decoy.slot for each in minted if each.opened == view.opened]
    return max(own) + 1 if own else len(minted)
