"""What a client sent, and what it heard, become a judgement: a second, simpler reading of RFC 5321.

It reads the stream of bytes by itself, line by line, and lets the replies say only which commands were
taken, never where anything begins or ends.
"""

import re
from dataclasses import dataclass, field

from canary.address import canonical
from canary.model import Message
from canary.sink.proxy import Header, ProxyError, parse
from scripts.fuzzing.finding import hold
from scripts.fuzzing.heard import Event, Given, Heard, Kept, Looked, Named, Refused, Said

LINE_BYTES = 2048
LARGEST = 20_000
FORBIDDEN = re.compile(rb"canary|python|aiosmtpd|asyncio|traceback|sqlite", re.IGNORECASE)
WELL_FORMED = re.compile(r"(\d{3})(?:-[^\x00-\x1f\x7f]*\r\n\1)*(?: [^\x00-\x1f\x7f]*)")
CHUNK = re.compile(rb"([0-9]{1,18})(?: +(LAST))?", re.IGNORECASE)
LAST_WORDS = ("421", "552")
TAKEN = frozenset(
    {
        *(b"HELO", b"EHLO", b"LHLO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"VRFY", b"HELP", b"QUIT"),
        *(b"STARTTLS", b"XFORWARD"),
    }
)
RESETS = frozenset({b"EHLO", b"HELO", b"LHLO", b"RSET"})


@dataclass
class Envelope:
    """A transaction. `chunks` holds what came by BDAT; `lives` the decoys among the accepted."""

    accepted: list[str] = field(default_factory=list)
    chunks: bytes | None = None


@dataclass
class Judge:
    """Walks along the stream with the replies.

    `open` holds the decoys that were named and came to nothing yet.
    """

    heard: Heard
    at: int = 0
    envelope: Envelope | None = None
    spoilt: bool = False
    open: dict[str, str] = field(default_factory=dict)
    verified: set[str] = field(default_factory=set)
    turns: list[tuple[Said, list[Event]]] = field(default_factory=list)
    rest: list[Event] = field(default_factory=list)
    unanswered: bool = False
    given: Message | None = None

    def __post_init__(self) -> None:
        for event in self.heard.events:
            if isinstance(event, Said):
                self.turns.append((event, self.rest))
                self.rest = []
            else:
                self.rest.append(event)
        self.turns.reverse()

    def walk(self) -> bool:
        """Account for every reply; say whether all commands that are complete were answered."""
        stream = self.heard.stream
        if self.heard.proxied and not self._skip_header():
            hold(not self.turns, "nobody is answered before the proxy has spoken")
            return True
        if not self.turns:
            return not stream
        greeting, _ = self.turns.pop()
        if greeting.reply[:3] != "220":
            return self._last()
        while (end := stream.find(b"\n", self.at)) >= 0:
            line = stream[self.at : end][:LINE_BYTES].rstrip(b" \t\r")
            self.at = end + 1
            if not self._command(line):
                break
        return self._last()

    def _skip_header(self) -> bool:
        try:
            header = parse(self.heard.stream)
        except ProxyError:
            return False
        if isinstance(header, Header):
            self.at = header.length
        return header is not None

    def _last(self) -> bool:
        """Account for a last word that no command asked for."""
        hold(len(self.turns) <= 1, "no reply without a command", [said.reply for said, _ in self.turns])
        if self.turns:
            said, events = self.turns.pop()
            hold(said.reply.startswith(LAST_WORDS), "only a last word is said unasked", said.reply)
            self._note(events, b"")
        self._trailing(b"")
        return not self.unanswered

    def _trailing(self, line: bytes) -> None:
        self._note(self.rest, self._verb(line)[0])
        self.rest = []

    def _verb(self, line: bytes) -> tuple[bytes, bytes]:
        """Return the command in a line and what follows it; b"" where this host looks at neither."""
        if self.heard.profile == "postfix":
            try:
                line.decode()
            except UnicodeDecodeError:
                return b"", b""
        elif b"\0" in line:
            return b"", b""
        line = line.partition(b"\0")[0]
        if self.heard.profile != "exim":
            line = line.replace(b"\t", b" ").lstrip(b" ")
        verb, _, rest = line.rstrip(b" ").partition(b" ")
        return bytes(verb).upper(), rest.strip(b" ")

    def _command(self, line: bytes) -> bool:  # noqa: C901 - the commands of RFC 5321 are as many
        """Account for a command and its reply; say whether any other is to be expected."""
        verb, argument = self._verb(line)
        chunk = CHUNK.fullmatch(argument) if verb == b"BDAT" else None
        size, last = 0, False
        if chunk is not None:
            size, last = int(chunk[1]), chunk[2] is not None
            if self.at + size > len(self.heard.stream):
                return self._unread(size)
        if not self.turns:
            self._trailing(line)
            self.unanswered = True
            return False
        said, events = self.turns.pop()
        code = said.reply[:3]
        self._check(said.reply, line)
        lookups = self._note(events, verb)
        if chunk is not None:
            return self._chunk(said, events, size, last=last)
        hold(
            code[0] in "45" or code == "221" or verb in TAKEN, "no other command is taken", (line, said.reply)
        )
        hold(not any(isinstance(event, Given) for event in events), "no message without its end", line)
        match verb, code:
            case b"MAIL", "250":
                hold(self.envelope is None and not self.spoilt, "no transaction within another")
                self.envelope = Envelope()
            case b"RCPT", "250":
                hold(self.envelope is not None and self.envelope.chunks is None, "no recipient without MAIL")
                hold(len(lookups) == 1, "a recipient is looked up once", lookups)
                if self.envelope is not None:
                    self.envelope.accepted.append(lookups[0])
            case b"STARTTLS", "220":
                self._forget()
                self.at = said.sent
            case _, "354":
                hold(verb == b"DATA", "only DATA begins a message", line)
                return self._body()
            case _, "250" if verb in RESETS:
                self._forget()
            case _:
                pass
        return True

    def _unread(self, size: int) -> bool:
        """Account for a chunk whose end has not come: it is not answered, or is the end."""
        self.at = len(self.heard.stream)
        hold(len(self.turns) <= 1, "no chunk is answered before its end", size)
        if self.turns:
            _, events = self.turns.pop()
            self._note(events, b"BDAT")
        return False

    def _forget(self) -> None:
        self.envelope, self.spoilt = None, False

    def _body(self) -> bool:
        """Account for a message that comes by DATA."""
        envelope = self.envelope
        hold(envelope is not None and envelope.accepted, "no message without recipients")
        hold(envelope is not None and envelope.chunks is None, "no DATA after BDAT")
        before = b"\r\n" + self.heard.stream[self.at :]
        end = before.find(b"\r\n.\r\n")
        if end < 0:
            self.at = len(self.heard.stream)
            return False
        self.at += end + 3
        lines = before[2 : end + 2].split(b"\r\n")
        plain = b"\r\n".join(line[1:] if line[:1] == b"." else line for line in lines)
        return self._end(plain, end)

    def _chunk(self, said: Said, events: list[Event], size: int, *, last: bool) -> bool:
        """Account for a chunk, `said` being the reply to it."""
        self.at += size
        envelope, code = self.envelope, said.reply[:3]
        begun = envelope is not None and envelope.chunks is not None
        ended = any(isinstance(event, Given) for event in events) or code in {"451", "452"}
        if ended and envelope is not None:
            whole = (envelope.chunks or b"") + self.heard.stream[self.at - size : self.at]
            self.turns.append((said, events))
            return self._end(whole, len(whole), noted=True)
        if code == "250":
            hold(envelope is not None and envelope.accepted and not last, "no chunk without recipients", said)
            if envelope is not None:
                envelope.chunks = (envelope.chunks or b"") + self.heard.stream[self.at - size : self.at]
            return True
        if begun or last or self.spoilt:
            self.envelope = None
        self.spoilt = not last and self.heard.profile != "exim"
        return True

    def _end(self, raw: bytes, wire_bytes: int, *, noted: bool = False) -> bool:
        """Account for the replies to a whole message: 250 if and only if it is kept.

        Hung up on before the host took it up, it is none to the host, and its decoys are probes.
        """
        envelope, taken_up = self.envelope or Envelope(), False
        wanted = len(envelope.accepted) if self.heard.lmtp else 1
        for number in range(wanted):
            if not self.turns:
                self.unanswered = True
                self._trailing(b"")
                self._postpone(envelope)
                return False
            said, events = self.turns.pop()
            code = said.reply[:3]
            taken_up = taken_up or any(isinstance(event, Given) for event in events)
            if number == 0:
                if not noted:
                    self._note(events, b"")
                self._one(said, events, raw, envelope)
                if self.heard.well and wire_bytes <= LARGEST:
                    hold(code in {"250", "421"}, "who can keep a message keeps it", said.reply)
            if code == "421":
                if taken_up:
                    self._postpone(envelope)
                return False
        self.envelope = None
        return True

    def _one(self, said: Said, events: list[Event], raw: bytes, envelope: Envelope) -> None:
        given = [event for event in events if isinstance(event, Given)]
        if said.reply[:3] in {"451", "452"}:
            self._postpone(envelope)
        kept = [event for event in events if isinstance(event, Kept)]
        hold(len(given) <= 1 and len(kept) <= len(given), "a message is kept once", said.reply)
        hold(said.reply[:1] != "2" or kept, "nothing is acknowledged that is not kept", said.reply)
        hold(said.reply[:3] in {"250", "421"} or not kept, "what is kept is acknowledged", said.reply)
        for one in given:
            hold(one.raw == raw, "the bytes that were sent are those that are kept", (one.raw, raw))
            recipients = tuple(dict.fromkeys(envelope.accepted))
            hold(
                one.message.recipients == recipients,
                "the recipients are those that were accepted",
                recipients,
            )

    def _postpone(self, envelope: Envelope) -> None:
        """Account for the decoys of a message that the sender has to send again: they are no probes yet."""
        for address in envelope.accepted:
            self.open.pop(canonical(address), None)

    def _check(self, reply: str, line: bytes) -> None:
        hold(WELL_FORMED.fullmatch(reply), "replies are well formed", reply)
        longest = max(map(len, reply.encode().split(b"\r\n"))) + 2
        hold(longest <= 512 + 2 * len(line), "replies are at most as long as RFC 5321 says", longest)
        found = FORBIDDEN.search(reply.encode())
        hold(not found or found[0].lower() in self.heard.stream.lower(), "no word of who we are", reply)

    def _note(self, events: list[Event], verb: bytes) -> list[str]:
        """Take in what the door was asked before a reply; return the addresses that were looked up."""
        lookups = []
        for event in events:
            match event:
                case Looked(address, live):
                    lookups.append(address)
                    if live and not (verb == b"VRFY" and canonical(address) in self.verified):
                        self.open[canonical(address)] = verb.decode("latin-1")
                case Named(probe):
                    decoy = canonical(probe.recipient)
                    hold(decoy in self.open, "no probe of what was not named", (probe.recipient, probe.verb))
                    del self.open[decoy]
                    if probe.verb == "VRFY":
                        self.verified.add(decoy)
                case Given(message):
                    self.given = message
                case Kept() | Refused() if self.given is not None:
                    for recipient in self.given.recipients:
                        self.open.pop(canonical(recipient), None)
                case _:
                    pass
        return lookups


def judge(heard: Heard, *, there: bool) -> None:
    """Raise Finding unless a session kept to the rules; `there` says that the client stayed to its end."""
    walker = Judge(heard)
    answered = walker.walk()
    hold(answered or not there, "every command is answered")
    said = "".join(f"{each.reply}\r\n" for each in heard.events if isinstance(each, Said)).encode()
    hold(said.startswith(heard.sent), "what is said is what is sent", (said[-80:], heard.sent[-80:]))
    hold(not walker.open, "no decoy that was named is lost", walker.open)
