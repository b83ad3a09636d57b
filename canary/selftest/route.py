"""A domain becomes the hosts that take mail for it, as any sender finds them (RFC 5321 section 5.1)."""

from collections.abc import Generator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from canary.errors import ConfigurationError
from canary.selftest.report import Leg, LegState

if TYPE_CHECKING:
    from dns.resolver import Resolver

SMTP_PORT = 25
DNS_PORT = 53
LIFETIME_SECONDS = 10.0
MOST_HOSTS = 20
RECORD = "publish an MX record for the domain that names this host, and an address record for that name"


@dataclass(frozen=True, slots=True)
class Stop:
    """One address to try; `name` is the host's, which its certificate is to be valid for."""

    name: str
    address: str
    port: int = SMTP_PORT

    def __str__(self) -> str:
        """Return name, address and port."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return (
            f"{address}:{self.port}" if self.name == self.address else f"{self.name} ({address}:{self.port})"
        )


def resolver_of(nameserver: str = "", port: int = DNS_PORT) -> "Resolver":
    """Return what asks a name server, or the machine's own ones. Raises ConfigurationError without any."""
    from dns.resolver import NoResolverConfiguration, Resolver  # noqa: PLC0415 - only self-tests pay for it

    try:
        resolver = Resolver(configure=not nameserver)
    except NoResolverConfiguration:
        raise ConfigurationError(
            "this machine has no name server to ask", hint="give --nameserver, or --via to need none"
        ) from None
    if nameserver:
        resolver.nameservers = [str(ip_address(nameserver))]
        resolver.port = port
    resolver.lifetime = LIFETIME_SECONDS
    return resolver


def find(domain: str, resolver: "Resolver", port: int = SMTP_PORT) -> Generator[Leg, None, tuple[Stop, ...]]:
    """Yield the leg `mx` and return where to go, the most preferred host first; nowhere if it failed."""
    from dns.exception import DNSException  # noqa: PLC0415 - see above
    from dns.resolver import NXDOMAIN  # noqa: PLC0415

    try:
        names, implicit = _exchanges(domain, resolver)
        found = [(name, _addresses(name, resolver)) for name in names]
    except NXDOMAIN:
        yield _failed(f"{domain} does not exist", "register the domain, or take it out of mint.domains")
        return ()
    except DNSException as error:
        hint = "see whether the domain's name servers answer: dig MX " + domain
        yield _failed(f"no answer about {domain}: {_said(error)}", hint, temporary=True)
        return ()
    stops = tuple(Stop(name, address, port) for name, addresses in found for address in addresses)
    lost = [name for name, addresses in found if not addresses]
    if not names:
        yield _failed(f"{domain} takes no mail: its MX is null (RFC 7505)", RECORD)
    elif not stops:
        yield _failed(f"{', '.join(lost)} of {domain} has no address", RECORD)
    elif implicit:
        said = f"no MX record; {domain} itself has an address, which senders take instead"
        yield Leg("mx", LegState.WARNED, said, RECORD)
    elif lost:
        yield Leg("mx", LegState.WARNED, f"{', '.join(lost)} has no address; {_shown(stops)}", RECORD)
    else:
        yield Leg("mx", LegState.OK, _shown(stops))
    return stops


def _exchanges(domain: str, resolver: "Resolver") -> tuple[list[str], bool]:
    """Return the names of the mail hosts, and whether the domain stands in for an MX that is not there."""
    from dns.resolver import NoAnswer  # noqa: PLC0415 - see above

    try:
        records = sorted(resolver.resolve(f"{domain}.", "MX"), key=lambda record: record.preference)
    except NoAnswer:
        return [domain], True
    names = [str(record.exchange).rstrip(".") for record in records]
    return [name for name in dict.fromkeys(names) if name][:MOST_HOSTS], False


def _addresses(name: str, resolver: "Resolver") -> list[str]:
    from dns.resolver import NXDOMAIN, NoAnswer  # noqa: PLC0415 - see above

    found: list[str] = []
    for kind in ("AAAA", "A"):
        try:
            found += [record.address for record in resolver.resolve(f"{name}.", kind)]
        except (NXDOMAIN, NoAnswer):
            continue
    return found


def _shown(stops: tuple[Stop, ...]) -> str:
    return ", ".join(map(str, stops[:4])) + (f" and {len(stops) - 4} more" if len(stops) > 4 else "")  # noqa: PLR2004


def _failed(said: str, hint: str, *, temporary: bool = False) -> Leg:
    return Leg("mx", LegState.FAILED, said, hint, temporary=temporary)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
