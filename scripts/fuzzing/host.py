"""Choices become a host: its settings, a door that remembers, and a conversation that is written down."""

from functools import lru_cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canary.address import canonical
from canary.errors import StoreError
from canary.model import Message, Peer, Probe
from canary.sink.conversation import Conversation
from canary.sink.settings import Limits, SinkSettings, Unknown
from scripts.fuzzing.heard import Event, Given, Kept, Looked, Named, Refused, Said

if TYPE_CHECKING:
    from asyncio import Event as Gate

HOSTNAME = "mx.example.net"
LIVE = frozenset(
    map(
        canonical,
        ("anna.reed@example.net", "ben.ward@example.net", "dan@formerly-ours.example", "d@example.org"),
    )
)
UNKNOWN = (Unknown.REJECT, Unknown.SOME, Unknown.ACCEPT_ALL, Unknown.REJECT)
SPILL = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - files without a name
NARROW = Limits(2, 5, 3, 4, errors=5, unknown_slow=2, unknown=4, exempt=())
WIDE = Limits(exempt=(IPv4Network("127.0.0.0/8"),))
PROXIES = (IPv4Network("203.0.113.0/24"),)


class Offered:
    """Certificates without files."""

    def offered_by(self, _: str) -> bool:
        """Say that TLS can be had."""
        return True

    def context(self, _: str, __: float) -> Any:
        """Return something to show."""
        return self


class RememberingDoor:
    """Keeps, stalls and fails as it is told, and writes down what it was asked."""

    def __init__(self, events: list[Event], problems: list[str]) -> None:
        self.events = events
        self.problems = problems
        self.stalled: Gate | None = None
        self.failing = self.probes_failing = self.blind = self.ever_ill = False

    def is_live(self, address: str) -> bool:
        """Look up an address."""
        if self.blind:
            raise StoreError("locked")
        live = canonical(address) in LIVE
        self.events.append(Looked(address, live))
        return live

    def chance(self, address: str) -> float:
        """Let every second address pass."""
        return len(address) % 2 / 2

    async def message(self, message: Message) -> None:
        """Keep a message."""
        raw = message.raw if isinstance(message.raw, bytes) else b"".join(message.raw.chunks())
        self.events.append(Given(message, raw))
        try:
            if self.stalled is not None:
                await self.stalled.wait()
            if self.failing:
                raise StoreError("full")  # noqa: TRY301 - a cancelled one is refused as well
        except BaseException:
            self.events.append(Refused())
            raise
        if not isinstance(message.raw, bytes) and b"".join(message.raw.chunks()) != raw:
            self.problems.append("a spilled message has changed")
        self.events.append(Kept())

    async def probe(self, probe: Probe) -> None:
        """Keep a probe."""
        self.events.append(Named(probe))
        if self.stalled is not None:
            await self.stalled.wait()
        if self.probes_failing:
            raise StoreError("full")

    def stray(self, address: str, peer: Peer) -> None:
        """Count a stray."""
        if canonical(address) in LIVE:
            self.problems.append(f"a decoy is a stray of {peer}: {address}")


class Watched(Conversation):
    """A conversation whose replies and troubles are written down."""

    events: list[Event]
    problems: list[str]
    fed = 0

    def say(self, reply: str) -> None:
        """Write down a reply, and say it."""
        if self.over:
            self.problems.append(f"said after the last word: {reply[:3]}")
            return
        self.events.append(Said(reply, self.fed))
        super().say(reply)

    def log_failure(self, what: str, error: BaseException) -> None:
        """Tell a door that fails from a fault of our own."""
        if not isinstance(error, (StoreError, TimeoutError)):
            self.problems.append(f"{what}: {type(error).__name__}: {error}")


@lru_cache
def settings_of(profile: str, choices: int) -> SinkSettings:
    """Return settings for a kind of host; the bits choose limits, greylisting, a broken disk and strays."""
    narrow, greylist, spills_fail = choices & 1, choices & 2, choices & 4
    return SinkSettings(
        (),
        HOSTNAME,
        frozenset({"example.net", "example.org"}),
        max_message=200 if narrow else 20_000,
        timeout=30.0,
        transaction_timeout=60.0,
        session_timeout=3600.0,
        max_connections=2,
        max_recipients=3 if narrow else 100,
        profile=profile,
        unknown=UNKNOWN[choices >> 3],
        greylist=60.0 if greylist else 0.0,
        proxy_peers=PROXIES,
        spill_above=48 if narrow else 4096,
        spill_folder=Path("/nonexistent") if spills_fail else SPILL,
        memory=400 if narrow else 1 << 20,
        disk=300 if narrow else 1 << 20,
        reverse_names=False,
        limits=NARROW if narrow else WIDE,
    )
