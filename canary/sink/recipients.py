"""A recipient is looked up and becomes accepted, made to wait, or refused."""

import logging

from canary.address import canonical_domain, split
from canary.sink.options import printable
from canary.sink.settings import Unknown
from canary.sink.visit import Visit
from canary.tallies import FAILURES, LIMIT_RECIPIENTS, RECIPIENTS

log = logging.getLogger("canary.sink")

LIVE, ORDINARY, UNKNOWN, FOREIGN, GREYLISTED, FAILED = (
    f"{RECIPIENTS}|{label}" for label in ("live", "ordinary", "unknown", "foreign", "greylisted", "failed")
)
ROLES = frozenset({"postmaster", "abuse"})


def added(visit: Visit, address: str) -> str:
    """Return the answer to RCPT for an address, having added to the transaction whom we accept."""
    phrases, tallies, transaction = visit.words.phrases, visit.house.tallies, visit.transaction
    live, refusal = _found(visit, address)
    if not refusal and transaction is not None:
        if len(transaction.accepted) >= visit.settings.max_recipients:
            tallies.add(LIMIT_RECIPIENTS)
            refusal = phrases.too_many_recipients
        elif not visit.may_name():
            refusal = phrases.too_many_names.format(ip=visit.peer.ip)
        elif not visit.has_room(address):
            refusal = visit.words.no_room()
        elif visit.greylisted(address):
            tallies.add(GREYLISTED)
            refusal = phrases.greylisted.format(address=address)
        if refusal and live:
            visit.name_only(address)
    if refusal:
        _remember(visit, refusal)
        return refusal
    if live:
        tallies.add(LIVE)
        visit.accept(address)
    else:
        tallies.add(ORDINARY)
        visit.accept_ordinary(address)
    return phrases.recipient_ok


def verified(visit: Visit, address: str, said: str) -> str:
    """Return the answer to VRFY for an address, written so; a live decoy is named thereby."""
    phrases = visit.words.phrases
    live, refusal = _found(visit, address)
    if live:
        visit.verify(address)
    if refusal and (visit.words.habits.tells_who_is_there or refusal[0] == "4"):
        return refusal
    return phrases.verified.format(said=printable(said))


def _remember(visit: Visit, refusal: str) -> None:
    transaction = visit.transaction
    if transaction is not None and len(transaction.refusals) < 2 and refusal not in transaction.refusals:  # noqa: PLR2004 - two differ
        transaction.refusals += (refusal,)


def _found(visit: Visit, address: str) -> tuple[bool, str]:
    """Say whether an address is a live decoy's, and return why it is refused, or "".

    Everybody is looked up, and for everybody the odds are asked, so that all answers take the same time.
    """
    settings, tallies = visit.settings, visit.house.tallies
    try:
        live = visit.is_live(address)
        odds = visit.chance(address) if settings.unknown is Unknown.SOME else 1.0
    except Exception as error:  # noqa: BLE001 - a look-up that failed is never "unknown"
        tallies.add(f"{FAILURES}|lookup")
        tallies.add(FAILED)
        log.error("session %s: look-up failed: %s", visit.peer.session, type(error).__name__)  # noqa: TRY400 - a traceback may quote the address
        return False, visit.words.phrases.lookup_failed.format(address=address)
    return live, "" if live else _refusal_of_stranger(visit, address, odds)


def _refusal_of_stranger(visit: Visit, address: str, odds: float) -> str:
    """Return why somebody is refused who is no decoy, "" for the few who are not."""
    phrases, settings, tallies = visit.words.phrases, visit.settings, visit.house.tallies
    local, domain = split(address)
    ours = canonical_domain(domain) if domain else ""
    if ours and ours not in visit.domains and ours != visit.words.hostname:
        tallies.add(FOREIGN)
        return (_unroutable(visit, local) or phrases.relay_denied).format(address=address)
    if local.partition("+")[0].strip('"').lower() in ROLES:
        return ""
    routed = _unroutable(visit, local)
    if routed:
        tallies.add(FOREIGN)
        return routed.format(address=address)
    stand_in = settings.unknown is Unknown.ACCEPT_ALL or odds < settings.unknown_share
    visit.stray(address, accepted=stand_in)
    if stand_in:
        return ""
    tallies.add(UNKNOWN)
    return phrases.user_unknown.format(address=address)


def _unroutable(visit: Visit, local: str) -> str:
    """Return the refusal of a local part that asks to be sent on from here, or ""."""
    habits = visit.words.habits
    if (local[:1] == "." and not habits.leading_dot) or any(each in local for each in habits.routing):
        return visit.words.phrases.routed
    return ""
