"""Touches become sentences: what was done by hand to decoys' records, by whom, on whose page."""

from canary.alert.facts import Account, Arrival, distinct, when
from canary.alert.markup import Quote, Sentence, defanged_quote, quoted
from canary.model import Alert, Touch

VALUE_CHARS = 80
ACTION_CHARS = 40
FEW = 3


def actions(alert: Alert) -> str:
    """Return what was done to decoys' records, in the tool's own words."""
    found = distinct(hit.touch.action for hit in alert.hits if hit.touch)
    more = f" and {len(found) - FEW:,} more" if len(found) > FEW else ""
    return ", ".join(defanged_quote(action, ACTION_CHARS).text for action in found[:FEW]) + more


def what_was_done(alert: Alert, came: tuple[Arrival, ...], at: str, names: Sentence) -> Sentence:
    """Return what the tool reported of the decoys that `names` names; `at` says when."""
    others = sum(arrival.touch is None for arrival in came)
    rest = f"; {others:,} more of other kinds" if others else ""
    who = distinct(arrival.touch.employee for arrival in came if arrival.touch)
    by: list[str | Quote] = [part for each in who[:FEW] for part in (", ", defanged_quote(each, VALUE_CHARS))]
    more = f" and {len(who) - FEW:,} more" if len(who) > FEW else ""
    return (
        f"The tool reported ({at}{rest}) that somebody did what only a person does by hand, ",
        defanged_quote(actions(alert), VALUE_CHARS),
        ", to the record of ",
        *names,
        ": ",
        *by[1:],
        f"{more}.",
    )


def whose_page(exposed: tuple[Account, ...]) -> Sentence:
    """Return whom the pages were shown to on which it was done."""
    nobody = "Nobody has a reason to: the reviewer does not exist"
    match exposed:
        case ():
            return (f"{nobody}, and no access showed the record.",)
        case (only,):
            page: Sentence = (", and the page was shown to the account ", quoted(only.employee, VALUE_CHARS))
            return (nobody, *page, f"{only.acting}.")
        case _:
            return (f"{nobody}, and the pages were shown to {len(exposed):,} accounts.",)


def touch_rows(touch: Touch, chars: int) -> tuple[tuple[str, Quote], ...]:
    """Return a touch, labelled."""
    return (
        ("Action", defanged_quote(touch.action, chars)),
        ("By", defanged_quote(touch.employee, chars)),
        ("On the page of", quoted(touch.access, VALUE_CHARS)),
        ("At", quoted(when(touch.at), VALUE_CHARS)),
    )
