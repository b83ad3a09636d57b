"""What the host says: the words and enhanced codes (RFC 3463) of an ordinary Postfix."""

import secrets

OK = "250 2.0.0 Ok"
SENDER_OK = "250 2.1.0 Ok"
RECIPIENT_OK = "250 2.1.5 Ok"
BYE = "221 2.0.0 Bye"
NOT_SMTP = "221 2.7.0 Error: I can break rules, too. Goodbye."
READY_FOR_TLS = "220 2.0.0 Ready to start TLS"
GO_AHEAD = "354 End data with <CR><LF>.<CR><LF>"

UNKNOWN_COMMAND = "502 5.5.2 Error: command not recognized"
BAD_SYNTAX = "500 5.5.2 Error: bad syntax"
NO_AUTHENTICATION = "503 5.5.1 Error: authentication not enabled"
TLS_ACTIVE = "554 5.5.1 Error: TLS already active"

HELO_SYNTAX = "501 Syntax: HELO hostname"
EHLO_SYNTAX = "501 Syntax: EHLO hostname"
MAIL_SYNTAX = "501 5.5.4 Syntax: MAIL FROM:<address>"
RCPT_SYNTAX = "501 5.5.4 Syntax: RCPT TO:<address>"
VRFY_SYNTAX = "501 5.5.4 Syntax: VRFY address"
DATA_SYNTAX = "501 5.5.4 Syntax: DATA"
RSET_SYNTAX = "501 5.5.4 Syntax: RSET"
STARTTLS_SYNTAX = "501 5.5.4 Syntax: STARTTLS"

BAD_SENDER = "501 5.1.7 Bad sender address syntax"
BAD_RECIPIENT = "501 5.1.3 Bad recipient address syntax"
BAD_SIZE = "501 5.5.4 Bad message size syntax"
NESTED_MAIL = "503 5.5.1 Error: nested MAIL command"
NEED_MAIL = "503 5.5.1 Error: need MAIL command"
NEED_RCPT = "503 5.5.1 Error: need RCPT command"
NO_RECIPIENTS = "554 5.5.1 Error: no valid recipients"
TOO_MANY_RECIPIENTS = "452 4.5.3 Error: too many recipients"
ANNOUNCED_TOO_BIG = "552 5.3.4 Message size exceeds fixed limit"
TOO_BIG = "552 5.3.4 Error: message file too big"
NOT_KEPT = "451 4.3.0 Error: queue file write error"

ECHOED = 100


def greeting(hostname: str) -> str:
    """Return the banner."""
    return f"220 {hostname} ESMTP"


def extensions(hostname: str, max_message: int, *, tls: bool) -> str:
    """Return the answer to EHLO (RFC 5321 section 4.1.1.1), `tls` saying whether to offer STARTTLS."""
    words = [hostname, "PIPELINING", f"SIZE {max_message}", "VRFY"]
    words += ["STARTTLS"] if tls else []
    words += ["ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"]
    return "\r\n".join([*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}"])


def queued() -> str:
    """Return the acknowledgement with a queue id such as Postfix makes of microseconds and an inode."""
    return f"250 2.0.0 Ok: queued as {secrets.randbelow(10**6):05X}{0x40000 + secrets.randbelow(0x1C0000):X}"


def verified(address: str) -> str:
    """Return the answer to VRFY for somebody we have."""
    return f"252 2.0.0 {address}"


def user_unknown(address: str) -> str:
    """Return the refusal of somebody nobody has at a domain of ours."""
    return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown in local recipient table"


def relay_denied(address: str) -> str:
    """Return the refusal of a foreign domain."""
    return f"550 5.7.1 <{address}>: Relay access denied"


def lookup_failed(address: str) -> str:
    """Return the refusal for now, of an address that could not be looked up."""
    return f"451 4.3.0 <{address}>: Temporary lookup failure"


def unsupported(parameter: str) -> str:
    """Return the refusal of a MAIL or RCPT parameter, of which only harmless characters are repeated."""
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in parameter[:ECHOED])
    return f"555 5.5.4 Unsupported option: {shown}"


def timeout_exceeded(hostname: str) -> str:
    """Return the last word to a client that was silent for too long."""
    return f"421 4.4.2 {hostname} Error: timeout exceeded"


def too_many_errors(hostname: str) -> str:
    """Return the last word to a client that makes nothing but mistakes."""
    return f"421 4.7.0 {hostname} Error: too many errors"


def too_many_connections(hostname: str, ip: str) -> str:
    """Return the only word to a client that comes when the house is full."""
    return f"421 4.7.0 {hostname} Error: too many connections from unknown[{ip}]"


def closing(hostname: str) -> str:
    """Return the last word of a host that is going down."""
    return f"421 4.3.2 {hostname} Service shutting down"


def server_error(hostname: str) -> str:
    """Return the last word when something here went wrong."""
    return f"421 4.3.0 {hostname} Server local error"
