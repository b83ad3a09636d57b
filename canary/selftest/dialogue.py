"""A letter goes over the wire, leg by leg, as any mail host would send it."""

import re
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime

from canary.selftest.client import Reply, Wire, dialled, fault_of
from canary.selftest.letter import Letter
from canary.selftest.report import Leg, LegState
from canary.selftest.route import Stop
from canary.selftest.securing import secured

GO_AHEAD = 354
UNREACHED = (
    "see that `canary serve` runs and listens there, and that firewall and address translation let strangers "
    "in; many networks block port 25 outwards: then run this elsewhere, or give --via"
)
BROKEN_OFF = "see the log of `canary serve`, then try again"
TRY_LATER = (
    "its database cannot be read or written now, it greylists this sender (sink.greylist), or a limit is "
    "reached (sink.limits): see the log of `canary serve`, then try again"
)
UNKNOWN_HERE = (
    "it does not know the self-test decoy: see whether the MX leads to this sink, and compare store.url and "
    "keyring.file with those that `canary serve` has"
)
NOT_OURS = "it takes no mail for the domain: compare mint.domains with what `canary serve` was started with"
REFUSED = "see what stands between: another mail host, a firewall that reads along, or a limit of the sink"
TAKES_ALL = (
    "recipients whom nobody has are to be refused (sink.unknown): another mail host in front may take "
    "everything, and then sends bounces to forged senders"
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect of the host: its way with recipients whom nobody has (`sink.unknown`), and TLS."""

    unknown: str = "reject"
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """A letter, an address that nobody has to try before it, and the name to go by."""

    letter: Letter
    stranger: str
    helo: str


def deliver(
    stops: Sequence[Stop], errand: Errand, expected: Expected, *, now: datetime, patience: float
) -> Generator[Leg, None, bool]:
    """Yield the legs from `connect` to `data`, within `patience` seconds; return whether it was taken."""
    deadline = time.monotonic() + patience

    def dial(stop: Stop) -> Wire:
        return dialled(stop, errand.helo, deadline)

    wire = yield from _connected(stops, dial)
    if wire is None:
        return False
    at = "tls"
    try:
        wire = yield from secured(wire, dial, expected=expected.tls, now=now)
        for at, try_leg in LEGS:
            leg = try_leg(wire, errand, expected)
            yield leg
            if leg.state is LegState.FAILED and at != "unknown":
                return False
        wire.quit()
    except OSError as error:
        said = f"the conversation with {wire.stop} broke off: {fault_of(error)}"
        yield Leg(at, LegState.FAILED, said, BROKEN_OFF, temporary=True)
        return False
    finally:
        wire.close()
    return True


def stuffed(raw: bytes) -> bytes:
    """Return a message as it goes out after DATA: dots doubled, the end marked (RFC 5321 section 4.5.2)."""
    body = raw.replace(b"\r\n.", b"\r\n..")
    body = b"." + body if body.startswith(b".") else body
    return (body if body.endswith(b"\r\n") else body + b"\r\n") + b".\r\n"


def _connected(stops: Sequence[Stop], dial: Callable[[Stop], Wire]) -> Generator[Leg, None, Wire | None]:
    faults: list[str] = []
    for stop in stops:
        try:
            wire = dial(stop)
        except OSError as error:
            faults.append(f"{stop}: {fault_of(error)}")
            continue
        said = f"{stop}, {wire.banner}"
        if faults:
            yield Leg("connect", LegState.WARNED, "; ".join([*faults, f"then {said}"]), UNREACHED)
        else:
            yield Leg("connect", LegState.OK, said)
        return wire
    yield Leg("connect", LegState.FAILED, "; ".join(faults), UNREACHED, temporary=True)
    return None


def _unknown(wire: Wire, errand: Errand, expected: Expected) -> Leg:
    """Try somebody whom nobody has: the answer is what a list's verifier would get."""
    reply = wire.say(f"MAIL FROM:<{errand.letter.sender}>")
    if reply.good:
        reply = wire.say(f"RCPT TO:<{errand.stranger}>")
        wire.say("RSET")
    said = f"somebody whom nobody has: {reply}"
    if reply.later:
        return Leg("unknown", LegState.FAILED, said, TRY_LATER, temporary=True)
    if reply.good and expected.unknown == "reject":
        return Leg("unknown", LegState.FAILED, said, TAKES_ALL)
    if not reply.good and expected.unknown == "accept-all":
        return Leg("unknown", LegState.WARNED, said, "sink.unknown is accept-all here, and there it is not")
    return Leg("unknown", LegState.OK, said)


def _recipient(wire: Wire, errand: Errand, _: Expected) -> Leg:
    reply = wire.say(f"MAIL FROM:<{errand.letter.sender}>")
    if reply.good:
        reply = wire.say(f"RCPT TO:<{errand.letter.recipient}>")
    return _answered("recipient", reply, errand)


def _data(wire: Wire, errand: Errand, _: Expected) -> Leg:
    reply = wire.say("DATA")
    if reply.code == GO_AHEAD:
        reply = wire.send(stuffed(errand.letter.raw))
    return _answered("data", reply, errand)


def _answered(name: str, reply: Reply, errand: Errand) -> Leg:
    """Return the leg; a reply may repeat the decoy's address, which has no place in logs."""
    said = re.sub(re.escape(errand.letter.recipient), "the decoy", str(reply), flags=re.IGNORECASE)
    if reply.good:
        return Leg(name, LegState.OK, said)
    if reply.later:
        return Leg(name, LegState.FAILED, said, TRY_LATER, temporary=True)
    words = " ".join(reply.lines)
    hint = UNKNOWN_HERE if "5.1.1" in words else NOT_OURS if "5.7.1" in words else REFUSED
    return Leg(name, LegState.FAILED, said, hint)


LEGS = (("unknown", _unknown), ("recipient", _recipient), ("data", _data))
