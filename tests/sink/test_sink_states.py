"""A session in any order of commands, beside a simple reference of RFC 5321 section 4.1.4 and RFC 3030."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

ANNA, BEN = "anna.reed@example.net", "ben.ward@example.net"
LIVE = (ANNA, BEN, "Anna.Reed+x@Example.Net")
UNKNOWN, ROLE, FOREIGN = "nobody@example.net", "postmaster@example.org", "x@elsewhere.example"
ERRORS = 20
TOO_MANY = "421"


def decoy_of(address: str) -> str:
    return address.lower().replace("+x", "")


@dataclass(frozen=True)
class Command:
    """What a client says. `body` is what follows DATA where that is granted, and the chunk of BDAT always."""

    verb: str
    argument: str = ""
    body: bytes = b""

    @property
    def line(self) -> bytes:
        return f"{self.verb} {self.argument}".strip().encode() + b"\r\n"


@dataclass
class Reference:
    """The states of RFC 5321: no transaction, an envelope, or chunks; and what came of all that."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    chunks: bytes | None = None
    spoilt: bool = False
    errors: int = 0
    named: dict[str, str] = field(default_factory=dict)
    verified: set[str] = field(default_factory=set)
    messages: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)
    probes: Counter[tuple[str, str]] = field(default_factory=Counter)
    strays: int = 0
    over: bool = False

    def hear(self, command: Command) -> list[str]:
        """Return how the replies to a command begin, the last word among them, and take it in."""
        codes = getattr(self, f"_{command.verb.lower()}", self._rubbish)(command)
        if codes[-1][0] in "45":
            self.errors += 1
            if self.errors >= ERRORS:
                self.leave()
                return [*codes, TOO_MANY]
        return codes

    def leave(self) -> None:
        """End the session."""
        self._end()
        self.over = True

    def _end(self) -> None:
        for decoy, verb in self.named.items():
            if verb == "VRFY":
                if decoy in self.verified:
                    continue
                self.verified.add(decoy)
            self.probes[decoy, verb] += 1
        self.named.clear()
        self.sender, self.chunks, self.spoilt, self.recipients = None, None, False, []

    def _keep(self, raw: bytes) -> None:
        self.messages.append((self.sender or "", tuple(dict.fromkeys(self.recipients)), raw))
        for recipient in self.recipients:
            self.named.pop(decoy_of(recipient), None)
        self.errors = 0
        self._end()

    def _helo(self, _: Command) -> list[str]:
        self._end()
        return ["250"]

    _ehlo = _rset = _helo

    def _mail(self, command: Command) -> list[str]:
        if self.sender is not None or self.spoilt:
            return ["503"]
        self.sender = command.argument.removeprefix("FROM:<").removesuffix(">")
        return ["250"]

    def _rcpt(self, command: Command) -> list[str]:
        address = command.argument.removeprefix("TO:<").removesuffix(">")
        if self.sender is None or self.chunks is not None:
            return ["503"]
        if address in LIVE or address == ROLE:
            self.recipients.append(address)
            if address in LIVE:
                self.named[decoy_of(address)] = "RCPT"
            return ["250"]
        self.strays += address == UNKNOWN
        return ["550 5.1.1" if address == UNKNOWN else "554 5.7.1"]

    def _vrfy(self, command: Command) -> list[str]:
        if command.argument in LIVE:
            self.named.setdefault(decoy_of(command.argument), "VRFY")
            return ["252"]
        self.strays += 1
        return ["550 5.1.1"]

    def _data(self, command: Command) -> list[str]:
        if self.sender is None or self.chunks is not None or self.spoilt:
            return ["503"]
        if not self.recipients:
            return ["554"]
        self._keep(command.body)
        return ["354", "250 2.0.0 Ok: queued as "]

    def _bdat(self, command: Command) -> list[str]:
        last, refusal = command.argument.endswith("LAST"), ""
        if (not command.body and not last) or self.spoilt:
            refusal = "551"
        elif self.sender is None:
            refusal = "503"
        elif not self.recipients:
            refusal = "554"
        if not refusal:
            self.chunks = (self.chunks or b"") + command.body
            if last:
                self._keep(self.chunks)
            return ["250"]
        if self.chunks is not None:
            self.named |= {decoy_of(each): "DATA" for each in self.recipients if each in LIVE}
            self._end()
        elif last or self.spoilt:
            self._end()
        self.spoilt = not last
        return [refusal]

    def _noop(self, _: Command) -> list[str]:
        return ["250"]

    def _quit(self, _: Command) -> list[str]:
        self.leave()
        return ["221"]

    def _rubbish(self, _: Command) -> list[str]:
        return ["500"]


