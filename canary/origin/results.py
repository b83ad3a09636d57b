"""What the checks of a sender said, in the words of RFC 8601, and what was not evaluated and why."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from canary.origin.domains import organisation

DETAIL_CHARS = 160


class Outcome(StrEnum):
    """A result of RFC 8601 section 2.7, or that there is none."""

    PASS = "pass"  # noqa: S105 - the RFC's word
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    NOT_EVALUATED = "not evaluated"


class Why(StrEnum):
    """Why something was not evaluated: it says nothing about the sender."""

    OFFLINE = "offline"
    SLOW = "slow"
    CAPPED = "capped"
    BUSY = "busy"
    NOT_OURS = "envelope not ours"
    FAULT = "fault"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check said. `domain` is whose word it is, an A-label; `detail` is one short line.

    `field` is the RFC 8601 name of what was checked (`smtp.mailfrom`, `header.d`). `why` is given
    where, and only where, the outcome is that nothing was evaluated.
    """

    method: str
    outcome: Outcome
    field: str = ""
    domain: str = ""
    detail: str = ""
    why: Why | None = None

    @property
    def passed(self) -> bool:
        """Say whether the domain stands behind the message."""
        return self.outcome is Outcome.PASS

    def __str__(self) -> str:
        """Return the result as it would stand in an Authentication-Results field (RFC 8601 section 2.2)."""
        said = self.why.value if self.why else self.detail
        words = f"{self.method}={self.outcome.value}" + (f" ({said})" if said else "")
        return words + (f" {self.field}={self.domain}" if self.field and self.domain else "")


def unevaluated(method: str, why: Why, field: str = "", domain: str = "") -> Result:
    """Return that a check said nothing, and why."""
    return Result(method, Outcome.NOT_EVALUATED, field, domain, why=why)


def told(words: object) -> str:
    """Return words that may be a stranger's as a detail: printable, one line, capped, no parentheses."""
    text = "".join(c if c.isprintable() and c not in "();" else " " for c in str(words)[: 4 * DETAIL_CHARS])
    return " ".join(text.split())[:DETAIL_CHARS]


@dataclass(frozen=True, slots=True)
class Authentication:
    """What is known of who sent a message. `header_from` is the one From domain, "" if there is not one.

    `aligned` names the methods (`spf`, `dkim`) whose domain passed and belongs to the same organisation as
    the From domain (RFC 7489 section 3.1; strictly where its record says so).
    """

    spf: Result
    dkim: tuple[Result, ...]
    dmarc: Result
    header_from: str = ""
    aligned: tuple[str, ...] = ()

    @property
    def authenticated(self) -> tuple[str, ...]:
        """Return the domains that stand behind the message, each once: signers first, then the envelope's."""
        results = (*self.dkim, self.spf)
        return tuple(dict.fromkeys(result.domain for result in results if result.passed and result.domain))

    @property
    def evaluated(self) -> bool:
        """Say whether any check came to a result."""
        return any(result.why is None for result in (self.spf, *self.dkim, self.dmarc))

    def speaks_for(self, domains: Collection[str]) -> bool:
        """Say whether the From domain is of one of these domains' organisations, and was proven to be.

        A From that only says so is a claim and does not count: it needs an aligned SPF or DKIM pass.
        """
        ours = {organisation(domain) for domain in domains} - {""}
        return bool(self.aligned) and organisation(self.header_from) in ours

    @property
    def summary(self) -> str:
        """Return all results on one line, as in an Authentication-Results field without its server."""
        return "; ".join(map(str, (self.spf, *self.dkim, self.dmarc)))


def nothing(why: Why) -> Authentication:
    """Return what is known of a message that was not looked at."""
    return Authentication(unevaluated("spf", why), (unevaluated("dkim", why),), unevaluated("dmarc", why))
