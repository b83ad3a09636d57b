"""What stands behind an address in MAIL and RCPT becomes a refusal, or nothing."""

import re
from collections.abc import Sequence

from canary.sink.letters import upper
from canary.sink.profiles import Words

LARGEST = 2**63 - 1
"""No host can count more bytes than that."""

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_ORIGINAL = re.compile(rf"[A-Za-z0-9-]+;{_XTEXT.pattern}")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*")
_SIZE_DIGITS = 19


def printable(text: str) -> str:
    """Return a client's words fit to be repeated to it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else "?" for c in text)


def refusal_of_mail(words: Words, said: str, address: str, given: Sequence[str], max_message: int) -> str:
    """Return why MAIL with these parameters is refused, or "" (RFC 1870, 6152, 6531, 3461, 4954).

    `said` is what followed the keyword, as it was written.
    """
    phrases, seen, too_big = words.phrases, set(), ""
    for option in given:
        name, equals, value = option.partition("=")
        name = upper(name)
        refusal = ""
        if name == "SIZE" and (equals or not words.habits.strict_options):
            if value.isascii() and value.isdigit():
                too_big = _refusal_of_size(words, value, max_message) or too_big
            else:
                refusal = phrases.bad_size
        elif name == "BODY" and equals:
            refusal = "" if upper(value) in {"7BIT", "8BITMIME"} else phrases.bad_body
        elif name == "SMTPUTF8" and not equals:
            refusal = "" if name in words.habits.extensions else phrases.no_utf8
        elif name == "RET" and equals:
            refusal = "" if upper(value) in {"FULL", "HDRS"} and name not in seen else phrases.bad_ret
        elif name == "ENVID" and equals:
            refusal = "" if _XTEXT.fullmatch(value) and name not in seen else phrases.bad_envid
        elif name != "AUTH" or not equals:
            refusal = phrases.unsupported
        if refusal:
            return refusal.format(option=printable(option), said=printable(said), address=address)
        seen.add(name)
    return too_big


def _refusal_of_size(words: Words, digits: str, max_message: int) -> str:
    digits = digits.lstrip("0") or "0"
    if len(digits) > _SIZE_DIGITS or int(digits) > LARGEST:
        return words.phrases.absurd_size
    return words.phrases.announced_too_big if int(digits) > max_message else ""


def refusal_of_rcpt(words: Words, said: str, address: str, given: Sequence[str], *, dsn: bool) -> str:
    """Return why RCPT with these parameters is refused, or ""; `dsn` says whether RFC 3461 is spoken here."""
    phrases, seen = words.phrases, set()
    for option in given:
        name, _, value = option.partition("=")
        name = upper(name)
        if name == "NOTIFY" and dsn:
            refusal = "" if _NOTIFY.fullmatch(upper(value)) and name not in seen else phrases.bad_notify
        elif name == "ORCPT" and dsn:
            refusal = "" if _ORIGINAL.fullmatch(value) and name not in seen else phrases.bad_orcpt
        else:
            refusal = phrases.unsupported
        if refusal:
            return refusal.format(option=printable(option), said=printable(said), address=address)
        seen.add(name)
    return ""
