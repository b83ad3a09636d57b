"""A session becomes an encrypted one where the host offers it, and its certificate is looked at."""

import ssl
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime

from canary.selftest.client import Wire, fault_of
from canary.selftest.report import Leg, LegState
from canary.selftest.route import Stop

DAYS_TO_RENEW = 14
BROKEN = "see the log of `canary serve` for what is wrong with its certificate"
RENEW = "renew the certificate; `canary serve` takes up new files by itself"
REPLACE = (
    "most senders deliver all the same; some do not: get a certificate for the name that the MX record has, "
    "from an authority that others know"
)


def secured(
    wire: Wire, dial: Callable[[Stop], Wire], *, expected: bool, now: datetime
) -> Generator[Leg, None, Wire]:
    """Yield `tls` and `certificate`, and return the session to go on with; raises OSError.

    Like any mail host this one prefers a bad certificate to clear text, and clear text to no mail (RFC 7435).
    """
    if "STARTTLS" not in wire.extensions:
        state = LegState.FAILED if expected else LegState.SKIPPED
        said = "STARTTLS is not offered: mail comes in clear text"
        yield Leg("tls", state, said, BROKEN if expected else "set sink.tls.cert and sink.tls.key")
        yield Leg("certificate", LegState.SKIPPED, "there is none")
        return wire
    problem = ""
    try:
        try:
            wire.secure(ssl.create_default_context())
        except ssl.SSLCertVerificationError as error:
            problem = error.verify_message
            wire = _again(wire, dial)
            wire.secure(_unverified())
    except OSError as error:
        yield Leg("tls", LegState.FAILED, f"STARTTLS fails: {fault_of(error)}", BROKEN)
        yield Leg("certificate", LegState.SKIPPED, "it was not seen")
        return _again(wire, dial)
    yield from _described(wire, problem, now)
    return wire


def _again(wire: Wire, dial: Callable[[Stop], Wire]) -> Wire:
    wire.close()
    return dial(wire.stop)


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _described(wire: Wire, problem: str, now: datetime) -> Iterator[Leg]:
    if wire.secured is None:
        return
    cipher = wire.secured.cipher()
    yield Leg(
        "tls", LegState.OK, " ".join(filter(None, (wire.secured.version(), cipher[0] if cipher else "")))
    )
    if problem:
        yield Leg("certificate", LegState.WARNED, f"not valid for {wire.stop.name}: {problem}", REPLACE)
        return
    ends = str((wire.secured.getpeercert() or {}).get("notAfter", ""))
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - now
    said = f"valid for {wire.stop.name}, {left.days} days left"
    soon = left.days < DAYS_TO_RENEW
    yield Leg("certificate", LegState.WARNED if soon else LegState.OK, said, RENEW if soon else "")
