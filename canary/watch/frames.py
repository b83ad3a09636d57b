"""What the processes say to each other becomes bytes, and bytes that are no such words are refused.

MessagePack, typed and strict, never pickle: who reads a worker's words must not be moved to anything by
them but to keep messages and probes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from canary.model import Attempts, Message, Peer, Probe, Trace
from canary.sink.settings import SinkSettings

T = TypeVar("T")
Expiries = Mapping[str, datetime]
NONE = type(None)


class Word(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=True):
    """Something that one process says to the other."""


class Arrived(Word, frozen=True):
    """A message. Of one that comes as a file `raw` is empty and `size` says how long it is."""

    number: int
    raw: bytes
    size: int
    mail_from: str
    recipients: tuple[str, ...]
    peer: Peer
    received_at: datetime
    options: tuple[str, ...]
    trace: Trace

    def message(self, raw: Any) -> Message:
        """Return the message, its bytes being these."""
        return Message(
            raw=raw,
            mail_from=self.mail_from,
            recipients=self.recipients,
            peer=self.peer,
            received_at=self.received_at,
            options=self.options,
            trace=self.trace,
        )


class Named(Word, frozen=True):
    """A probe."""

    number: int
    probe: Probe


class Counted(Word, frozen=True):
    """What a worker has counted: all in all, and of strays and attempts what came since the last time."""

    tallies: Mapping[str, float]
    strays: int
    attempts: tuple[Attempts, ...]


class Forgotten(Word, frozen=True):
    """Nobody waits any more to hear whether these are kept."""

    numbers: tuple[int, ...]


class Listening(Word, frozen=True):
    """The worker receives, under the settings that it was told last."""

    expiries: Expiries


class Unable(Word, frozen=True):
    """The worker cannot do as it was told. What it did before it still does, if anything."""

    message: str
    hint: str


class Begin(Word, frozen=True):
    """How to begin. The listening sockets, whose kinds these are, come with the word."""

    settings: dict[str, Any]
    kinds: tuple[str, ...]
    database: str
    index: bytes
    log_level: str
    log_form: str


class Change(Word, frozen=True):
    """Other settings from now on, under which so many open files are needed."""

    settings: dict[str, Any]
    log_level: str
    log_form: str
    descriptors: int = 0


class Settled(Word, frozen=True):
    """What is kept, and what is not."""

    kept: tuple[int, ...]
    refused: tuple[int, ...]


class Leave(Word, frozen=True):
    """Accept nobody any more; what runs may end within so many seconds."""

    grace: float


FromWorker = Arrived | Named | Counted | Forgotten | Listening | Unable
FromParent = Begin | Change | Settled | Leave

_encoder = msgspec.msgpack.Encoder()
encoded = _encoder.encode
decoded_by_parent = msgspec.msgpack.Decoder(FromWorker).decode
decoded_by_worker = msgspec.msgpack.Decoder(FromParent).decode


def told(settings: SinkSettings) -> dict[str, Any]:
    """Return settings as plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    return plain


def settings_of(plain: Mapping[str, Any]) -> SinkSettings:
    """Return the settings that `told` made plain. Raises ValueError and TypeError for anything else."""
    return _rebuilt(SinkSettings, plain)


def _rebuilt(kind: type[T], plain: Any) -> T:
    """Return a value of a type from the plain one that it became."""
    value: Any = plain
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        value = kind(**{each.name: _rebuilt(hints[each.name], plain[each.name]) for each in fields(kind)})
    elif get_origin(kind) is UnionType:
        value = _one_of(get_args(kind), plain)
    elif get_origin(kind) in {tuple, frozenset}:
        value = get_origin(kind)(_members(get_args(kind), plain))  # type: ignore[misc]
    elif issubclass(kind, Enum | Path):
        value = kind(plain)
    elif kind is float:
        value = float(plain)
    return value  # type: ignore[no-any-return]


def _one_of(kinds: Sequence[type], plain: Any) -> Any:
    if plain is None and NONE in kinds:
        return None
    if set(kinds) == {IPv4Network, IPv6Network}:
        return ip_network(plain)
    (kind,) = (each for each in kinds if each is not NONE)
    return _rebuilt(kind, plain)


def _members(kinds: Sequence[Any], plain: Sequence[Any]) -> list[Any]:
    if len(kinds) == 1 or kinds[1] is Ellipsis:
        return [_rebuilt(kinds[0], each) for each in plain]
    return [_rebuilt(kind, each) for kind, each in zip(kinds, plain, strict=True)]
