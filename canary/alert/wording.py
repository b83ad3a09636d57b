"""The facts of an alert become a story: sentences that say who was exposed, to what, and how sure we are."""

from collections.abc import Iterable
from dataclasses import dataclass

from canary.alert.advice import doubts, noise, steps
from canary.alert.case import heading, known, news, news_title, progress, show_command
from canary.alert.exposure import VALUE_CHARS, before, confidence, facts_of, listed, told_of
from canary.alert.facts import (
    TEST_ALERT,
    Account,
    Arrival,
    accounts,
    arrivals,
    decoys,
    distinct,
    leading_class,
    shared,
    surest,
    when,
)
from canary.alert.markup import Quote, Sentence, capped, clean, defanged_quote, quoted, spoken
from canary.alert.touched import actions, touch_rows, what_was_done, whose_page
from canary.mail import headers_of
from canary.model import Alert, Decoy, HitClass, Layer, Peer

TITLE_CHARS = 150
NOT_OURS = (
    "The envelope was not ours: the message was read from a file, "
    "so its sender, recipient and time are what that file claims."
)
ALIKE = (
    "a shared address points to none of them more than to another, what points further is who was shown "
    "all that was hit."
)
SEVERAL = (
    "Lists from several sources are sold together; a shared screen or session, "
    "or a breach of the record store, looks the same."
)


@dataclass(frozen=True, slots=True)
class Detail:
    """How much a story tells: so many accounts, arrivals, values of a kind, characters of a text, reasons."""

    accounts: int = 6
    arrivals: int = 4
    values: int = 4
    chars: int = 240
    reasons: int = 8


FULL = Detail()


@dataclass(frozen=True, slots=True)
class Story:
    """What an alert says, part by part, before it is laid out for a screen or a channel.

    `known` is what all hits of the incident say together. `facts` and `arrived` are labelled; `arrived` has
    one group per message, probe or touch.
    """

    title: str
    lead: tuple[Sentence, ...]
    known: tuple[Quote, ...]
    facts: tuple[tuple[str, Sentence], ...]
    exposed: tuple[Sentence, ...]
    arrived: tuple[tuple[tuple[str, Quote], ...], ...]
    more_arrived: int
    confidence: str
    reasons: tuple[Quote, ...]
    doubts: tuple[Sentence, ...]
    steps: tuple[Sentence, ...]
    noise: Sentence
    rest: Sentence


def story(alert: Alert, detail: Detail = FULL) -> Story:
    """Tell an alert about at least one hit in sentences, as much of it as `detail` allows."""
    exposed = accounts(alert)
    came = arrivals(alert)
    reasons = distinct(reason for hit in surest(alert) for reason in hit.verdict.reasons)
    return Story(
        title=title(alert),
        lead=tuple(_lead(alert, exposed, came, detail)),
        known=known(alert, detail.values - 1),
        facts=tuple(facts_of(alert, exposed[0], detail.values)) if len(exposed) == 1 else (),
        exposed=told_of(alert, exposed, detail.accounts, detail.values) if len(exposed) > 1 else (),
        arrived=tuple(_arrived(arrival, detail) for arrival in came[: detail.arrivals]),
        more_arrived=max(len(came) - detail.arrivals, 0),
        confidence=confidence(alert),
        reasons=tuple(defanged_quote(reason, detail.chars) for reason in reasons[: detail.reasons]),
        doubts=doubts(alert, exposed),
        steps=steps(alert, exposed),
        noise=noise(alert.base_rate),
        rest=rest(alert),
    )


