"""What passed and the From domain become whether its owner stands behind it (DMARC, RFC 7489)."""

from collections.abc import Sequence

from canary.origin.domains import organisation
from canary.origin.fields import VALUE_CHARS, Head, mailboxes
from canary.origin.resolving import BrokenError, Questions, UnansweredError
from canary.origin.results import Authentication, Outcome, Result, Why, told, unevaluated

MOST_RECORD_BYTES = 4096
POLICIES = frozenset({"none", "quarantine", "reject"})


def from_domain(head: Head) -> tuple[str, str]:
    """Return the one From domain in ASCII, or "" and why there is not one (RFC 7489 section 6.6.1)."""
    fields = head.all("from")
    whole = len(fields) == 1 and len(fields[0].value) < VALUE_CHARS
    found = mailboxes(fields[0].text) if whole else ()
    domains = {mailbox.name.ascii for mailbox in found}
    if len(domains) == 1:
        return domains.pop(), ""
    if fields and len(fields[0].value) >= VALUE_CHARS:
        return "", "From is too long"
    if len(fields) > 1:
        return "", f"{len(fields)} From fields"
    return "", f"{len(domains)} domains in From" if domains else "no From address"


def aligned(spf: Result, dkim: Sequence[Result], header_from: str, strict: str = "") -> tuple[str, ...]:
    """Return the methods whose passing domain is of the From domain's organisation (RFC 7489 section 3.1).

    `strict` holds the methods for which only the very domain will do.
    """

    def fits(method: str, domain: str) -> bool:
        if method in strict.split():
            return domain == header_from
        return bool(organisation(domain)) and organisation(domain) == organisation(header_from)

    passed = [result for result in (spf, *dkim) if result.passed and fits(result.method, result.domain)]
    return tuple(dict.fromkeys(result.method for result in passed))


def authenticated(spf: Result, dkim: tuple[Result, ...], head: Head, questions: Questions) -> Authentication:
    """Return everything that is known of a sender, after asking for the policy of the From domain."""
    if head.capped:  # another From may stand behind what was read
        return Authentication(spf, dkim, unevaluated("dmarc", Why.CAPPED, "header.from"))
    header_from, fault = from_domain(head)
    if not header_from:
        return Authentication(spf, dkim, Result("dmarc", Outcome.PERMERROR, detail=fault))
    relaxed = aligned(spf, dkim, header_from)
    try:
        tags = _record(header_from, questions)
    except UnansweredError as error:
        dmarc = unevaluated("dmarc", error.why, "header.from", header_from)
        return Authentication(spf, dkim, dmarc, header_from, relaxed)
    except BrokenError as error:
        dmarc = Result("dmarc", Outcome.TEMPERROR, "header.from", header_from, told(error))
        return Authentication(spf, dkim, dmarc, header_from, relaxed)
    if not tags:
        dmarc = Result("dmarc", Outcome.NONE, "header.from", header_from)
        return Authentication(spf, dkim, dmarc, header_from, relaxed)
    modes = (("spf", tags.get("aspf")), ("dkim", tags.get("adkim")))
    strict = " ".join(method for method, mode in modes if mode == "s")
    methods = aligned(spf, dkim, header_from, strict)
    policy = tags.get("p", "none")
    detail = f"p={policy if policy in POLICIES else 'none'}"
    dmarc = Result("dmarc", _outcome(methods, spf, dkim), "header.from", header_from, detail)
    return Authentication(spf, dkim, _explained(dmarc, spf, dkim), header_from, methods)


def _outcome(methods: tuple[str, ...], spf: Result, dkim: Sequence[Result]) -> Outcome:
    if methods:
        return Outcome.PASS
    if any(result.outcome is Outcome.TEMPERROR for result in (spf, *dkim)):
        return Outcome.TEMPERROR
    return Outcome.NOT_EVALUATED if any(result.why for result in (spf, *dkim)) else Outcome.FAIL


def _explained(dmarc: Result, spf: Result, dkim: Sequence[Result]) -> Result:
    """Return a result that says why it is none, where another check said nothing: it might have passed."""
    if dmarc.outcome is not Outcome.NOT_EVALUATED:
        return dmarc
    why = next(result.why for result in (spf, *dkim) if result.why)
    return unevaluated("dmarc", why, dmarc.field, dmarc.domain)


def _record(domain: str, questions: Questions) -> dict[str, str]:
    """Return the tags of the policy of a domain, or of its organisation (RFC 7489 section 6.6.3)."""
    for name in dict.fromkeys((domain, organisation(domain))):
        if not name:
            continue
        texts = [b"".join(record.strings) for record in questions.ask(f"_dmarc.{name}", "TXT")]
        policies = [text for text in texts if text.startswith(b"v=DMARC1") and len(text) <= MOST_RECORD_BYTES]
        if policies:
            return _tags(policies[0]) if len(policies) == 1 else {}
    return {}


def _tags(record: bytes) -> dict[str, str]:
    pairs = (term.partition("=") for term in record.decode("ascii", "replace").split(";")[:50])
    return {name.strip().lower(): value.strip().lower() for name, equals, value in pairs if equals}
