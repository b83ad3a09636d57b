"""A hit becomes lines that a person reads top to bottom."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from canary.investigate.layers import exposed_line, layer_of, named
from canary.investigate.received import received_line
from canary.mail import headers_of
from canary.model import Access, Hit, KeptMessage, Peer, Probe, Touch, Trace

MOST_ACCESSES = 50
MOST_TRIED = 20


def hit_lines(hit: Hit) -> Iterator[str]:
    """Yield what is known of a hit: who was shown the decoy, what arrived, how sure we are and why."""
    verdict, decoy = hit.verdict, hit.decoy
    belongs = f"  {hit.incident}" if hit.incident else ""
    yield f"{hit.id}  {verdict.hit_class.value}  {_time(hit.at)}{belongs}"
    yield ""
    if decoy.selftest:
        yield "A self-test of ours: mail to this address says that mail arrives."
    elif decoy.control:
        yield "A control: nobody was ever shown this decoy. This measures the noise."
    elif hit.touch and hit.accesses:
        yield f"Touched on the page that was shown to: {named(hit.accesses[0])}"
    elif hit.accesses:
        yield exposed_line(decoy, hit.accesses)
    yield f"Confidence: {verdict.confidence:.0%}"
    yield from (f"  - {reason}" for reason in verdict.reasons)
    yield ""
    minted = f"{layer_of(decoy)}, minted {_time(decoy.minted_at)}"
    yield f"Decoy      {decoy.address} ({decoy.name}), {decoy.id}, {minted}"
    yield from _access_lines(hit.accesses)
    yield ""
    if hit.message:
        yield from _message_lines(hit.message, hit.deliveries)
    if hit.probe:
        yield from _probe_lines(hit.probe)
    if hit.touch:
        yield from _touch_lines(hit.touch, hit.deliveries)
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
        yield f"  {_time(access.at)}  {access.id}  {named(access)}  {details}"
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
        yield from _peer_lines(message.peer)
    yield f"  sha256     {message.sha256}"
    yield from _trace_lines(message.peer, message.trace, message.received_at)


def _probe_lines(probe: Probe) -> Iterator[str]:
    yield f"Probe      {probe.verb.value} {probe.recipient}, no message kept"
    yield f"  from       {probe.mail_from or '-'}  (envelope)"
    yield from _peer_lines(probe.peer)
    yield f"  others     {probe.others} other recipients tried in the session"
    yield from (f"             {address}" for address in probe.tried[:MOST_TRIED])
    yield from _trace_lines(probe.peer, probe.trace, probe.at)


def _touch_lines(touch: Touch, deliveries: int) -> Iterator[str]:
    yield f"Touch      {touch.action}, as the tool reported it {_times(deliveries)}"
    yield f"  by         {touch.employee}"
    yield f"  at         {_time(touch.at)}"
    yield f"  on page    {touch.access}"


def _peer_lines(peer: Peer) -> Iterator[str]:
    name = f" ({peer.name}, a claim)" if peer.name else ""
    yield f"  peer       {str(peer) or '-'}{name}  HELO {peer.helo or '-'}  {peer.tls or 'no TLS'}"
    if peer.server_name:
        yield f"  asked for  {peer.server_name}  (TLS server name)"
    if peer.certificate:
        yield f"  showed     the certificate of {peer.certificate}, which our proxy verified"
    if peer.via:
        yield f"  through    {peer.via}, which told us of the peer"


def _trace_lines(peer: Peer, trace: Trace, at: datetime) -> Iterator[str]:
    received = received_line(peer, trace, at)
    if received:
        yield f"  trace      {received}"
    if trace.lines:
        yield "Session    seconds since it began, C the client, S our host"
    yield from (f"  {line}" for line in trace.lines)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