def title(alert: Alert) -> str:
    """Return what happened and through whose access, in at most 150 characters of plain text."""
    exposed = accounts(alert)
    count = len(decoys(alert))
    control = all(hit.decoy.control for hit in alert.hits)
    subject = f"{'Control' if control else 'Decoy'} address" if count == 1 else f"{count} decoy addresses"
    match leading_class(alert):
        case HitClass.PROBE:
            happened = f"{subject} {'is' if count == 1 else 'are'} being verified"
        case HitClass.BOUNCE:
            happened = f"{subject} received a bounce"
        case HitClass.TOUCH:
            happened = f"{subject} touched by hand in the tool: {actions(alert)}"
        case _:
            happened = f"{subject} received mail"
    match exposed:
        case ():
            through = "shown through no access"
        case (only,):
            through = f"exposed through the access of {quoted(only.employee, 60).text}{only.acting}"
        case _:
            through = f"exposed through the accesses of {len(exposed)} accounts"
    test = "TEST: " if alert.id == TEST_ALERT else ""
    told = news_title(alert) or f"{happened}, {through}"
    return capped(f"{test}{heading(alert)}{told}", TITLE_CHARS)


def summary(alert: Alert) -> str:
    """Tell an alert in one or two lines of plain text."""
    exposed = accounts(alert)
    words: list[str] = []
    if exposed:
        records = distinct(access.record for hit in alert.hits for access in hit.accesses)
        words.append(spoken(("record ", *listed(records, 2))))
    if len(exposed) == 1:
        words.append(f"last shown {when(exposed[0].last.at)} ({before(exposed[0].last, exposed[0], alert)})")
    words.append(f"confidence {confidence(alert)}")
    told = ", ".join(words)
    return f"{title(alert)}: {told}. {spoken(rest(alert))}"


def rest(alert: Alert) -> Sentence:
    """Return where the rest can be read: the command for the incident, or the surest hit."""
    if alert.case is not None:
        return ("Everything kept: ", quoted(show_command(alert.case), VALUE_CHARS))
    shown: Sentence = ("Everything kept: ", quoted(f"canary hit show {surest(alert)[0].id}", VALUE_CHARS))
    if len(alert.hits) == 1:
        return shown
    return (*shown, f", and {len(alert.hits) - 1:,} more with ", quoted("canary hits", VALUE_CHARS))


def _lead(
    alert: Alert, exposed: tuple[Account, ...], came: tuple[Arrival, ...], detail: Detail
) -> Iterable[Sentence]:
    if alert.id == TEST_ALERT:
        yield ("This is a test of the alert channel: nobody was exposed and nothing arrived.",)
    changed, further = news(alert), progress(alert)
    if changed:
        yield (changed,)
    if further:
        yield further
    found = decoys(alert)
    addresses = [defanged_quote(decoy.address, VALUE_CHARS) for decoy in found[: detail.values]]
    names: list[str | Quote] = [part for address in addresses for part in (", ", address)][1:]
    if len(found) > detail.values:
        names.append(f" and {len(found) - detail.values:,} more")
    yield _what_came(alert, came, tuple(names))
    if all(hit.touch for hit in alert.hits):
        yield whose_page(exposed)
    else:
        yield _who_shares(exposed, found) if shared(alert) else _who_was_shown(exposed, len(found))
    if len(found) > 1 and len(came) == 1:
        yield (f"All {len(found)} came together; that by itself is evidence, for chance seldom names two.",)
    if any(hit.deliveries > 1 for hit in alert.hits):
        most = max(hit.deliveries for hit in alert.hits)
        yield (f"The same message was delivered {most:,} times; it is counted once.",)
    if alert.earlier and alert.case is None:
        hits = "1 earlier hit" if alert.earlier == 1 else f"{alert.earlier:,} earlier hits"
        yield (f"{hits} on decoys of the same accounts had been told shortly before.",)
    if not all(arrival.ours for arrival in came):
        yield (NOT_OURS,)


