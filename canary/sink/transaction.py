"""What MAIL began becomes an envelope, and the message that goes with it."""

from dataclasses import dataclass, field

from canary.sink.content import Content


@dataclass(slots=True)
class Transaction:
    """What MAIL began: the envelope so far. `decoys` are the canonical forms of its live recipients.

    `accepted` holds every recipient that was answered with 250, in order, for the replies of LMTP; `body`
    is there once a message began. `refusals` holds what was said to the others, up to two phrases of it.
    """

    mail_from: str
    options: tuple[str, ...]
    recipients: dict[str, None] = field(default_factory=dict)
    decoys: set[str] = field(default_factory=set)
    accepted: list[str] = field(default_factory=list)
    body: Content | None = None
    refusals: tuple[str, ...] = ()


def transmission_type(*, lmtp: bool, extended: bool, utf8: bool, tls: bool) -> str:
    """Return how a message came, as a trace names it (RFC 3848, RFC 6531 section 4.3)."""
    if utf8:
        name = "UTF8LMTP" if lmtp else "UTF8SMTP"
    else:
        name = "LMTP" if lmtp else "ESMTP" if extended else "SMTP"
    return f"{name}S" if tls and name != "SMTP" else name
