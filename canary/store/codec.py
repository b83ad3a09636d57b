"""Values become sealed rows and rows values; the only place that knows what a sealed column holds."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from canary.address import canonical
from canary.errors import NotFoundError
from canary.keyring import Keyring
from canary.model import EPOCH, Access, ActorClass, Decoy, Layer

SEPARATOR = "\x00"
CONTROL, SELFTEST = 1, 2
"""What a decoy that nobody is shown is for, as its row says; 0 is a decoy that is shown."""
LAYERS = (Layer.VIEW, Layer.STABLE, Layer.COHORT)
"""The layers of decoys, by the numbers in their rows."""
KINDS = {
    "acc": "an access",
    "dec": "a decoy",
    "msg": "a message",
    "hit": "a hit",
    "alr": "an alert",
    "key": "a key",
    "inc": "an incident",
    "aud": "an entry of the audit",
}
"""What identifiers begin with, and what they identify."""

PERSON = ActorClass.PERSON
_written = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder().decode


class Index(Protocol):
    """Whatever knows where values are found: a keyring, or the index key of one alone."""

    def index(self, purpose: bytes, value: str) -> bytes:
        """Return the 16 bytes under which a value is found."""
        ...


def address_ix(index: Index, address: str) -> bytes:
    """Return where a decoy's address is found, under any form that a broker may give it."""
    return index.index(b"address", canonical(address))


def written(value: Any) -> bytes:
    """Return a value as JSON; halves of UTF-16 pairs, which UTF-8 cannot hold, by `surrogatepass`."""
    try:
        return _written(value)
    except UnicodeEncodeError:
        plain = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return plain.encode("utf-8", "surrogatepass")


def read(plain: bytes) -> Any:
    """Return the value that was written."""
    try:
        return _read(plain)
    except UnicodeDecodeError:
        return json.loads(plain.decode("utf-8", "surrogatepass"))


def purpose_of(decoy: Decoy) -> int:
    """Return what a decoy's row says of its purpose."""
    return SELFTEST if decoy.selftest else int(decoy.control)


def micros(at: datetime) -> int:
    """Return microseconds since 1970."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


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
    raise NotFoundError(
        f"{text!r} is not the identifier of {KINDS[kind]}", hint=f"identifiers look like {kind}_17"
    )


@dataclass(frozen=True, slots=True)
class Codec:
    """Seals and opens rows under one keyring."""

    keyring: Keyring

    def address_ix(self, address: str) -> bytes:
        """Return where a decoy's address is found, under any form that a broker may give it."""
        return address_ix(self.keyring, address)

    def employee_ix(self, employee: str) -> bytes:
        """Return where an employee is found."""
        return self.keyring.index(b"employee", employee)

    def record_ix(self, record: str) -> bytes:
        """Return where a record is found."""
        return self.keyring.index(b"record", record)

    def pair_ix(self, pair: tuple[str, str, str]) -> bytes:
        """Return where an employee's views of a record are found; a person's class, "", is not in it."""
        return self.keyring.index(b"pair", SEPARATOR.join(pair if pair[2] else pair[:2]))

    def source_ix(self, identity: str) -> bytes:
        """Return where the same access is found again."""
        return self.keyring.index(b"source", identity)

    def content_ix(self, mail_from: str, sha256: str) -> bytes:
        """Return where the same bytes from the same sender are found again."""
        return self.keyring.index(b"content", f"{mail_from}{SEPARATOR}{sha256}")

    def seal_access(self, number: int, access: Access) -> bytes:
        """Seal all that an access says but its time."""
        body: list[str | bool | None] = [
            access.employee,
            access.record,
            access.beneficiary,
            access.tool,
            access.session,
            access.client_ip,
            access.actor,
            access.source_id,
        ]
        if access.bare or access.actor_class is not PERSON:
            body += [access.actor_class.value, access.bare]
        return self.keyring.seal(b"access:%d" % number, written(body))

    def open_access(self, number: int, at: int, sealed: bytes) -> Access:
        """Return the access of a row."""
        employee, record, beneficiary, tool, session, client_ip, actor, source_id, *acting = read(
            self.keyring.open(b"access:%d" % number, sealed)
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
            actor_class=ActorClass(acting[0]) if acting else PERSON,
            bare=bool(acting and acting[1]),
        )

    def seal_decoy(self, number: int, decoy: Decoy) -> bytes:
        """Seal a decoy's person."""
        body = [decoy.address, decoy.given, decoy.family, decoy.surprisal, decoy.generator]
        return self.keyring.seal(b"decoy:%d" % number, written(body))

    def decoy_address(self, number: int, sealed: bytes) -> str:
        """Return the address of a decoy's row."""
        return str(read(self.keyring.open(b"decoy:%d" % number, sealed))[0])

    def open_decoy(self, row: tuple[int, int, int, int, bytes, int]) -> Decoy:
        """Return the decoy of a row (id, slot, control, minted_at, sealed, layer)."""
        number, slot, control, minted_at, sealed, layer = row
        address, given, family, surprisal, generator = read(self.keyring.open(b"decoy:%d" % number, sealed))
        return Decoy(
            address=address,
            given=given,
            family=family,
            minted_at=moment(minted_at),
            slot=slot,
            surprisal=surprisal,
            generator=generator,
            control=control > 0,
            id=public_id("dec", number),
            selftest=control == SELFTEST,
            layer=LAYERS[layer],
        )

    def seal(self, table: bytes, number: int, plain: bytes) -> bytes:
        """Seal bytes for a row of a table."""
        return self.keyring.seal(b"%b:%d" % (table, number), plain)

    def open(self, table: bytes, number: int, sealed: bytes) -> bytes:
        """Return the bytes of a row."""
        return self.keyring.open(b"%b:%d" % (table, number), sealed)