bodies = st.lists(
    st.sampled_from([b"Subject: hi", b"", b".", b"..x", b"a\nb", b"\r.", b"QUIT"]), max_size=4
).map(lambda lines: b"".join(line + b"\r\n" for line in lines))
recipients = st.sampled_from([*LIVE, UNKNOWN, ROLE, FOREIGN])
chunks = st.tuples(st.sampled_from([b"", b"x", b"a\r\n.\r\n", b"QUIT\r\n"]), st.booleans())
commands = st.one_of(
    st.sampled_from(["HELO", "EHLO"]).map(lambda verb: Command(verb, "client.example")),
    st.sampled_from(["", "a@shop.example"]).map(lambda sender: Command("MAIL", f"FROM:<{sender}>")),
    recipients.map(lambda address: Command("RCPT", f"TO:<{address}>")),
    recipients.map(lambda address: Command("RCPT", f"TO:<{address}>")),
    st.sampled_from([*LIVE, UNKNOWN]).map(lambda address: Command("VRFY", address)),
    bodies.map(lambda body: Command("DATA", body=body)),
    chunks.map(lambda each: Command("BDAT", f"{len(each[0])}{' LAST' * each[1]}", each[0])),
    st.sampled_from(
        [
            Command("QUIT"),
            Command("RSET"),
            Command("NOOP"),
            Command("NOOP", "x"),
            Command("FROB", "x"),
            Command("EHLOX"),
        ]
    ),
)


class Sessions(RuleBasedStateMachine):
    """One client after another with one host; each reply and all that reaches the door is predicted."""

    def __init__(self, new_host: Callable[[], Any]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.host = new_host()
        self.run(self.host.open())
        self.client: Any = None
        self.past = Reference()
        self.session = Reference()

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.host.close())
        self.runner.close()

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    @rule(group=st.lists(commands, min_size=1, max_size=6))
    def say_at_once(self, group: list[Command]) -> None:
        """Say some things in one packet, as if their answers did not matter."""
        self.run(self._say(group))

    @rule(
        to=st.lists(recipients, min_size=1, max_size=3),
        command=bodies.map(lambda body: Command("DATA", body=body)),
    )
    def send(self, to: list[str], command: Command) -> None:
        """Send a message as clients do, one command after another."""
        opening = [Command("RSET"), Command("MAIL", "FROM:<a@shop.example>")]
        for each in (*opening, *(Command("RCPT", f"TO:<{address}>") for address in to), command):
            if not self.session.over:
                self.run(self._say([each]))

    @rule(within=st.booleans(), ended=st.booleans())
    def vanish(self, within: bool, ended: bool) -> None:
        """Drop the connection, or end our side of it, within a message or not."""
        self.run(self._vanish(within=within, ended=ended))

    async def _begin(self) -> None:
        self.client = await self.host.client()
        assert (await self.client.reply()).startswith("220 ")
        self.session = Reference(
            messages=self.past.messages, probes=self.past.probes, strays=self.past.strays
        )

    async def _say(self, group: list[Command]) -> None:
        said, expected = b"", []
        for command in group:
            codes = self.session.hear(command)
            said += command.line
            if command.verb == "BDAT":
                said += command.body
            elif codes[0] == "354":
                said += stuffed(command.body)
                said += b".\r\n"
            expected += codes
            if self.session.over:
                break
        await self.client.send(said)
        for code in expected:
            reply = await self.client.reply()
            assert reply.startswith(code), (group, expected, reply)
        if self.session.over:
            assert await self.client.closed()
            await self._end()
        await self._compare()

    async def _vanish(self, *, within: bool, ended: bool) -> None:
        if within and self.session.recipients and self.session.chunks is None and not self.session.spoilt:
            assert (await self.client.say("DATA")).startswith("354")
            await self.client.send(b"Subject: hi\r\n")
            lives = [decoy_of(each) for each in self.session.recipients if each in LIVE]
            self.session.named |= dict.fromkeys(lives, "DATA")
        self.session.leave()
        if ended:
            self.client.writer.write_eof()
            assert await self.client.closed()
        else:
            self.client.drop()
        await self._end()
        await self._compare()

    async def _end(self) -> None:
        self.client.drop()
        await self.host.emptied()
        self.past = self.session
        await self._begin()

    async def _compare(self) -> None:
        """See that the door was given what it had to be given, and nothing else."""
        door, wanted = self.host.door, self.session
        assert [(m.mail_from, m.recipients, m.raw) for m in door.messages] == wanted.messages
        async with asyncio.timeout(60):
            while sum(wanted.probes.values()) > len(door.probes):  # noqa: ASYNC110 - the product has no event for its tests
                await asyncio.sleep(0.001)
        assert Counter((decoy_of(p.recipient), p.verb.value) for p in door.probes) == wanted.probes
        assert len(door.strays) == wanted.strays


def stuffed(body: bytes) -> bytes:
    """Return a body with a dot before every line that begins with one (RFC 5321 section 4.5.2)."""
    return b"\r\n".join(b"." + line if line[:1] == b"." else line for line in body.split(b"\r\n"))


@pytest.mark.usefixtures("prompt")
def test_any_order_of_commands_is_answered_as_the_reference_says(new_host: Callable[..., Any]) -> None:
    """Whatever is said in whatever order, replies, messages, probes and strays were foreseen."""
    machine = settings(
        max_examples=25,
        stateful_step_count=25,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    factory: Any = lambda: Sessions(new_host)  # noqa: E731 - a machine is made without arguments
    run_state_machine_as_test(factory, settings=machine)
