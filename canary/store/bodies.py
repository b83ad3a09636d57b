"""What sealed columns hold of the mail side: JSON, written and read by its shape."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from canary.model import HitClass, KeptMessage, Message, Peer, Probe, Touch, Trace, Verb, Verdict
from canary.store.codec import micros, moment, public_id, read, written

Shape = TypeVar("Shape")
NO_TRACE = Trace()


class MessageBody(msgspec.Struct, omit_defaults=True, gc=False):
    """A message and its first delivery, beside the bytes. `body` is where large ones stand, in `pieces`."""

    sha256: str
    mail_from: str
    recipients: tuple[str, ...]
    peer: Peer
    size: int
    ours: bool
    head: str
    options: tuple[str, ...] = ()
    trace: Trace = NO_TRACE
    body: int = 0
    pieces: int = 0


class DeliveryBody(msgspec.Struct, omit_defaults=True, gc=False):
    """A further delivery of a message."""

    peer: Peer
    recipients: tuple[str, ...]
    options: tuple[str, ...] = ()
    trace: Trace = NO_TRACE


class VerdictBody(msgspec.Struct, gc=False, rename={"hit_class": "class"}):
    """A verdict."""

    hit_class: HitClass
    confidence: float
    reasons: tuple[str, ...]


class ProbeBody(msgspec.Struct, omit_defaults=True, gc=False):
    """A probe."""

    recipient: str
    verb: Verb
    mail_from: str
    peer: Peer
    at: int
    others: int
    tried: tuple[str, ...] = ()
    trace: Trace = NO_TRACE


class TouchBody(msgspec.Struct, gc=False):
    """A touch."""

    address: str
    action: str
    employee: str
    at: int
    access: str


class HitBody(msgspec.Struct, omit_defaults=True, gc=False):
    """A hit: its verdict, and the probe or touch where there is no message."""

    verdict: VerdictBody
    probe: ProbeBody | None = None
    touch: TouchBody | None = None


class AttemptBody(msgspec.Struct, omit_defaults=True):
    """A client network and some of what it tried; `near` are those that were one edit from a live decoy.

    `tries` holds of each how often it was tried, and when first and last.
    """

    network: str
    sample: tuple[str, ...]
    near: tuple[str, ...] = ()
    tries: dict[str, tuple[int, int, int]] = {}


@dataclass(frozen=True, slots=True)
class Form(Generic[Shape]):
    """Writes and reads one shape."""

    shape: type[Shape]
    decoder: "msgspec.json.Decoder[Shape]"

    def write(self, value: Shape) -> bytes:
        """Return a value as JSON."""
        return written(value)

    def read(self, plain: bytes) -> Shape:
        """Return the value that was written."""
        try:
            return self.decoder.decode(plain)
        except UnicodeDecodeError:
            return msgspec.convert(read(plain), self.shape)


def form_of(shape: type[Shape]) -> Form[Shape]:
    """Return how a shape is written and read."""
    return Form(shape, msgspec.json.Decoder(shape))


MESSAGE = form_of(MessageBody)
DELIVERY = form_of(DeliveryBody)
HIT = form_of(HitBody)
ATTEMPT = form_of(AttemptBody)


def verdict_body(verdict: Verdict) -> VerdictBody:
    """Return a verdict, ready to be written."""
    return VerdictBody(verdict.hit_class, verdict.confidence, verdict.reasons)


def verdict_of(body: VerdictBody) -> Verdict:
    """Return a verdict as it was kept."""
    return Verdict(body.hit_class, body.confidence, body.reasons)


def probe_body(probe: Probe) -> ProbeBody:
    """Return a probe, ready to be written."""
    return ProbeBody(
        probe.recipient,
        probe.verb,
        probe.mail_from,
        probe.peer,
        micros(probe.at),
        probe.others,
        probe.tried,
        probe.trace,
    )


def probe_of(body: ProbeBody) -> Probe:
    """Return a probe as it was kept."""
    return Probe(
        recipient=body.recipient,
        verb=body.verb,
        mail_from=body.mail_from,
        peer=body.peer,
        at=moment(body.at),
        others=body.others,
        tried=body.tried,
        trace=body.trace,
    )


def touch_body(touch: Touch) -> TouchBody:
    """Return a touch, ready to be written."""
    return TouchBody(touch.address, touch.action, touch.employee, micros(touch.at), touch.access)


def touch_of(body: TouchBody) -> Touch:
    """Return a touch as it was kept."""
    return Touch(body.address, body.action, body.employee, moment(body.at), body.access)


def delivery_body(message: Message) -> DeliveryBody:
    """Return a further delivery, ready to be written."""
    return DeliveryBody(message.peer, message.recipients, message.options, message.trace)


def kept_message(number: int, received_at: int, body: MessageBody) -> KeptMessage:
    """Return a message as it is kept."""
    return KeptMessage(
        id=public_id("msg", number),
        sha256=body.sha256,
        mail_from=body.mail_from,
        recipients=body.recipients,
        peer=body.peer,
        received_at=moment(received_at),
        size=body.size,
        ours=body.ours,
        head=body.head.encode("latin-1"),
        options=body.options,
        trace=body.trace,
    )
