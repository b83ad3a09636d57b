"""Recipients that nobody has become those that are one edit from a live decoy, in bounded time."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from canary.address import canonical, split
from canary.model import Attempts
from canary.persona.code import Code
from canary.store.codec import SELFTEST, Codec

MOST_COMPARED = 2000
"""So many recipients are compared at a time, those of the quietest networks first: each costs some forty
look-ups by index, and who tries thousands comes near decoys by chance."""

QUERY = "SELECT 1 FROM decoy WHERE address_ix IN ({marks}) AND control != {selftest} LIMIT 1"


def nearly_decoys(db: sqlite3.Connection, codec: Codec, attempts: Sequence[Attempts]) -> frozenset[str]:
    """Return those of the recipients in samples that are one edit or swap from a live decoy's address.

    The words of a domain's code are two edits apart (`Code`), so that of some 1,300 addresses around one
    only few can be a decoy's; these alone are looked up.
    """
    code = Code(codec.keyring.draw)
    return frozenset(each for each in _quietest(attempts) if _is_near(db, codec, code, each))


def _quietest(attempts: Iterable[Attempts]) -> list[str]:
    quiet = sorted((each for each in attempts if each.sample), key=lambda each: each.count)
    return list(dict.fromkeys(tried for each in quiet for tried in each.sample))[:MOST_COMPARED]


def _is_near(db: sqlite3.Connection, codec: Codec, code: Code, address: str) -> bool:
    places = [codec.address_ix(each) for each in _around(code, address)]
    query = QUERY.format(marks=",".join("?" * len(places)), selftest=SELFTEST)
    return bool(places) and db.execute(query, places).fetchone() is not None


def _around(code: Code, address: str) -> Iterator[str]:
    local, domain = split(canonical(address))
    residue, _ = code.of(domain)
    return (f"{each}@{domain}" for each in code.around(local, residue))
