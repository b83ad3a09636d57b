"""What follows `MAIL FROM:`, `RCPT TO:` or `VRFY` becomes an address and the rest of the line."""

import re

from canary.sink.letters import upper

ADDRESS_OCTETS = 1000
"""RFC 5321 section 4.5.3.1.3 asks for 254 at least; Postfix takes whatever fits into a line."""

DOMAIN_OCTETS = 255
LABEL = 63

_CONTROLS = r"\x00-\x20\x7f-\xa0\u2028\u2029"
_ATOM = rf'[^{_CONTROLS}"(),:;<>@\[\\\]]++'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029]|\\[\x20-\x7e])*+"'
_LITERAL = rf"\[[^{_CONTROLS}<>\[\\\]]*+\]"
_MAILBOX = rf"(?:{_ATOM}|{_QUOTED})++(?:@{_ATOM})*+(?:@{_LITERAL})?"
_BRACKETED = re.compile(rf"<[ \t]*(?:(?:@[^:<>{_CONTROLS}]*+:)?({_MAILBOX}))?[ \t]*>((?: .*)?)", re.DOTALL)
_BARE = re.compile(rf"({_MAILBOX})(?:[ \t](.*))?", re.DOTALL)
_NO_DOMAIN = re.compile(r"\.\.|\.-|-\.|-$|^[-.]|[^.]{64}")


def path_of(text: str) -> tuple[str, str] | None:
    """Return the address of a path and what follows it; None where there is no address.

    RFC 5321 section 4.1.2 and RFC 6531 section 3.3, and as lenient as mail hosts are: brackets
    may be missing, a local part may have dots and `@` anywhere, a domain may be absent. Source routes
    are dropped (RFC 5321 appendix C). The null path `<>` is the address "".
    """
    text = text.strip(" \t")
    matched = (_BRACKETED if text.startswith("<") else _BARE).fullmatch(text)
    if matched is None:
        return None
    address, rest = matched[1] or "", matched[2] or ""
    if len(address) > ADDRESS_OCTETS or len(address.encode()) > ADDRESS_OCTETS:
        return None
    _, at, domain = address.rpartition("@")
    return None if at and _is_odd(domain) else (address, rest)


def _is_odd(domain: str) -> bool:
    """Say whether something is neither a domain name nor an address in brackets."""
    if domain[0] == "[" or (
        len(domain) <= LABEL and not ("-" in domain or ".." in domain or domain[0] == ".")
    ):
        return False
    return len(domain) > DOMAIN_OCTETS or _NO_DOMAIN.search(domain) is not None


def after_keyword(keyword: str, argument: str) -> str | None:
    """Return what follows `FROM:` or `TO:`, in any case; None where the keyword is missing."""
    if upper(argument[: len(keyword)]) != keyword:
        return None
    return argument[len(keyword) :]
