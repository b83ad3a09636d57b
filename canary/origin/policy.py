"""An envelope and the address it came from become what the sender's policy says of it (SPF, RFC 7208)."""

import warnings
from collections.abc import Sequence
from typing import Any

from canary.address import split
from canary.origin.domains import ascii_of
from canary.origin.resolving import BrokenError, Questions, UnansweredError
from canary.origin.results import Outcome, Result, told, unevaluated

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # where it was never compiled, Python complains of its escapes
    import spf  # type: ignore[import-untyped]

MOST_VOID = 2
"""RFC 7208 section 4.6.4; the ten terms that ask DNS, and ten names an mx or ptr, pyspf counts itself."""

MOST_RECORD_BYTES = 4096
MOST_TERM_BYTES = 512
"""Some of pyspf's patterns take the square of a term's length."""

MOST_SENDER_CHARS = 320
OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def spf_result(ip: str, mail_from: str, helo: str, questions: Questions) -> Result:
    """Return whether the domain of the envelope sender lets this address send (RFC 7208 section 2.6).

    A null sender is judged by its HELO name (section 2.4). Raises nothing of its own making, but lets
    unforeseen errors of the library through.
    """
    name, field = (split(mail_from)[1], "smtp.mailfrom") if mail_from else (helo, "smtp.helo")
    domain = ascii_of(name[:MOST_SENDER_CHARS])
    if "." not in domain:
        return Result("spf", Outcome.NONE, field, domain, "no domain to ask")
    sender = f"{split(mail_from)[0][:64] or 'postmaster'}@{domain}"
    try:
        query = _Query(questions, ip, sender, ascii_of(helo[:MOST_SENDER_CHARS]) or "unknown")
        said, _, words = query.check()
    except UnansweredError as error:
        return unevaluated("spf", error.why, field, domain)
    except BrokenError as error:
        return Result("spf", Outcome.TEMPERROR, field, domain, told(error))
    except spf.PermError as error:
        return Result("spf", Outcome.PERMERROR, field, domain, told(error))
    outcome = OUTCOMES.get(said, Outcome.PERMERROR)
    errors = outcome in {Outcome.TEMPERROR, Outcome.PERMERROR}
    return Result("spf", outcome, field, domain, told(words) if errors else told(query.mechanism or ""))


class _Query(spf.query):  # type: ignore[misc]
    """A query of pyspf that asks our questions instead of the module's global resolver."""

    def __init__(self, questions: Questions, ip: str, sender: str, helo: str) -> None:
        super().__init__(i=ip, s=sender, h=helo, receiver="unknown")
        self._questions = questions

    def dns(self, name: object, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """Return the records of a name as pyspf wants them; aliases were followed by the resolver."""
        del cnames
        found = [_plain(record, qtype) for record in self._questions.ask(str(name), qtype)]
        if qtype == "TXT":
            found = [strings for strings in found if _is_bearable(strings)]
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > MOST_VOID:
                raise spf.PermError(f"more than {MOST_VOID} questions without an answer")
        return found

    def get_explanation(self, _spec: object) -> None:
        """Fetch nothing: the explanation is the sender's text, and nobody is shown it."""
        return


def _plain(record: Any, kind: str) -> Any:
    match kind:
        case "A" | "AAAA":
            return record.address
        case "MX":
            return record.preference, str(record.exchange)
        case "PTR":
            return str(record.target).rstrip(".")
    return record.strings


def _is_bearable(strings: Sequence[bytes]) -> bool:
    """Say whether a text record is no policy, or one of a length that may be read; raises PermError else."""
    text = b"".join(strings)
    if not text.lower().startswith(b"v=spf1"):
        return True
    if len(text) > MOST_RECORD_BYTES or max(map(len, text.split(b" "))) > MOST_TERM_BYTES:
        raise spf.PermError("the policy is too long")
    return True
