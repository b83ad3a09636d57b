"""Bytes become a client's session with the real Conversation, and what was said and kept is judged.

An input is three bytes that choose the host and the pieces, and then what the client sends. 0xFF stands
before a letter that says what else happens (OPERATIONS), and before another 0xFF for that byte itself.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from canary.ports import system_clock
from canary.sink import wire
from canary.sink.house import House, Kind
from canary.sink.profiles import Words
from canary.tallies import Tallies
from scripts.fuzzing.finding import hold
from scripts.fuzzing.heard import Event, Given, Heard, Named, Said
from scripts.fuzzing.host import Offered, RememberingDoor, Watched, settings_of
from scripts.fuzzing.reference import judge
from scripts.fuzzing.stepping import Loop, Wire

ESCAPE = 0xFF
HEAD_BYTES = 3
FREE_BYTES = 64
PROFILES = ("postfix", "exim", "generic")
KINDS = (Kind.SMTP, Kind.LMTP, Kind.TLS, Kind.SMTP)
PROXIED = 3
SIZES = (0, 1, 2, 3, 5, 7, 64)
STRANGER, PROXY_PEER, EXEMPT = ("192.0.2.7", 41234), ("203.0.113.9", 555), ("127.0.0.1", 41234)
WORDS: dict[str, dict[str, Words]] = {}
"""What each kind of host says: made once, since that costs as much as a session."""


class Session:
    """One client and its host."""

    loop: Loop
    talk: Watched
    wire: Wire
    house: House
    door: RememberingDoor

    def __init__(self, head: bytes) -> None:
        self.profile = PROFILES[head[0] % 3]
        self.proxied = head[0] // 3 % 4 == PROXIED
        self.kind = KINDS[head[0] // 3 % 4]
        self.narrow = bool(head[1] & 1)
        self.cramped = bool(head[1] & 0b101)
        self.settings = settings_of(self.profile, head[1] & 0b1_1111)
        self.events: list[Event] = []
        self.loop = Loop()
        self.loop.handshake_fails = bool(head[1] & 32)
        self.door = RememberingDoor(self.events, self.loop.problems)
        self.house = House(self.settings, self.door, system_clock, Tallies(), self.loop)
        self.house.certificates = Offered()  # type: ignore[assignment]
        self.house._words = WORDS.setdefault(self.profile, {})  # noqa: SLF001
        self.talk = talk = Watched(self.house, self.loop, self.kind)
        talk.events, talk.problems = self.events, self.loop.problems
        peer = PROXY_PEER if self.proxied else EXEMPT if head[1] & 64 else STRANGER
        self.wire = Wire(self.loop, talk, peer)
        self.stream = bytearray()
        self._waiting = bytearray()
        self._ended = self._choked = False
        talk.connection_made(self.wire)
        self.settle()

    def feed(self, data: bytes) -> None:
        """Have some bytes arrive, when the host takes any."""
        if self._ended:
            return
        self._waiting += data
        self._deliver()

    def _deliver(self) -> None:
        while self._waiting and not (self.wire.held or self.wire.is_closing()):
            piece = bytes(self._waiting)
            self._waiting.clear()
            self.stream += piece
            self.talk.fed = len(self.stream)
            self.talk.data_received(piece)
            self.settle()

    def settle(self) -> None:
        """Do all that can be done before somebody says something; replies that come late come now."""
        self.loop.step()
        while self.door.stalled is None and not self.talk.idle and (due := self.loop.next_due()) is not None:
            self.loop.forward(max(0.0, due - self.loop.now))
        bound = wire.FREE_BYTES if self.wire.held else 0
        hold(len(self.talk.inbox) <= 2048 + bound + len(self.stream), "what waits is bounded")
        if self.talk.ready and not self.wire.is_closing():
            hold(not self.wire.held, "who may speak is heard")
            hold(len(self.talk.inbox) <= 2048, "what waits of a line is bounded", len(self.talk.inbox))

    def operate(self, letter: int) -> None:
        """Have something else happen."""
        operation = OPERATIONS.get(chr(letter))
        if operation is not None and not self.wire.lost:
            operation(self)
            self.settle()
            self._deliver()

    def end_input(self) -> None:
        """Have the client say no more."""
        if not (self._ended or self.wire.held or self.wire.is_closing()):
            self._ended = True
            if not self.talk.eof_received():
                self.wire.close()

    def choke(self) -> None:
        """Have the client read no more."""
        if not self._choked and not self.wire.is_closing():
            self._choked = True
            self.talk.pause_writing()

    def unchoke(self) -> None:
        """Have the client read again."""
        if self._choked:
            self._choked = False
            if not self.wire.is_closing():
                self.talk.resume_writing()

    def stall(self) -> None:
        """Have the door keep nobody's message, and refuse none."""
        self.door.ever_ill = True
        if self.door.stalled is None:
            self.door.stalled = asyncio.Event()

    def unstall(self) -> None:
        """Have the door do its work again."""
        if self.door.stalled is not None:
            self.door.stalled.set()
            self.door.stalled = None

    def fail(self, **what: bool) -> None:
        """Have the door be unable to do something, or able again."""
        self.door.ever_ill = True
        for name, value in what.items():
            setattr(self.door, name, value)

    def close_house(self) -> None:
        """Have the host go down."""
        self.house.closing = True
        self.talk.retire()

    def make_room(self) -> None:
        """Somebody else wants the place."""
        victim = self.house.idlers.victim(self.loop.now)
        if victim is not None:
            victim.dismiss()

    def reload(self) -> None:
        """Other settings hold from now on."""
        self.house._words = {}  # noqa: SLF001 - those of all others stay
        profile = PROFILES[(PROFILES.index(self.settings.profile) + 1) % len(PROFILES)]
        self.settings = replace(self.settings, profile=profile)
        self.house.reload(self.settings)
        self.house.certificates = Offered()  # type: ignore[assignment]

    def conclude(self) -> bool:
        """Let everything come to rest; say whether the client is still there."""
        self.unstall()
        self.settle()
        self.unchoke()
        self.settle()
        self._deliver()
        there = not self.wire.is_closing()
        if there:
            hold(self.talk.ready and not self._waiting, "all that was said is looked at")
        return there

    def heard(self) -> Heard:
        """Return what the reference has to know."""
        return Heard(
            bytes(self.stream),
            self.events,
            bytes(self.wire.sent),
            self.profile,
            lmtp=self.kind is Kind.LMTP,
            proxied=self.proxied,
            well=not (self.cramped or self.door.ever_ill),
        )

    def close(self) -> None:
        """Drop the client, and see that nothing is left of it."""
        self.wire.abort()
        self.settle()
        self.loop.forward(2 * self.settings.timeout)
        problems, house = self.loop.problems, self.house
        hold(not problems, "nothing fails unseen", problems[:1])
        hold(not house.present and not house.gate.entered, "nobody is left in the house")
        hold(not any(house.budget.used.values()), "all bytes are given back", house.budget.used)
        hold(not len(house.idlers), "nobody who is gone counts as idle")
        hold(self.loop.next_due() is None, "no timer is left")
        self.loop.close()


