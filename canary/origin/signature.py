"""A message's signatures become whose domains stand behind it (DKIM, RFC 6376), under caps."""

import base64
import binascii
import logging
import re
from collections.abc import Iterator
from typing import Any

import dkim  # type: ignore[import-untyped]
from dkim.crypto import (  # type: ignore[import-untyped]
    UnparsableKeyError,
    parse_public_key,
)
from dkim.util import InvalidTagValueList, parse_tag_value  # type: ignore[import-untyped]

from canary.keyring import is_signed
from canary.origin.domains import ascii_of
from canary.origin.fields import MOST_FIELDS, Head
from canary.origin.resolving import BrokenError, Questions, UnansweredError
from canary.origin.results import Outcome, Result, Why, told, unevaluated

MOST_SIGNATURES = 4
MOST_SIGNATURE_BYTES = 4096
MOST_SIGNED_FIELDS = 200
MOST_BYTES = 12 * 1024 * 1024
MOST_LINES = 250_000
MOST_BLANKS = 256
"""dkimpy's patterns take the square of a run of blanks: 300 KB of them hold the interpreter for minutes."""

KEY_BITS = range(1024, 4096 + 1)
"""RFC 8301 section 3.2; a larger key would cost the verifier what its owner likes."""

MOST_EXPONENT_BITS = 33
MOST_KEY_BYTES = 2048
SILENT = logging.getLogger(f"{__name__}.library")
SILENT.disabled = True  # it would log what the attacker wrote
BLANKS = bytes.maketrans(b"\t", b" ")
BLANK_RUN = re.compile(rb"\s{%d}" % MOST_BLANKS)


ALGORITHMS = {b"rsa-sha256": b"rsa", b"ed25519-sha256": b"ed25519"}
"""Algorithms of signatures, and the keys that fit them (RFC 8463 section 4)."""

EDWARDS_BYTES = 32


class _Edwards:
    """An Ed25519 key as dkimpy uses one; `fits` says whether the last signature did."""

    def __init__(self, public: bytes) -> None:
        self._public = public
        self.fits = False

    def verify(self, digest: bytes, signature: bytes) -> None:
        """Hold a signature of a digest (RFC 8463 section 3) against the key."""
        self.fits = is_signed(self._public, signature, digest)


class _Signed(dkim.DKIM):  # type: ignore[misc]
    """A message whose Ed25519 signatures are verified without the library that dkimpy asks for."""

    def verify_sig(
        self, sig: dict[bytes, bytes], include_headers: list[bytes], sig_header: object, dnsfunc: Any
    ) -> bool:
        """Verify one signature, as dkimpy does. Raises what it raises."""
        tags = parse_tag_value(dnsfunc(b""))
        if tags.get(b"k") != b"ed25519":
            return bool(super().verify_sig(sig, include_headers, sig_header, dnsfunc))
        key = _Edwards(base64.b64decode(tags[b"p"]))
        self.pk, self.keysize, self.ktag, self.seqtlsrpt = key, 8 * EDWARDS_BYTES, b"ed25519", False
        return bool(self.verify_sig_process(sig, include_headers, sig_header, dnsfunc)) and key.fits