def _what_came(alert: Alert, came: tuple[Arrival, ...], names: Sentence) -> Sentence:
    first, last = came[0], came[-1]
    at = f"on {when(first.at)}" if len(came) == 1 else f"between {when(first.at)} and {when(last.at)}"
    what = leading_class(alert)
    if what is HitClass.PROBE:
        return (f"Somebody is verifying a list ({at}); no mail yet. It holds ", *names, ".")
    touches = sum(arrival.touch is not None for arrival in came)
    probes = sum(arrival.probe is not None for arrival in came)
    if what is HitClass.TOUCH:
        return what_was_done(alert, came, at, names)
    noun = "message" if what is HitClass.MAIL else "bounce"
    count = len(came) - probes - touches
    arrived = f"A {noun} arrived {at}" if count == 1 else f"{count:,} {noun}s arrived {at}"
    others = [
        f"{many:,} {noun if many == 1 else plural}"
        for many, noun, plural in ((probes, "probe", "probes"), (touches, "touch", "touches"))
        if many
    ]
    verified = f" (and {' and '.join(others)})" if others else ""
    return (f"{arrived}{verified} for ", *names, ".")


def _who_was_shown(exposed: tuple[Account, ...], count: int) -> Sentence:
    nobody = "This reviewer does not exist" if count == 1 else "These reviewers do not exist"
    match exposed:
        case ():
            return (f"{nobody}, and no access ever showed the address.",)
        case (only,):
            address = "address was" if count == 1 else "addresses were"
            return (
                f"{nobody}; the {address} shown only to the account ",
                quoted(only.employee, VALUE_CHARS),
                f"{only.acting}.",
            )
        case _:
            address = "address was" if count == 1 else "addresses were"
            return (f"{nobody}; the {address} shown to {len(exposed):,} accounts. {SEVERAL}",)


def _who_shares(exposed: tuple[Account, ...], found: tuple[Decoy, ...]) -> Sentence:
    """Say who was shown decoys that employees share; one shown to a single account so far is not only its."""
    own = sum(decoy.layer is Layer.VIEW for decoy in found)
    rest = len(found) - own
    which = f"{rest:,} of these addresses" if own else "This address" if rest == 1 else "These addresses"
    lead = (
        f"{which} {'is' if rest == 1 else 'are'} shared: all who view the record, or a keyed half of them, "
        "are shown the same. "
    )
    if len(exposed) == 1:
        only = exposed[0]
        return (lead, "So far one account was: ", quoted(only.employee, VALUE_CHARS), f"{only.acting}.")
    return (lead, f"By then {len(exposed):,} accounts were; {ALIKE}")


def _arrived(arrival: Arrival, detail: Detail) -> tuple[tuple[str, Quote], ...]:
    def told(text: str) -> Quote:
        return defanged_quote(text, detail.chars)

    if arrival.touch is not None:
        return touch_rows(arrival.touch, detail.chars)
    sender = told(arrival.mail_from) if arrival.mail_from else quoted("<> (null sender)", VALUE_CHARS)
    rows = [("Envelope sender", sender)]
    if arrival.probe is None:
        claimed = headers_of(arrival.head)
        rows.append(("From header (a claim)", told(claimed.sender)))
        rows.append(("Subject", told(claimed.subject)))
    else:
        others = f"{arrival.probe.others:,} others tried in the same session"
        rows.append(
            ("Command", quoted(f"{arrival.probe.verb.value} without a message, {others}", VALUE_CHARS))
        )
    if arrival.ours and arrival.peer.ip:
        rows.append(("Came from", _peer(arrival.peer, detail)))
    many = f", {len(arrival.hits):,} decoys" if len(arrival.hits) > 1 else ""
    rows.append(("At", quoted(when(arrival.at) + many, VALUE_CHARS)))
    return tuple(rows)


def _peer(peer: Peer, detail: Detail) -> Quote:
    greeting = f" saying {peer.helo}" if peer.helo else ""
    client = defanged_quote(peer.ip + greeting, detail.chars)
    return quoted(f"{client.text}, {clean(peer.tls, VALUE_CHARS) or 'clear text'}", detail.chars)
