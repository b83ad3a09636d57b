"""A command line becomes an answer (RFC 5321 section 4.1.1), worded as a host of the chosen kind words it."""

import re
from collections.abc import Callable, Mapping

from canary.sink.answer import Answer, Do
from canary.sink.chunks import chunk
from canary.sink.envelope import mail, rcpt, vrfy
from canary.sink.forwarded import forwarded
from canary.sink.letters import upper
from canary.sink.options import printable
from canary.sink.visit import Visit
from canary.tallies import COMMANDS, LIMIT_ERRORS_SLOW

JUNK = frozenset({"HELO", "EHLO", "LHLO", "NOOP", "RSET", "VRFY", "ETRN"})
IDLE = frozenset({"NOOP", "VRFY", "EXPN", "ETRN", "HELP"})
HELO_CHARACTERS = 1000
REFUSED = "4"

_STRICT_NAME = re.compile(r"[A-Za-z0-9.:-]*|\[[^\s\]]+\]")
_NO_HOST = re.compile(r"[^A-Za-z0-9._\[\]:-]|\.\.|^[.-]|[.-]$")


def answer(visit: Visit, line: bytes) -> Answer:
    """Return the answer to a command line, and count what it costs the client."""
    words = visit.words
    if visit.errors and words.habits.slowness:
        _slow(visit)
    refusal = ""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("latin-1")
        if words.habits.strict_utf8:
            refusal = words.phrases.bad_utf8
    strict = words.habits.strict_verbs
    if not text.isprintable():
        if "\0" in text:
            refusal = refusal or words.phrases.nul
            text = text.partition("\0")[0]
        text = printable(text if strict else text.replace("\t", " "))
    word, _, argument = (text.rstrip(" ") if strict else text.strip(" ")).partition(" ")
    verb = upper(word)
    if refusal:
        return _counted(visit, "", Answer(refusal))
    command = (LMTP_COMMANDS if visit.lmtp else SMTP_COMMANDS).get(verb)
    if command is None:
        visit.house.tallies.add(OTHER)
        return _counted(visit, verb, _unknown(visit, word, verb))
    visit.house.tallies.add(KEYS[verb])
    found = command(visit, argument if strict else argument.strip(" "))
    return _counted(visit, verb, Answer(found) if isinstance(found, str) else found)


def _slow(visit: Visit) -> None:
    """Have the reply wait, as such a host does, for whoever made half the errors that it may make."""
    if 2 * visit.errors >= visit.settings.limits.errors and not visit.at_home:
        visit.delay = max(visit.delay, visit.words.habits.slowness)
        visit.house.tallies.add(LIMIT_ERRORS_SLOW)


def _counted(visit: Visit, verb: str, found: Answer) -> Answer:
    """Return the answer, or the last one to a client that made too many mistakes."""
    text, habits = found.text, visit.words.habits
    if text >= REFUSED and text[0] in habits.mistakes and text != visit.words.phrases.too_many_recipients:
        visit.errors += 1
    if verb in JUNK and habits.junk_limit:
        visit.errors += visit.junk > habits.junk_limit
        visit.junk += 1
    return found if not habits.mistake_limit or visit.at_home else _borne(visit, verb, found)


def _borne(visit: Visit, verb: str, found: Answer) -> Answer:
    """Return the answer of a host that bears few mistakes, unless this was one too many."""
    text, habits, phrases = found.text, visit.words.habits, visit.words.phrases
    most = visit.settings.limits.errors - 1
    if verb in IDLE or (verb == "RSET" and visit.transaction is None):
        visit.junk += 1
        if visit.junk > habits.idle_limit:
            return Answer(phrases.too_many_idle, Do.HANG_UP)
    code = text[:3]
    if code == "500":
        visit.strange += 1
        if visit.strange > min(most, habits.unknown_limit):
            return Answer(phrases.too_many_unknown, Do.HANG_UP)
    if (
        code not in MISTAKES
        or verb == "VRFY"
        or text.endswith((phrases.need_helo, phrases.no_recipients_left))
    ):
        return found
    visit.errors += 1
    if visit.errors <= min(most, habits.mistake_limit):
        return found
    if text in {phrases.nul, phrases.helo_syntax, phrases.ehlo_syntax}:
        return Answer(text, Do.HANG_UP)
    head, _, last = text.rpartition("\r\n")
    lines = [*([head] if head else []), f"{code}-{last[4:]}", f"{code} {phrases.too_many_mistakes}"]
    return Answer("\r\n".join(lines), Do.HANG_UP)


def _unknown(visit: Visit, word: str, verb: str) -> Answer:
    phrases, web_words = visit.words.phrases, visit.words.habits.web_words
    if not word:
        return Answer(phrases.empty_command)
    if web_words and (verb in web_words or not "A" <= verb[0] <= "Z" or (len(word) > 1 and word[-1] == ":")):
        return Answer(phrases.not_smtp, Do.HANG_UP)
    return Answer(phrases.unknown_command)


