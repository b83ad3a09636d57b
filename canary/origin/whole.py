"""What was found out of a message becomes its origin, which is kept."""

from collections.abc import Sequence

from canary.address import canonical
from canary.model import Origin
from canary.origin.fields import MOST_MAILBOXES, Head, mailboxes
from canary.origin.indicators import Indications
from canary.origin.results import Authentication
from canary.origin.sender import Sender

MOST_FIELDS = 5


def origin_of(sender: Sender, authentication: Authentication, indications: Indications) -> Origin:
    """Return who sent a message: what it claims, what was proven of that, what it is known again by."""
    froms = {box.name.ascii for box in sender.header_from}
    capped = ("there was more in it to read than is read",) if indications.capped else ()
    return Origin(
        summary=authentication.summary,
        header_from=authentication.header_from or (froms.pop() if len(froms) == 1 else ""),
        authenticated=authentication.authenticated,
        aligned=authentication.aligned,
        organisations=sender.organisations,
        network=sender.network,
        notes=(*sender.notes, *capped),
        indicators=indications.indicators,
        evaluated=authentication.evaluated,
    )


def automatic(head: Head) -> str:
    """Return by which field a message says that a program sent it in answer to another, "" if by none.

    A delivery report (RFC 3464 section 2), or `Auto-Submitted` other than `no` (RFC 3834 section 5).
    """
    kind = head.first("content-type")
    media, _, parameters = kind.text.lower().partition(";") if kind else ("", "", "")
    if media.strip() == "multipart/report" and "delivery-status" in parameters:
        return "it is a delivery report (RFC 3464)"
    submitted = head.first("auto-submitted")
    word = submitted.text.partition(";")[0].partition("(")[0].strip().lower() if submitted else "no"
    if word in {"auto-replied", "auto-generated", "auto-notified"}:
        return f"its Auto-Submitted field says {word} (RFC 3834)"
    return "" if word in {"no", ""} else "its Auto-Submitted field says that a program sent it (RFC 3834)"


def addressed_notes(head: Head, recipients: Sequence[str]) -> tuple[str, ...]:
    """Return which addresses its To and Cc name besides those that it was sent to, as a note.

    They are the sender's words, whom anybody can name there: no hit comes of them. Of very many the first
    are counted.
    """
    every = [field for name in ("to", "cc") for field in head.all(name)]
    found = [mailboxes(field.text) for field in every[:MOST_FIELDS]]
    sent = {canonical(each) for each in recipients}
    others = {box.address for boxes in found for box in boxes if canonical(box.address) not in sent}
    if not others:
        return ()
    cut = head.capped or len(every) > MOST_FIELDS or any(len(boxes) == MOST_MAILBOXES for boxes in found)
    count = f"{len(others)} other address{'es' if len(others) > 1 or cut else ''}{' or more' if cut else ''}"
    return (f"To and Cc name {count}, which the envelope did not: only the envelope counts",)
