"""A hit becomes lines that a person reads top to bottom."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from canary.mail import headers_of
from canary.model import Access, Hit, KeptMessage, Probe

MOST_ACCESSES = 50


def hit_lines(hit: Hit) -> Iterator[str]:
    """Yield what is known of a hit: who was shown the decoy, what arrived, how sure we are and why."""
    verdict, decoy = hit.verdict, hit.decoy
    yield f"{hit.id}  {verdict.hit_class.value}  {_time(hit.at)}"
    yield ""
    if decoy.control:
        yield "A control: nobody was ever shown this decoy. This measures the noise."
    elif hit.accesses:
        names = ", ".join(dict.fromkeys(access.employee for access in hit.accesses))
        yield f"Exposed only through the access of: {names}"
    yield f"Confidence: {verdict.confidence:.0%}"
    yield from (f"  - {reason}" for reason in verdict.reasons)
    yield ""
    yield f"Decoy      {decoy.address} ({decoy.name}), {decoy.id}, minted {_time(decoy.minted_at)}"
    yield from _access_lines(hit.accesses)
    yield ""
    if hit.message:
        yield from _message_lines(hit.message, hit.deliveries)
    if hit.probe:
        yield from _probe_lines(hit.probe)
    yield ""
    yield "This names an access, not a culprit: screens are shared, laptops infected, accounts stolen."


def _access_lines(accesses: Sequence[Access]) -> Iterator[str]:
    if accesses:
        yield f"Shown      {_times(len(accesses))}, first shown first:"
    for access in accesses[:MOST_ACCESSES]:
        told = (
            ("record", access.record),
            ("for", access.beneficiary),
            ("tool", access.tool),
            ("session", access.session),
            ("from", access.client_ip),
        )
        details = "  ".join(f"{name} {value}" for name, value in told if value)
        yield f"  {_time(access.at)}  {access.id}  {access.employee}  {details}"
    if len(accesses) > MOST_ACCESSES:
        yield f"  … and {len(accesses) - MOST_ACCESSES} more (--json lists them)"


def _message_lines(message: KeptMessage, deliveries: int) -> Iterator[str]:
    headers = headers_of(message.head)
    yield f"Message    {message.id}, {message.size:,} bytes, delivered {_times(deliveries)}"
    yield f"  received   {_time(message.received_at)}" + ("" if message.ours else " (not by us)")
    yield f"  from       {message.mail_from or '<> (null sender)'}  (envelope)"
    yield f"  from       {headers.sender or '-'}  (header, a claim)"
    yield f"  subject    {headers.subject or '-'}"
    yield f"  recipients {', '.join(message.recipients)}"
    if message.ours:
        yield f"  peer       {message.peer}  HELO {message.peer.helo or '-'}  {message.peer.tls or 'no TLS'}"
    yield f"  sha256     {message.sha256}"


def _probe_lines(probe: Probe) -> Iterator[str]:
    yield f"Probe      {probe.verb.value} {probe.recipient}, no message kept"
    yield f"  from       {probe.mail_from or '-'}  (envelope)"
    yield f"  peer       {probe.peer}  HELO {probe.peer.helo or '-'}  {probe.peer.tls or 'no TLS'}"
    yield f"  others     {probe.others} other recipients tried in the session"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
