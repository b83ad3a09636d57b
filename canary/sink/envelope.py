"""MAIL, RCPT and VRFY become parts of an envelope, or refusals."""

from canary.sink.letters import upper
from canary.sink.options import printable, refusal_of_mail, refusal_of_rcpt
from canary.sink.path import after_keyword, path_of
from canary.sink.recipients import added, verified
from canary.sink.transaction import Transaction
from canary.sink.visit import Visit
from canary.tallies import RECIPIENTS

MALFORMED = f"{RECIPIENTS}|malformed"


def mail(visit: Visit, argument: str) -> str:
    """Begin a transaction (RFC 5321 section 4.1.1.2)."""
    phrases = visit.words.phrases
    path = after_keyword("FROM:", argument)
    refusal = "" if path is None and visit.words.habits.strict_verbs else _refusal_of_moment(visit)
    if refusal:
        return refusal
    if not path:
        return phrases.mail_syntax if path is None else phrases.mail_empty
    parsed = path_of(path)
    if parsed is None:
        return phrases.bad_sender.format(said=printable(path.strip()))
    address, rest = parsed
    refusal = ""
    if address and phrases.unqualified_sender:
        refusal = _refusal_of_domain(visit, phrases.unqualified_sender, path.strip(), address)
    options = tuple(rest.split())
    if options and not refusal:
        refusal = refusal_of_mail(visit.words, path.strip(), address, options, visit.settings.max_message)
    if not refusal and not visit.may_begin():
        refusal = phrases.too_much_mail.format(ip=visit.peer.ip)
    if not refusal:
        visit.transaction = Transaction(address, options)
    return refusal or phrases.sender_ok


def _refusal_of_moment(visit: Visit) -> str:
    """Return why no transaction may begin now, or ""."""
    phrases = visit.words.phrases
    if visit.words.habits.helo_required and not visit.peer.helo:
        return phrases.need_helo
    if visit.transaction is not None:
        return phrases.nested_mail
    return phrases.mail_after_chunk if visit.spoilt else ""


def rcpt(visit: Visit, argument: str) -> str:
    """Add a recipient whom we accept to the transaction (RFC 5321 section 4.1.1.3)."""
    phrases, transaction = visit.words.phrases, visit.transaction
    if transaction is None:
        return phrases.need_mail
    if transaction.body is not None:
        return phrases.rcpt_after_chunk
    path = after_keyword("TO:", argument)
    if not path:
        return phrases.rcpt_syntax if path is None else phrases.rcpt_empty
    address, rest = path_of(path) or ("", "")
    if rest or not address or phrases.unqualified_recipient:
        refusal = _refusal_of_path(visit, path.strip(), address, rest)
        if refusal:
            visit.house.tallies.add(MALFORMED)
            return refusal
    return added(visit, address)


def _refusal_of_path(visit: Visit, said: str, address: str, rest: str) -> str:
    words = visit.words
    if not address:
        return words.phrases.bad_recipient.format(said=printable(said))
    refusal = ""
    if rest:
        dsn = visit.lmtp or "DSN" in words.habits.extensions
        refusal = refusal_of_rcpt(words, said, address, rest.split(), dsn=dsn)
    return refusal or _refusal_of_domain(visit, words.phrases.unqualified_recipient, said, address)


def _refusal_of_domain(visit: Visit, unqualified: str, said: str, address: str) -> str:
    """Return the refusal of an address without a proper domain by a host that wants one, or ""."""
    if not unqualified:
        return ""
    phrase = ""
    if "@" not in address:
        phrase = "" if address.lower() == "postmaster" else unqualified
    elif address[-1] == "]":
        phrase = visit.words.phrases.literal
    elif address[-1] == ".":
        phrase = visit.words.phrases.bad_domain
    return phrase.format(said=printable(said))


def vrfy(visit: Visit, argument: str) -> str:
    """Say as much of a recipient as a host of this kind does (RFC 5321 section 3.5)."""
    phrases = visit.words.phrases
    if not argument:
        return phrases.vrfy_syntax
    said = argument
    if upper(argument[-9:]) == " SMTPUTF8" and "SMTPUTF8" in visit.words.habits.extensions:
        said = argument[:-9].rstrip()
    address, rest = path_of(said[max(0, said.find("<")) :]) or ("", "")
    if not address or rest:
        return phrases.bad_verified
    return _refusal_of_domain(visit, phrases.unqualified_recipient, said, address) or verified(
        visit, address, said
    )
