"""The facts of an alert become advice: what else could explain it, and what to do next."""

import math
import re

from canary.alert.case import commands, show_command
from canary.alert.facts import Account, decoys, leading_class, pointed_to, shared, surest, when
from canary.alert.markup import Quote, Sentence, quoted
from canary.model import Alert, BaseRate, HitClass
from canary.persona import bits_to_guess

VALUE_CHARS = 60
PLAIN_ARGUMENT = re.compile(r"\w[\w.@+:/-]{0,59}", re.ASCII)
DIGITS_PER_BIT = math.log10(2)
CONTROLS_THAT_TELL = 30
RULE_OF_THREE = 3


def doubts(alert: Alert, exposed: tuple[Account, ...]) -> tuple[Sentence, ...]:
    """Return what else could explain the hits."""
    count = len(exposed)
    sharing = ", which share decoys" if count > 1 and shared(alert) else ""
    breach: Sentence = (
        "A breach of the record store, a backup or a later system: then decoys of many accounts are hit. ",
        f"This alert names {count:,} {'account' if count == 1 else 'accounts'}{sharing}.",
    )
    if not exposed:
        return (breach, _guess(alert))
    return (
        ("A shared, filmed or photographed screen: somebody else saw what the employee saw.",),
        ("An infected laptop, or a browser extension that reads pages: the employee knows nothing of it.",),
        ("A shared account, or a session that somebody took over.",),
        breach,
        _guess(alert),
    )


def _guess(alert: Alert) -> Sentence:
    if all(hit.touch for hit in alert.hits):
        return ("A slip of the hand, a clean-up, or a job of the tool itself that was taken for a person.",)
    found = decoys(alert)
    digits = min(max(bits_to_guess(decoy), 0.0) for decoy in found) * DIGITS_PER_BIT
    chance = f"one try in 10^{digits:.0f}" if digits >= 1 else "any try"
    easiest = "this address" if len(found) == 1 else "the easiest of these addresses"
    return (f"A guess: {chance} at likely names would meet {easiest}.",)


def steps(alert: Alert, exposed: tuple[Account, ...]) -> tuple[Sentence, ...]:
    """Return what to do next, first things first."""
    if not exposed:
        return (
            ("Look at everything kept: ", _kept(alert), "."),
            ("See whether more controls or unknown recipients are tried: ", quoted("canary status", 60), "."),
            ("If controls are hit together, treat the database and its backups as read by somebody.",),
        )
    first: Sentence = (
        "Tell only those who must know. Do not confront anybody yet, do not answer and open no links.",
    )
    last: Sentence = (
        "Preserve the logs and bring in legal and HR before anybody is accused: one decoy is never proof.",
    )
    return (
        first,
        _look(alert, exposed),
        *commands(alert),
        _verify(exposed),
        _search(alert, exposed),
        _profit(exposed),
        last,
    )


def _look(alert: Alert, exposed: tuple[Account, ...]) -> Sentence:
    show = _kept(alert)
    account = pointed_to(alert, exposed)
    access = account.last.id if account else ""
    if not access:
        return ("Look at everything kept: ", show, ".")
    return (
        "Look at everything kept: ",
        show,
        ", and at the access: ",
        quoted(f"canary access show {access}", VALUE_CHARS),
        ".",
    )


def _kept(alert: Alert) -> Quote:
    """Return the command that shows everything kept."""
    case = alert.case
    return quoted(show_command(case) if case else f"canary hit show {surest(alert)[0].id}", VALUE_CHARS)


def _verify(exposed: tuple[Account, ...]) -> Sentence:
    if len(exposed) > 1:
        return ("Compare the accounts: do they share a workstation, session, tool, team or export?",)
    last = exposed[0].last
    tool: Sentence = ("the log of ", quoted(last.tool, VALUE_CHARS)) if last.tool else ("the tool's own log",)
    session: Sentence = (" (session ", quoted(last.session, VALUE_CHARS), ")") if last.session else ()
    return (
        "Check in ",
        *tool,
        f" who was there on {when(last.at)}",
        *session,
        ": that employee, at that place, at that time?",
    )


def _search(alert: Alert, exposed: tuple[Account, ...]) -> Sentence:
    account = pointed_to(alert, exposed)
    employee = account.employee if account else ""
    senders = "Search the mail of real customers of the record for the same sender."
    if leading_class(alert) is HitClass.TOUCH:
        senders = "Read in the tool's log what else was done then, by whom, and to whose records."
    elif leading_class(alert) is HitClass.PROBE:
        senders = "Lists are verified before they are mailed: watch for the mail."
    if account is None:
        record = exposed[0].last.record
        if PLAIN_ARGUMENT.fullmatch(record):
            return ("Look for more: ", quoted(f"canary hits --record {record}", 90), f". {senders}")
    if PLAIN_ARGUMENT.fullmatch(employee):
        return ("Look for more: ", quoted(f"canary hits --employee {employee}", 90), f". {senders}")
    return (senders,)


def _profit(exposed: tuple[Account, ...]) -> Sentence:
    for account in exposed:
        for access in account.accesses:
            if access.beneficiary:
                gains = quoted(access.beneficiary, VALUE_CHARS)
                return ("Ask who profits: would ", gains, " gain from what is asked of the customers?")
    return ("Ask who profits from what is asked of the customers.",)


def noise(rate: BaseRate) -> Sentence:
    """Return the measured base rate in words.

    With no hit on n controls the 95% bound on the chance is 3/n (Hanley and Lippman-Hand, 1983).
    """
    strays = f" {rate.strays:,} recipients that nobody has were refused so far." if rate.strays else ""
    controls = f"{rate.controls:,} {'control' if rate.controls == 1 else 'controls'}"
    if not rate.controls:
        make = quoted("canary mint --control 200", VALUE_CHARS)
        return ("Noise is not measured: there are no controls. Make some: ", make, f".{strays}")
    if rate.control_hits:
        hits = f"{rate.control_hits:,} {'hit' if rate.control_hits == 1 else 'hits'}"
        by_chance = rate.control_hits / rate.controls * rate.decoys
        expected = f"at that rate chance makes about {by_chance:,.1f} on the {rate.decoys:,} decoys"
        return (f"Noise: {hits} on {controls} that nobody was ever shown; {expected}.{strays}",)
    if rate.controls < CONTROLS_THAT_TELL:
        return (f"Noise: no hit on {controls}, which are too few to tell much.{strays}",)
    bound = f"chance hits fewer than 1 decoy in {rate.controls // RULE_OF_THREE:,} (95% bound)"
    return (f"Noise: no hit on {controls} that nobody was ever shown; {bound}.{strays}",)
