"""A self-test decoy becomes an ordinary letter to it, with a reference that finds exactly this one again."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from canary.address import canonical_domain, split
from canary.model import Decoy

REFERENCE_BYTES = 9
TEXTS = (
    (
        "The papers you asked for",
        (
            "the papers you asked for are ready. Please write back where we may send them, "
            "or whether you would rather collect them."
        ),
    ),
    (
        "Your appointment",
        (
            "thank you for your call. We have put you down for the date that we talked about; "
            "please answer this message if it does not suit you after all."
        ),
    ),
    (
        "Change of our opening hours",
        (
            "please note that from next week on we open at nine, and close at six in the evening. "
            "On Saturdays everything stays as it was."
        ),
    ),
    (
        "Question about your order",
        (
            "one of the items is out of stock until the end of the month. Shall we send the rest now, "
            "or wait and send everything together?"
        ),
    ),
    (
        "Minutes of the last meeting",
        (
            "the minutes will follow in the next days. If you have anything to add for the coming meeting, "
            "please let us know by Thursday."
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one decoy, ready to be sent: lines end in CRLF, dots are not stuffed yet."""

    sender: str
    recipient: str
    decoy_id: str
    message_id: str
    raw: bytes


def letter_to(decoy: Decoy, sender: str, at: datetime) -> Letter:
    """Return a letter that nobody on the way can tell from any other.

    Its Message-ID (RFC 5322 section 3.6.4) is at the sender's domain and holds 72 random bits.
    """
    domain = canonical_domain(split(sender)[1])
    message_id = f"<{at:%Y%m%d%H%M%S}.{secrets.token_hex(REFERENCE_BYTES)}@{domain}>"
    subject, text = secrets.choice(TEXTS)
    recipient = f"{split(decoy.address)[0]}@{canonical_domain(split(decoy.address)[1])}"
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(at)
    message["From"] = sender
    message["To"] = f"{decoy.name} <{recipient}>"
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message.set_content(f"Dear {decoy.name},\n\n{text}\n\nKind regards\n")
    return Letter(sender, recipient, decoy.id, message_id, message.as_bytes())
