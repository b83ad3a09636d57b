"""What arrived becomes what can be worked out of it before anybody waits for the database."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from canary.errors import StoreError
from canary.mail import HEAD_BYTES, head_of
from canary.model import Message, Probe, Touch
from canary.ports import Attributed, Finding
from canary.store.bodies import MESSAGE, MessageBody
from canary.store.codec import Codec
from canary.store.pieces import WHOLE_BYTES, chunks_of


class Arrival(NamedTuple):
    """A message, probe or touch with its findings; `content_ix` and what follows it are a message's.

    `raw` is None for the bytes of a large one, which stand in the pieces of `body`; 0 says that they were
    not written, the message being known.
    """

    arrival: Message | Probe | Touch
    findings: Sequence[Finding]
    content_ix: bytes = b""
    sha256: str = ""
    head: bytes = b""
    size: int = 0
    raw: bytes | None = None
    body: int = 0
    pieces: int = 0

    def sealed_message(self, codec: Codec, number: int, message: Message) -> bytes:
        """Return what is kept of the message beside its bytes, and of its first delivery."""
        body = MessageBody(
            self.sha256,
            message.mail_from,
            message.recipients,
            message.peer,
            self.size,
            message.ours,
            self.head.decode("latin-1"),
            message.options,
            message.trace,
            self.body,
            self.pieces,
        )
        return codec.seal(b"message", number, MESSAGE.write(body))


def arrival_of(codec: Codec, what: Attributed) -> Arrival:
    """Return a message or probe ready to be kept, or, of a large one, to be staged.

    Raises StoreError if a body cannot be read.
    """
    if not isinstance(what.arrival, Message):
        return Arrival(what.arrival, what.findings)
    raw: bytes | None = None
    size = len(what.arrival.raw)
    if size > WHOLE_BYTES:
        sha256, head = _digest(what.arrival)
    else:
        raw = _whole(what.arrival)
        sha256, head = hashlib.sha256(raw).hexdigest(), head_of(raw)
    content_ix = codec.content_ix(what.arrival.mail_from, sha256)
    return Arrival(what.arrival, what.findings, content_ix, sha256, head, size, raw)


def _whole(message: Message) -> bytes:
    if isinstance(message.raw, bytes):
        return message.raw
    try:
        return b"".join(message.raw.chunks())
    except OSError as error:
        raise _unreadable(error) from error


def _digest(message: Message) -> tuple[str, bytes]:
    """Return the SHA-256 and the head of a large message, read once."""
    digest, head, size = hashlib.sha256(), b"", 0
    try:
        for chunk in chunks_of(message.raw):
            digest.update(chunk)
            size += len(chunk)
            if len(head) < HEAD_BYTES:
                head += chunk[: HEAD_BYTES - len(head)]
    except OSError as error:
        raise _unreadable(error) from error
    if size != len(message.raw):
        raise StoreError("a large message is not whole any more")
    return digest.hexdigest(), head_of(head)


def _unreadable(error: OSError) -> StoreError:
    return StoreError(
        f"a large message cannot be read again: {error.strerror}", hint="check the spool's disk"
    )
