"""A command line becomes a reply (RFC 5321 section 4.1.1), worded as Postfix words it."""

import logging
from collections.abc import Callable, Iterable, Mapping

from canary.address import canonical_domain, split
from canary.sink import replies
from canary.sink.path import after_keyword, path_of
from canary.sink.visit import Transaction, Visit

log = logging.getLogger("canary.sink")

ERROR_LIMIT = 20
JUNK_LIMIT = 100
JUNK = frozenset({"HELO", "EHLO", "NOOP", "RSET", "VRFY"})
FORBIDDEN = frozenset({"CONNECT", "GET", "POST"})
BODY_TYPES = frozenset({"BODY=7BIT", "BODY=8BITMIME", "SMTPUTF8"})
DSN_PARAMETERS = ("RET=", "ENVID=", "NOTIFY=", "ORCPT=")
HELO_CHARACTERS = 255
FIRST_REFUSAL = "4"


def answer(visit: Visit, line: bytes) -> str:
    """Return the reply to a command line; 8-bit text that is not UTF-8 is read as Latin-1.

    The reply's code says what to do next: 354 to read a body, 220 to start TLS, 221 and 421 to
    hang up, anything else to go on.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    word, _, argument = text.strip(" \t").partition(" ")
    verb = word.upper()
    command = COMMANDS.get(verb)
    if command is not None:
        reply = command(visit, argument.strip(" \t"))
    elif verb in FORBIDDEN or (len(word) > 1 and word.endswith(":")):
        return replies.NOT_SMTP
    else:
        reply = replies.UNKNOWN_COMMAND if word else replies.BAD_SYNTAX
    if reply >= FIRST_REFUSAL:
        visit.errors += 1
    if verb in JUNK:
        visit.junk += 1
        visit.errors += visit.junk > JUNK_LIMIT
    return reply


def _helo(visit: Visit, argument: str) -> str:
    if not argument:
        return replies.HELO_SYNTAX
    visit.greet(_name_in(argument))
    return f"250 {visit.settings.hostname}"


def _ehlo(visit: Visit, argument: str) -> str:
    if not argument:
        return replies.EHLO_SYNTAX
    visit.greet(_name_in(argument))
    return replies.extensions(visit.settings.hostname, visit.settings.max_message, tls=visit.offers_tls)


def _name_in(argument: str) -> str:
    name = argument.split(" ", 1)[0][:HELO_CHARACTERS]
    return name if name.isprintable() else "".join(c if c.isprintable() else "?" for c in name)


def _mail(visit: Visit, argument: str) -> str:
    if visit.transaction is not None:
        return replies.NESTED_MAIL
    path = after_keyword("FROM:", argument)
    if path is None:
        return replies.MAIL_SYNTAX
    parsed = path_of(path)
    if parsed is None:
        return replies.BAD_SENDER
    address, rest = parsed
    parameters = tuple(rest.split())
    refusal = _refusal_of_parameters(parameters, visit.settings.max_message)
    if refusal:
        return refusal
    visit.transaction = Transaction(address, parameters)
    return replies.SENDER_OK


def _refusal_of_parameters(parameters: Iterable[str], max_message: int) -> str:
    for parameter in parameters:
        word = parameter.upper()
        if word.startswith("SIZE="):
            digits = word[5:]
            if not (digits.isascii() and digits.isdigit()):
                return replies.BAD_SIZE
            if len(digits.lstrip("0")) > len(str(max_message)) or int(digits) > max_message:
                return replies.ANNOUNCED_TOO_BIG
        elif word not in BODY_TYPES and not word.startswith(DSN_PARAMETERS):
            return replies.unsupported(parameter)
    return ""


def _rcpt(visit: Visit, argument: str) -> str:
    if visit.transaction is None:
        return replies.NEED_MAIL
    address, refusal = _recipient_in(argument)
    if not refusal and len(visit.transaction.recipients) >= visit.settings.max_recipients:
        refusal = replies.TOO_MANY_RECIPIENTS
    refusal = refusal or _refusal_of_recipient(visit, address)
    if refusal:
        return refusal
    visit.accept(address)
    return replies.RECIPIENT_OK


def _recipient_in(argument: str) -> tuple[str, str]:
    """Return the address, or "" and the refusal of an argument that is not right."""
    path = after_keyword("TO:", argument)
    if path is None:
        return "", replies.RCPT_SYNTAX
    address, rest = path_of(path) or ("", "")
    if not address:
        return "", replies.BAD_RECIPIENT
    for parameter in rest.split():
        if not parameter.upper().startswith(DSN_PARAMETERS):
            return "", replies.unsupported(parameter)
    return address, ""


def _vrfy(visit: Visit, argument: str) -> str:
    if not argument:
        return replies.VRFY_SYNTAX
    address, _ = path_of(argument) or ("", "")
    if not address:
        return replies.BAD_RECIPIENT
    refusal = _refusal_of_recipient(visit, address)
    if refusal:
        return refusal
    visit.verify(address)
    return replies.verified(address)


def _refusal_of_recipient(visit: Visit, address: str) -> str:
    """Return "" for a live decoy; everybody is looked up, so that all answers take the same time."""
    try:
        live = visit.is_live(address)
    except Exception as error:  # noqa: BLE001 - a look-up that failed is never "unknown"
        log.error("session %s: look-up failed: %s", visit.peer.session, type(error).__name__)  # noqa: TRY400 - a traceback may quote the address
        return replies.lookup_failed(address)
    if live:
        return ""
    domain = split(address)[1]
    if domain and canonical_domain(domain) not in visit.settings.domains:
        return replies.relay_denied(address)
    visit.stray(address)
    return replies.user_unknown(address)


def _data(visit: Visit, argument: str) -> str:
    if visit.transaction is None:
        return replies.NEED_RCPT
    if not visit.transaction.recipients:
        return replies.NO_RECIPIENTS
    return replies.DATA_SYNTAX if argument else replies.GO_AHEAD


def _rset(visit: Visit, argument: str) -> str:
    if argument:
        return replies.RSET_SYNTAX
    visit.end()
    return replies.OK


def _starttls(visit: Visit, argument: str) -> str:
    if visit.peer.tls:
        return replies.TLS_ACTIVE
    if not visit.offers_tls:
        return replies.UNKNOWN_COMMAND
    if argument:
        return replies.STARTTLS_SYNTAX
    visit.end()
    return replies.READY_FOR_TLS


def _quit(visit: Visit, _: str) -> str:
    visit.end()
    return replies.BYE


def _noop(_: Visit, __: str) -> str:
    return replies.OK


def _auth(_: Visit, __: str) -> str:
    return replies.NO_AUTHENTICATION


COMMANDS: Mapping[str, Callable[[Visit, str], str]] = {
    "AUTH": _auth,
    "DATA": _data,
    "EHLO": _ehlo,
    "HELO": _helo,
    "MAIL": _mail,
    "NOOP": _noop,
    "QUIT": _quit,
    "RCPT": _rcpt,
    "RSET": _rset,
    "STARTTLS": _starttls,
    "VRFY": _vrfy,
}