class _Judged(Exception):  # noqa: N818 - no error: the way out of the library with a result
    """A signature that a key, or the lack of it, decides."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


def dkim_results(raw: bytes, head: Head, questions: Questions) -> tuple[Result, ...]:
    """Return the result of each of the topmost signatures; one `none` if there is no signature.

    A body signed only in part (`l=`), a key outside RFC 8301's sizes and `rsa-sha1` give `policy`:
    whoever got hold of such a mail, or of such a key, may write what they like.
    """
    if not head.capped and not head.first("dkim-signature"):
        return (Result("dkim", Outcome.NONE),)
    if _is_too_much(raw, head):
        return (unevaluated("dkim", Why.CAPPED),)
    message = _Signed(raw, logger=SILENT)
    fields = [value for name, value in message.headers if name.lower() == b"dkim-signature"]
    results = list(_verified(message, fields[:MOST_SIGNATURES], questions))
    if len(fields) > MOST_SIGNATURES:
        results.append(unevaluated("dkim", Why.CAPPED))
    return tuple(results)


def _is_too_much(raw: bytes, head: Head) -> bool:
    return (
        head.capped
        or len(head.fields) >= MOST_FIELDS
        or len(raw) > MOST_BYTES
        or raw.count(b"\n") > MOST_LINES
        or b" " * MOST_BLANKS in raw.translate(BLANKS)
    )


def _verified(message: Any, fields: list[bytes], questions: Questions) -> Iterator[Result]:
    for index, field in enumerate(fields):
        domain = ""
        try:
            tags = parse_tag_value(field)
            domain = ascii_of(tags.get(b"d", b"").decode("ascii", "replace"))
            _screen(tags, field, domain)
            key = _key(tags, domain, questions)
            outcome, detail = _checked(message, index, key, tags)
        except _Judged as judged:
            outcome, detail = judged.outcome, judged.detail
        except UnansweredError as error:
            yield unevaluated("dkim", error.why, "header.d", domain)
            continue
        except BrokenError as error:
            outcome, detail = Outcome.TEMPERROR, told(error)
        except (InvalidTagValueList, dkim.DKIMException) as error:
            outcome, detail = Outcome.NEUTRAL, told(error) or "not to be read"
        yield Result("dkim", outcome, "header.d", domain, detail)


def _screen(tags: dict[bytes, bytes], field: bytes, domain: str) -> None:
    """Raise _Judged for what need not be verified."""
    signed = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
    if len(field) > MOST_SIGNATURE_BYTES or len(signed) > MOST_SIGNED_FIELDS:
        raise _Judged(Outcome.NEUTRAL, "a signature field that long is not read")
    if BLANK_RUN.search(field):
        raise _Judged(Outcome.NEUTRAL, "too many blanks")
    if not domain or tags.get(b"v") != b"1":
        raise _Judged(Outcome.NEUTRAL, "not to be read")
    if b"from" not in signed:
        raise _Judged(Outcome.PERMERROR, "From is not signed")
    if tags.get(b"a") == b"rsa-sha1":
        raise _Judged(Outcome.POLICY, "SHA-1")


def _key(tags: dict[bytes, bytes], domain: str, questions: Questions) -> bytes:
    """Return the key record of a signature (RFC 6376 section 3.6.1). Raises _Judged."""
    selector = tags.get(b"s", b"").decode("ascii", "replace")
    records = questions.ask(f"{selector}._domainkey.{domain}", "TXT")
    if not records:
        raise _Judged(Outcome.PERMERROR, "no key")
    record = b"".join(records[0].strings)
    key = parse_tag_value(record) if len(record) <= MOST_KEY_BYTES else {}
    if not key.get(b"p"):
        raise _Judged(Outcome.PERMERROR, "the key was revoked" if b"p" in key else "no key to be read")
    kind = key.get(b"k", b"rsa")
    if kind != ALGORITHMS.get(tags.get(b"a", b""), kind):
        raise _Judged(Outcome.PERMERROR, "the key is of another kind than the signature")
    _screen_key(key[b"p"], kind)
    return record


def _screen_key(encoded: bytes, kind: bytes) -> None:
    try:
        public = base64.b64decode(encoded)
        if kind == b"ed25519" and len(public) == EDWARDS_BYTES:
            return
        key = parse_public_key(public)
        bits, exponent = key["modulus"].bit_length(), key["publicExponent"].bit_length()
    except (binascii.Error, ValueError, IndexError, AssertionError, UnparsableKeyError):
        raise _Judged(Outcome.PERMERROR, "no key to be read") from None
    if bits not in KEY_BITS or exponent > MOST_EXPONENT_BITS:
        raise _Judged(Outcome.POLICY, f"a key of {bits} bits")


def _checked(message: Any, index: int, key: bytes, tags: dict[bytes, bytes]) -> tuple[Outcome, str]:
    try:
        good = message.verify(index, dnsfunc=lambda _name, timeout=0: key)  # noqa: ARG005 - the library's call
    except dkim.ValidationError as error:
        altered = "body hash" in str(error)
        return Outcome.FAIL if altered else Outcome.NEUTRAL, "the body was altered" if altered else told(
            error
        )
    if not good:
        return Outcome.FAIL, "the signature does not fit"
    if b"l" in tags and int(tags[b"l"]) < len(message.body):
        return Outcome.POLICY, "only the beginning of the body is signed"
    return Outcome.PASS, ""
