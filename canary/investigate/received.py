"""How mail came in becomes a trace line as mail servers write them."""

from datetime import datetime
from email.utils import format_datetime

from canary.model import Peer, Trace


def received_line(peer: Peer, trace: Trace, at: datetime) -> str:
    """Return what a server would have put on top of the message (RFC 5321 section 4.4), unfolded.

    It is made from what our host saw itself; nothing of it stands in the message as it is kept. "" for
    mail that did not come through our host.
    """
    if not trace.host:
        return ""
    address = f"IPv6:{peer.ip}" if ":" in peer.ip else peer.ip
    where = f"({peer.name or 'unknown'} [{address}])" if peer.ip else "(a local process)"
    secured = f" ({peer.tls})" if peer.tls else ""
    number = f" id {trace.queue_id}" if trace.queue_id else ""
    return (
        f"Received: from {peer.helo or 'unknown'} {where}{secured} "
        f"by {trace.host} with {trace.protocol}{number}; {format_datetime(at)}"
    )
