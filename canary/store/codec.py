"""Values become sealed rows and rows values; the only place that knows what a sealed column holds."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from canary.address import canonical
from canary.errors import NotFoundError
from canary.keyring import Keyring
from canary.mail import head_of
from canary.model import (
    EPOCH,
    MICROSECOND,
    Access,
    Decoy,
    HitClass,
    KeptMessage,
    Message,
    Peer,
    Probe,
    Verb,
    Verdict,
)

SEPARATOR = "\x00"
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def micros(at: datetime) -> int:
    """Return microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """Return the time of so many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)


def public_id(kind: str, number: int) -> str:
    """Return the identifier that people see: `acc_17`."""
    return f"{kind}_{number}"


def row_id(kind: str, text: str) -> int:
    """Return the row behind an identifier. Raises NotFoundError for one of another kind."""
    prefix, _, digits = text.partition("_")
    if prefix == kind and digits.isascii() and digits.isdigit() and len(digits) < 19:  # noqa: PLR2004 - below 2^63
        return int(digits)
    names = {"acc": "an access", "dec": "a decoy", "msg": "a message", "hit": "a hit", "alr": "an alert"}
    raise NotFoundError(
        f"{text!r} is not the identifier of {names[kind]}", hint=f"identifiers look like {kind}_17"
    )


@dataclass(frozen=True, slots=True)
class Codec:
    """Seals and opens rows under one keyring."""

    keyring: Keyring

    def address_ix(self, address: str) -> bytes:
        """Return where a decoy's address is found, under any form that a broker may give it."""
        return self.keyring.index(b"address", canonical(address))

    def employee_ix(self, employee: str) -> bytes:
        """Return where an employee is found."""
        return self.keyring.index(b"employee", employee)

    def record_ix(self, record: str) -> bytes:
        """Return where a record is found."""
        return self.keyring.index(b"record", record)

    def pair_ix(self, pair: tuple[str, str]) -> bytes:
        """Return where an employee's views of a record are found."""
        return self.keyring.index(b"pair", SEPARATOR.join(pair))

    def source_ix(self, identity: str) -> bytes:
        """Return where the same access is found again."""
        return self.keyring.index(b"source", identity)

    def content_ix(self, message: Message) -> bytes:
        """Return where the same bytes from the same sender are found again."""
        digest = hashlib.sha256(message.raw).hexdigest()
        return self.keyring.index(b"content", f"{message.mail_from}{SEPARATOR}{digest}")

    def seal_access(self, number: int, access: Access) -> bytes:
        """Seal all that an access says but its time."""
        body = [
            access.employee,
            access.record,
            access.beneficiary,
            access.tool,
            access.session,
            access.client_ip,
            access.actor,
            access.source_id,
        ]
        return self.keyring.seal(b"access:%d" % number, encode(body).encode("utf-8", "surrogatepass"))

    def open_access(self, number: int, at: int, sealed: bytes) -> Access:
        """Return the access of a row."""
        employee, record, beneficiary, tool, session, client_ip, actor, source_id = json.loads(
            self.keyring.open(b"access:%d" % number, sealed).decode("utf-8", "surrogatepass")
        )
        return Access(
            employee=employee,
            record=record,
            at=moment(at),
            beneficiary=beneficiary,
            tool=tool,
            session=session,
            client_ip=client_ip,
            actor=actor,
            source_id=source_id,
            id=public_id("acc", number),
        )

    def seal_decoy(self, number: int, decoy: Decoy) -> bytes:
        """Seal a decoy's person."""
        body = [decoy.address, decoy.given, decoy.family, decoy.surprisal, decoy.generator]
        return self.keyring.seal(b"decoy:%d" % number, encode(body).encode())

    def open_decoy(self, row: tuple[int, int, int, int, bytes]) -> Decoy:
        """Return the decoy of a row (id, slot, control, minted_at, sealed)."""
        number, slot, control, minted_at, sealed = row
        address, given, family, surprisal, generator = json.loads(
            self.keyring.open(b"decoy:%d" % number, sealed)
        )
        return Decoy(
            address=address,
            given=given,
            family=family,
            minted_at=moment(minted_at),
            slot=slot,
            surprisal=surprisal,
            generator=generator,
            control=bool(control),
            id=public_id("dec", number),
        )

    def seal_json(self, table: bytes, number: int, body: Any) -> bytes:
        """Seal a JSON value for a row of a table."""
        return self.keyring.seal(table + b":%d" % number, encode(body).encode("utf-8", "surrogatepass"))

    def open_json(self, table: bytes, number: int, sealed: bytes) -> Any:
        """Return the JSON value of a row."""
        return json.loads(self.keyring.open(table + b":%d" % number, sealed).decode("utf-8", "surrogatepass"))


def message_body(message: Message) -> dict[str, Any]:
    """Return what is kept of a message beside its bytes, JSON-ready."""
    return {
        "sha256": hashlib.sha256(message.raw).hexdigest(),
        "mail_from": message.mail_from,
        "recipients": list(message.recipients),
        "options": list(message.options),
        "peer": peer_body(message.peer),
        "size": len(message.raw),
        "ours": message.ours,
        "head": head_of(message.raw).decode("latin-1"),
    }


def kept_message(number: int, received_at: int, body: dict[str, Any]) -> KeptMessage:
    """Return a message as it is kept."""
    return KeptMessage(
        id=public_id("msg", number),
        sha256=body["sha256"],
        mail_from=body["mail_from"],
        recipients=tuple(body["recipients"]),
        peer=Peer(**body["peer"]),
        received_at=moment(received_at),
        size=body["size"],
        ours=body["ours"],
        head=body["head"].encode("latin-1"),
    )


def peer_body(peer: Peer) -> dict[str, Any]:
    """Return a peer, JSON-ready."""
    return {"ip": peer.ip, "port": peer.port, "helo": peer.helo, "tls": peer.tls, "session": peer.session}


def verdict_body(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict, JSON-ready."""
    return {
        "class": verdict.hit_class.value,
        "confidence": verdict.confidence,
        "reasons": list(verdict.reasons),
    }


def verdict_of(body: dict[str, Any]) -> Verdict:
    """Return a verdict as it was kept."""
    return Verdict(HitClass(body["class"]), body["confidence"], tuple(body["reasons"]))


def probe_body(probe: Probe) -> dict[str, Any]:
    """Return a probe, JSON-ready."""
    return {
        "recipient": probe.recipient,
        "verb": probe.verb.value,
        "mail_from": probe.mail_from,
        "peer": peer_body(probe.peer),
        "at": micros(probe.at),
        "others": probe.others,
    }


def probe_of(body: dict[str, Any]) -> Probe:
    """Return a probe as it was kept."""
    return Probe(
        recipient=body["recipient"],
        verb=Verb(body["verb"]),
        mail_from=body["mail_from"],
        peer=Peer(**body["peer"]),
        at=moment(body["at"]),
        others=body["others"],
    )
