"""One message's questions to DNS, each once, under a count and a deadline."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from canary.origin.domains import MOST_CHARS, MOST_LABEL
from canary.origin.results import Why

if TYPE_CHECKING:
    from dns.resolver import NoNameservers, Resolver

TRY_SECONDS = 1.0
"""How long one name server is waited for before the next is asked, or it again."""

QUESTION_SECONDS = 3.0
EDNS_BYTES = 1232
"""What fits into a UDP datagram anywhere (DNS flag day 2020); a longer answer comes by TCP."""

MOST_RECORDS = 200


class UnansweredError(Exception):
    """DNS was not there, not in time, or had been asked too often: nothing can be said."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class BrokenError(Exception):
    """DNS answered, and the answer is a failure (SERVFAIL, a loop, nonsense): RFC 8601's temperror."""


class Questions(Protocol):
    """Where the checks get DNS records from."""

    def ask(self, name: str, kind: str) -> Sequence[Any]:
        """Return the records' data; none where there are none. Raises UnansweredError, BrokenError."""
        ...


class Lookups:
    """The questions of one message. Not for several threads; what the resolver remembers is for all."""

    def __init__(
        self, resolver: "Resolver | None", seconds: float, most: int, stopped: Callable[[], bool] = bool
    ) -> None:
        self._resolver = resolver
        self._ends = time.monotonic() + seconds
        self._most = [most]
        self._stopped = stopped
        self._seen: dict[tuple[str, str], tuple[Any, ...] | UnansweredError | BrokenError] = {}

    def within(self, seconds: float) -> "Lookups":
        """Return the same with less time, for one of the checks; count and answers are shared."""
        part = Lookups(self._resolver, min(seconds, self.seconds_left), 0, self._stopped)
        part._seen, part._most = self._seen, self._most
        return part

    @property
    def seconds_left(self) -> float:
        """Return how long may still be waited."""
        return max(0.0, self._ends - time.monotonic())

    def ask(self, name: str, kind: str) -> tuple[Any, ...]:
        """Return the data of the records of a name; none if it does not exist or cannot be a name.

        `kind` is A, AAAA, MX, PTR or TXT. Raises UnansweredError, BrokenError.
        """
        question = name.rstrip(".").lower(), kind
        if not _askable(question[0]):
            return ()
        known = self._seen.get(question)
        if known is None:
            known = self._seen[question] = self._asked(*question)
        if isinstance(known, Exception):
            raise known
        return known

    def _asked(self, name: str, kind: str) -> tuple[Any, ...] | UnansweredError | BrokenError:
        if self._resolver is None:
            return UnansweredError(Why.OFFLINE)
        seconds = min(self.seconds_left, QUESTION_SECONDS)
        if seconds <= 0 or self._stopped():
            raise UnansweredError(Why.SLOW)  # not remembered: another check may have time left
        if self._most[0] <= 0:
            raise UnansweredError(Why.CAPPED)
        self._most[0] -= 1
        return _answer(self._resolver, name, kind, seconds)


def resolver_of(nameservers: Sequence[str] = (), port: int = 53) -> "Resolver | None":
    """Return what asks these name servers (addresses), or the machine's own; None if it has none."""
    from dns.exception import DNSException  # noqa: PLC0415 - 0.2 s that only this thread pays
    from dns.resolver import Resolver  # noqa: PLC0415

    from canary.origin.remembered import RememberedAnswers  # noqa: PLC0415 - brings the same

    try:
        resolver = Resolver(configure=not nameservers)
    except (DNSException, OSError):
        return None
    if nameservers:
        resolver.nameservers = list(nameservers)
        resolver.port = port
    resolver.timeout = TRY_SECONDS
    resolver.use_edns(0, 0, EDNS_BYTES)
    resolver.cache = RememberedAnswers()
    return resolver if resolver.nameservers else None


def _answer(
    resolver: "Resolver", name: str, kind: str, seconds: float
) -> tuple[Any, ...] | UnansweredError | BrokenError:
    from dns.exception import DNSException, Timeout  # noqa: PLC0415 - see above
    from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers  # noqa: PLC0415

    try:
        return tuple(resolver.resolve(f"{name}.", kind, lifetime=seconds))[:MOST_RECORDS]
    except (NXDOMAIN, NoAnswer):
        return ()
    except Timeout:
        return UnansweredError(Why.SLOW)
    except NoNameservers as error:
        return UnansweredError(Why.OFFLINE) if _unreachable(error) else BrokenError("DNS failed")
    except (DNSException, OSError, ValueError):
        return BrokenError("DNS answered nonsense")


def _unreachable(error: "NoNameservers") -> bool:
    """Say whether no name server could even be reached."""
    tries = error.kwargs.get("errors", ())
    return bool(tries) and all(isinstance(each[3], OSError) for each in tries)


def _askable(name: str) -> bool:
    labels = name.split(".")
    return (
        name.isascii()
        and len(name) <= MOST_CHARS
        and len(labels) > 1
        and all(0 < len(label) <= MOST_LABEL and label.isprintable() for label in labels)
    )
