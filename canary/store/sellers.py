"""The sellers whom the company knows, sealed."""

import sqlite3
from collections.abc import Iterator

import msgspec

from canary.model import Indicator, Seller, Strength
from canary.store.bodies import form_of
from canary.store.codec import Codec

TABLE = b"seller"


class SellerBody(msgspec.Struct, gc=False):
    """A seller; its indicators as (kind, value, strength)."""

    id: str
    name: str
    indicators: tuple[tuple[str, str, int], ...]


SELLER = form_of(SellerBody)


def keep(db: sqlite3.Connection, codec: Codec, seller: Seller) -> None:
    """Keep a seller in place of the one with its identifier, else behind all others."""
    place = codec.keyring.index(TABLE, seller.id)
    row = db.execute("SELECT id FROM seller WHERE seller_ix = ?", (place,)).fetchone()
    (number,) = row or db.execute("SELECT coalesce(max(id), 0) + 1 FROM seller").fetchone()
    body = SellerBody(
        seller.id,
        seller.name,
        tuple((each.kind, each.value, int(each.strength)) for each in seller.indicators),
    )
    sealed = codec.seal(TABLE, number, SELLER.write(body))
    db.execute("INSERT OR REPLACE INTO seller VALUES (?, ?, ?)", (number, place, sealed))


def every(db: sqlite3.Connection, codec: Codec) -> Iterator[Seller]:
    """Yield the sellers in the order in which they were imported."""
    for number, sealed in db.execute("SELECT id, sealed FROM seller ORDER BY id").fetchall():
        body = SELLER.read(codec.open(TABLE, number, sealed))
        known = tuple(Indicator(kind, value, Strength(strength)) for kind, value, strength in body.indicators)
        yield Seller(body.id, body.name, known)