OPERATIONS: Mapping[str, Callable[[Session], object]] = {
    "t": lambda s: s.loop.forward(1.0),
    "m": lambda s: s.loop.forward(29.0),
    "T": lambda s: s.loop.forward(31.0),
    "H": lambda s: s.loop.forward(4000.0),
    "e": Session.end_input,
    "x": lambda s: s.wire.abort(),
    "s": Session.stall,
    "g": Session.unstall,
    "f": lambda s: s.fail(failing=True),
    "k": lambda s: s.fail(failing=False, probes_failing=False, blind=False),
    "p": lambda s: s.fail(probes_failing=True),
    "l": lambda s: s.fail(blind=True),
    "w": Session.choke,
    "W": Session.unchoke,
    "d": lambda s: s.talk.dismiss(),
    "a": lambda s: s.talk.abort(),
    "r": Session.close_house,
    "v": Session.make_room,
    "R": Session.reload,
    ".": lambda _: None,
}
"""What may happen beside words: time goes by, the client ends, drops or chokes, the door is ill."""


def _steps(data: bytes) -> Iterator[bytes | int]:
    """Yield what is sent in one piece, and the letters of operations."""
    at = 0
    said = bytearray()
    while (found := data.find(ESCAPE, at)) >= 0 and found + 1 < len(data):
        said += data[at:found]
        letter = data[found + 1]
        at = found + 2
        if letter == ESCAPE:
            said.append(ESCAPE)
            continue
        if said:
            yield bytes(said)
            said.clear()
        yield letter
    said += data[at:]
    if said:
        yield bytes(said)


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size or len(data)):
        yield data[at : at + (size or len(data))]


def run(data: bytes) -> None:
    """Hold a session. Raises Finding, or whatever else goes wrong."""
    if len(data) < HEAD_BYTES:
        return
    size = SIZES[data[2] % len(SIZES)]
    session = _held(data, size)
    plain = all(step == ord(".") for step in _steps(data[HEAD_BYTES:]) if isinstance(step, int))
    said = [each.reply[:3] for each in session.events if isinstance(each, Said)]
    if data[2] & 128 and plain and not (session.narrow or "552" in said or b"STARTTLS" in data.upper()):
        hold(_came(session) == _came(_held(data, 0 if size else 1)), "pieces make no difference")


def _held(data: bytes, size: int) -> Session:
    """Return a session that kept to all rules."""
    free, wire.FREE_BYTES = wire.FREE_BYTES, FREE_BYTES
    try:
        session = Session(data[:HEAD_BYTES])
        for step in _steps(data[HEAD_BYTES:]):
            if isinstance(step, int):
                session.operate(step)
            else:
                for piece in _pieces(step, size):
                    session.feed(piece)
        there = session.conclude()
        session.close()
    finally:
        wire.FREE_BYTES = free
    judge(session.heard(), there=there)
    return session


def _came(session: Session) -> list[object]:
    """Return what a session came to, without what is never the same twice."""
    return [
        each.reply[:3]
        if isinstance(each, Said)
        else (each.message.recipients, each.raw)
        if isinstance(each, Given)
        else (each.probe.recipient, each.probe.verb)
        if isinstance(each, Named)
        else each
        for each in session.events
    ]