def _helo(visit: Visit, argument: str) -> str:
    phrases = visit.words.phrases
    argument = argument.lstrip(" ")
    if not argument or (visit.words.habits.strict_names and not _STRICT_NAME.fullmatch(argument)):
        return phrases.helo_syntax
    name = _name_in(argument)
    visit.greet(name, extended=False)
    return phrases.helo.format(name=name, ip=visit.peer.ip)


def _ehlo(visit: Visit, argument: str) -> str:
    words = visit.words
    argument = argument.lstrip(" ")
    if not argument or (words.habits.strict_names and not _STRICT_NAME.fullmatch(argument)):
        return words.phrases.ehlo_syntax
    name = _name_in(argument)
    visit.greet(name)
    return words.extensions(name, visit.peer.ip, visit.settings.max_message, tls=visit.offers_tls)


def _lhlo(visit: Visit, argument: str) -> str:
    if not argument:
        return "501 Syntax: LHLO hostname"
    visit.greet(_name_in(argument))
    return visit.words.lmtp_extensions(visit.settings.max_message, tls=visit.offers_tls)


def _name_in(argument: str) -> str:
    return printable(argument.split(" ", 1)[0][:HELO_CHARACTERS])


def _data(visit: Visit, argument: str) -> str | Answer:
    phrases, transaction = visit.words.phrases, visit.transaction
    if visit.spoilt or (transaction is not None and transaction.body is not None):
        return phrases.data_after_chunk
    if transaction is None:
        return phrases.need_rcpt
    if not transaction.recipients:
        if len(transaction.refusals) == 1:
            return phrases.all_refused.format(refusal=transaction.refusals[0][4:])
        return phrases.no_recipients_left if transaction.refusals else phrases.no_recipients
    return phrases.data_syntax if argument else Answer(phrases.go_ahead, Do.READ_BODY)


def _rset(visit: Visit, argument: str) -> str:
    if argument:
        return visit.words.phrases.rset_syntax
    visit.end()
    return visit.words.phrases.reset


def _starttls(visit: Visit, argument: str) -> str | Answer:
    phrases = visit.words.phrases
    if visit.peer.tls:
        return phrases.tls_active
    if not visit.offers_tls:
        return phrases.no_tls
    if argument:
        return phrases.starttls_syntax
    visit.end()
    return Answer(phrases.ready_for_tls, Do.START_TLS)


def _quit(visit: Visit, argument: str) -> str | Answer:
    if argument and visit.words.phrases.quit_syntax:
        return visit.words.phrases.quit_syntax
    visit.end()
    return Answer(visit.words.phrases.bye, Do.HANG_UP)


def _noop(visit: Visit, _: str) -> str:
    return visit.words.phrases.ok


def _help(visit: Visit, _: str) -> str:
    return visit.words.phrases.help


def _expn(visit: Visit, _: str) -> str:
    return visit.words.phrases.expansion


def _auth(visit: Visit, _: str) -> str:
    return visit.words.phrases.no_authentication


def _xclient(visit: Visit, argument: str) -> str:
    return visit.words.phrases.no_proxying if argument else visit.words.phrases.xclient_syntax


def _xforward(visit: Visit, argument: str) -> str:
    return visit.words.phrases.no_proxying if argument else visit.words.phrases.xforward_syntax


def _etrn(visit: Visit, argument: str) -> str:
    """Refuse to send what waits for a domain (RFC 1985): nothing ever waits here."""
    phrases = visit.words.phrases
    if visit.transaction is not None:
        return phrases.turn_queue_in_mail
    if not argument or " " in argument:
        return phrases.turn_queue_syntax
    host = argument if argument[0].isalnum() or argument[0] == "[" else argument[1:]
    if not host or _NO_HOST.search(host):
        return phrases.turn_queue_invalid
    return phrases.turn_queue.format(said=host)


SMTP_COMMANDS: Mapping[str, Callable[[Visit, str], str | Answer]] = {
    "AUTH": _auth, "BDAT": chunk, "DATA": _data, "EHLO": _ehlo, "ETRN": _etrn, "EXPN": _expn, "HELO": _helo,
    "HELP": _help, "MAIL": mail, "NOOP": _noop, "QUIT": _quit, "RCPT": rcpt, "RSET": _rset,
    "STARTTLS": _starttls, "VRFY": vrfy, "XCLIENT": _xclient, "XFORWARD": _xforward,
}  # fmt: skip
LMTP_COMMANDS: Mapping[str, Callable[[Visit, str], str | Answer]] = {
    **{verb: command for verb, command in SMTP_COMMANDS.items() if verb not in {"EHLO", "HELO"}},
    "LHLO": _lhlo,
    "XFORWARD": forwarded,
}
MISTAKES = frozenset({"500", "501", "503"})
KEYS = {verb: f"{COMMANDS}|{verb}" for verb in {*SMTP_COMMANDS, *LMTP_COMMANDS}}
OTHER = f"{COMMANDS}|other"
