"""`canary selftest`: a mail of our own goes the public way, and every leg of it is reported."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated

import typer

from canary import wiring
from canary.address import canonical_domain, split
from canary.cli.context import context_of
from canary.cli.output import print_json, say
from canary.cli.table import print_table
from canary.config import Config
from canary.config.places import endpoint
from canary.errors import CanaryError, ConfigurationError, TemporaryError, UsageError
from canary.metrics.figures import OK, SELFTEST_NOTE
from canary.plant import Planter
from canary.selftest import (
    Errand,
    Expected,
    Leg,
    LegState,
    Report,
    Stop,
    Waiting,
    arrived,
    deliver,
    find,
    letter_to,
    report_json,
    resolver_of,
    walked,
)

COLUMNS = ("leg", "state", "seconds", "what")
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Way:
    """How the letters go: by the MX records that a name server tells of, or straight to one host."""

    via: Stop | None
    nameserver: tuple[str, int] | None
    sender: str
    patience: float


def run(
    context: typer.Context,
    domains: Annotated[
        list[str] | None,
        typer.Option("--domain", help="Only this one of mint.domains; repeatable.", metavar="DOMAIN"),
    ] = None,
    via: Annotated[
        str | None,
        typer.Option("--via", help="Go straight to this host, past DNS.", metavar="HOST:PORT"),
    ] = None,
    nameserver: Annotated[
        str | None,
        typer.Option("--nameserver", help="Ask this name server, not the machine's.", metavar="IP[:PORT]"),
    ] = None,
    sender: Annotated[
        str,
        typer.Option(
            "--from",
            help="Who writes.  [default: postmaster at another one of mint.domains]",
            metavar="ADDRESS",
        ),
    ] = "",
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            help="How long the sending, the keeping and the telling may each take.",
            min=0.1,
            max=3600,
            metavar="SECONDS",
        ),
    ] = PATIENCE,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what is not ok.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Send a mail to ourselves the way a stranger would, and report each leg.

    For each domain: MX, connection, TLS, an unknown recipient, the mail itself, that it was kept, that the
    team was told. The mail goes to a decoy that nobody is ever shown, minted when it is first needed.
    """
    program = context_of(context)
    config = program.config()
    chosen = _chosen(config, domains or [])
    way = Way(_stop(via, config), _nameserver(nameserver), _address(sender), timeout)
    with program.planter() as (planter, _, _):
        reports = []
        for domain in chosen:
            reports.append(_tested(planter, config, domain, way))
            if not as_json:
                _print(reports[-1], quiet=quiet)
        planter.store.set_note(SELFTEST_NOTE, "failed" if any(each.failed for each in reports) else OK)
    if as_json:
        print_json([report_json(report) for report in reports])
    _raise_for(reports)


def _tested(planter: Planter, config: Config, domain: str, way: Way) -> Report:
    """Walk the legs for one domain."""
    at = datetime.now(UTC)
    decoy = planter.selftest_decoy(domain)
    letter = letter_to(decoy, way.sender or f"postmaster@{_other(config, domain)}", at)
    helo = f"mail.{canonical_domain(split(letter.sender)[1])}"
    errand = Errand(letter, planter.stranger(canonical_domain(domain)), helo)
    expected = Expected(config.sink.unknown, tls=bool(config.sink.tls.cert or config.sink.tls.folder))

    def legs() -> Iterator[Leg]:
        if way.via is None:
            resolver = resolver_of(*(way.nameserver or ()))
            stops = yield from find(canonical_domain(domain), resolver)
        else:
            stops = (way.via,)
            yield Leg("mx", LegState.SKIPPED, f"--via {way.via}")
        sent = stops and (yield from deliver(stops, errand, expected, now=at, patience=way.patience))
        if sent:
            channels = wiring.owing_of(config).channels
            waiting = Waiting(way.patience)
            yield from arrived(planter.store, letter, at, channels, config.alert.silence, waiting)

    return Report(domain, at, letter.message_id, decoy.id, tuple(walked(legs())))


def _print(report: Report, *, quiet: bool) -> None:
    legs = [leg for leg in report.legs if not quiet or leg.state in {LegState.WARNED, LegState.FAILED}]
    if not legs:
        return
    say(f"{report.domain}: {'failed' if report.failed else 'ok'}")
    print_table(COLUMNS, map(_row, legs), spare=("seconds",), none="")
    for leg in legs:
        if leg.hint and leg.state is not LegState.SKIPPED:
            say(f"  → {leg.name}: {leg.hint}")


def _row(leg: Leg) -> tuple[str, ...]:
    name = f"{leg.name} {leg.channel}".strip()
    return name, leg.state.value, "-" if leg.state is LegState.SKIPPED else f"{leg.seconds:.3f}", leg.said


def _raise_for(reports: Sequence[Report]) -> None:
    """Raise what ends the command: TemporaryError where every failed leg may heal by itself."""
    failed = [(report.domain, leg) for report in reports for leg in report.failed]
    if not failed:
        return
    domain, leg = next((each for each in failed if not each[1].temporary), failed[0])
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    kind = TemporaryError if leg.temporary else CanaryError
    raise kind(f"the self-test of {domain} failed at `{leg.name}`{more}: {leg.said}", hint=leg.hint)


def _chosen(config: Config, wanted: Sequence[str]) -> list[str]:
    ours = [domain.name for domain in config.mint.domains]
    if not ours:
        raise ConfigurationError("there is no domain to test", hint="set mint.domains")
    for domain in wanted:
        if canonical_domain(domain) not in ours:
            raise UsageError(f"{domain} is none of mint.domains", hint=f"they are {', '.join(ours)}")
    return [canonical_domain(domain) for domain in dict.fromkeys(wanted)] or ours


def _other(config: Config, domain: str) -> str:
    return next((each.name for each in config.mint.domains if each.name != domain), domain)


def _stop(via: str | None, config: Config) -> Stop | None:
    """Return the host to go to; one that is named by its address goes by the sink's own name."""
    if via is None:
        return None
    host, port = _endpoint("--via", via)
    try:
        return Stop(config.sink.hostname, str(ip_address(host)), port)
    except ValueError:
        return Stop(host, host, port)


def _nameserver(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    try:
        return str(ip_address(text)), 53
    except ValueError:
        host, port = _endpoint("--nameserver", text)
    try:
        return str(ip_address(host)), port
    except ValueError:
        raise UsageError(f"--nameserver needs an IP address, not {host}") from None


def _endpoint(flag: str, text: str) -> tuple[str, int]:
    try:
        found = endpoint().parse(text)
    except ValueError:
        found = None
    if found is None or not found.port:
        raise UsageError(f"{flag} needs HOST:PORT", hint=f"e.g. {flag} 192.0.2.1:25 or [::1]:25")
    return found.host, found.port


def _address(text: str) -> str:
    """Return an address that can stand in MAIL FROM. Raises UsageError."""
    local, at, domain = text.rpartition("@")
    if text and not (local and at and domain and text.isascii() and text.isprintable() and "<" not in text):
        raise UsageError("--from needs an address such as postmaster@example.org")
    if " " in text or ">" in text:
        raise UsageError("--from needs an address such as postmaster@example.org")
    return text
