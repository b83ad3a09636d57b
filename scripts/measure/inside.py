"""What is measured within the process: plantings, look-ups, personas; each function one process's work."""

import hashlib
import random
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from canary.address import canonical
from canary.model import Access, Decoy
from canary.persona.tables import packaged
from canary.ports import system_clock
from canary.store.codec import Codec, micros
from scripts.measure.baselines import plain_database
from scripts.measure.figure import percentile
from scripts.measure.house import opened

CHUNK = 20_000
INSERT = "INSERT INTO decoy VALUES (?, ?, ?, ?, ?, ?, ?)"
FIND = "SELECT 1 FROM decoy WHERE address_ix = ?"


def single(home: str, count: int) -> dict[str, list[float]]:
    """Time a planting of a first look, one of a second look, and a bare row, in turn."""
    folder = Path(home)
    bare = plain_database(str(folder / "bare.db"))
    bare.execute("CREATE TABLE access (id INTEGER PRIMARY KEY, said BLOB)")
    took: dict[str, list[float]] = {"Planter.plant, first look": [], "Planter.plant, again": []}
    took["bare INSERT; COMMIT"] = []
    first, again, plain = took.values()
    with opened(folder) as (planter, _, _):
        for number in range(-20, count):
            access = Access(f"e.{number % 50}", f"B{number:09d}", datetime.now(UTC), session="s")
            first.append(_timed(lambda one=access: planter.plant(one)))  # type: ignore[misc]
            later = Access(access.employee, access.record, datetime.now(UTC), session="s")
            again.append(_timed(lambda one=later: planter.plant(one)))  # type: ignore[misc]
            plain.append(_timed(lambda: _bare_row(bare)))
    bare.close()
    return {name: seconds[20:] for name, seconds in took.items()}


def _bare_row(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO access (said) VALUES (?)", (b"x" * 200,))
    db.execute("COMMIT")


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def address(number: int) -> str:
    """Return the address of a numbered decoy."""
    return f"r.{number}.holt@mail{number % 4:02d}.example"


def fill(home: str, decoys: int) -> None:
    """Write numbered decoys with the store's schema and codec, past the ledger and its fsyncs."""
    with opened(Path(home)) as (_, keys, config):
        codec = Codec(keys)
        db = sqlite3.connect(config.store.path, isolation_level=None)
        db.execute("PRAGMA cache_size = -2000000")
        db.execute("PRAGMA synchronous = OFF")
        rows = (_row(codec, number) for number in range(1, decoys + 1))
        while batch := list(islice(rows, CHUNK * 10)):
            db.execute("BEGIN")
            db.executemany(INSERT, batch)
            db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()


def _row(codec: Codec, number: int) -> tuple[object, ...]:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    decoy = Decoy(address(number), "Robin", "Holt", at, 0, 30.0, "bench")
    return (number, None, 0, 0, micros(at), codec.address_ix(decoy.address), codec.seal_decoy(number, decoy))


def is_live(home: str, decoys: int, lookups: int) -> dict[str, float]:
    """Time the store's own look-up."""
    with opened(Path(home)) as (planter, _, _):
        return _looked_up(planter.store.is_live, *_asked(decoys, lookups))


def select(home: str, decoys: int, lookups: int) -> dict[str, float]:
    """Time the bare query on the same file, the hash given."""
    with opened(Path(home)) as (_, keys, config):
        db = sqlite3.connect(config.store.path, isolation_level=None)
        db.execute("PRAGMA cache_size = -65536")
        codec = Codec(keys)
        hits, misses = ([codec.address_ix(each) for each in some] for some in _asked(decoys, lookups))
        told = _looked_up(lambda ix: db.execute(FIND, (ix,)).fetchone() is not None, hits, misses)
        db.close()
        return told


def member(home: str, decoys: int, lookups: int) -> dict[str, float]:
    """Time a Python set of the same hashes."""
    with opened(Path(home)) as (_, keys, config):
        db = sqlite3.connect(config.store.path)
        live = {ix for (ix,) in db.execute("SELECT address_ix FROM decoy")}
        db.close()
        codec = Codec(keys)
        hits, misses = ([codec.address_ix(each) for each in some] for some in _asked(decoys, lookups))
        return _looked_up(live.__contains__, hits, misses)


def _asked(decoys: int, lookups: int) -> tuple[list[str], list[str]]:
    """Return addresses that are decoys', at random, and as many that are nobody's."""
    chance = random.Random(5)  # noqa: S311 - which address is asked for is no secret
    hits = [address(chance.randint(1, decoys)) for _ in range(lookups)]
    return hits, [address(decoys + number) for number in range(1, lookups + 1)]


def _looked_up(look: Callable[[Any], bool], hits: Sequence[Any], misses: Sequence[Any]) -> dict[str, float]:
    """Look up hits and misses in turn; the first tenth warms up. Raises AssertionError for a wrong answer."""
    now = time.perf_counter
    found, missed = [], []
    for live, nobody in zip(hits, misses, strict=True):
        began = now()
        right = look(live)
        between = now()
        wrong = look(nobody)
        ended = now()
        if wrong or not right:
            raise AssertionError(live, nobody)
        found.append(between - began)
        missed.append(ended - between)
    del found[: len(hits) // 10], missed[: len(hits) // 10]
    return {
        f"{name}_p{part:.0f}": percentile(times, part / 100)
        for name, times in (("hit", found), ("miss", missed))
        for part in (50, 99)
    }


def minted(home: str, decoys: int) -> dict[str, float]:
    """Mint controls through the minter and the ledger, counting the addresses that were refused."""
    refused, began = 0, time.perf_counter()
    with opened(Path(home)) as (planter, _, _):
        for first in range(0, decoys, CHUNK):
            with planter.store.planting() as ledger:

                def reserve(address: str, free: Callable[[str], bool] = ledger.reserve) -> bool:
                    nonlocal refused
                    is_free = free(address)
                    refused += not is_free
                    return is_free

                count = min(CHUNK, decoys - first)
                ledger.add_controls(planter.minter.controls(first, count, reserve, system_clock()))
    return {"refused": refused, "seconds": time.perf_counter() - began}


def meeting(home: str) -> dict[str, int]:
    """Count the decoys in a store that share a canonical form with another one."""
    with opened(Path(home)) as (planter, _, _):
        return _duplicates(decoy.address for decoy in planter.store.decoys())


def naive(decoys: int) -> dict[str, float]:
    """Draw names by the same frequencies, add two digits and a domain, and never look back."""
    chance = random.Random(7)  # noqa: S311 - a baseline
    began = time.perf_counter()
    told = _duplicates(_naive_addresses(chance, decoys))
    return {**told, "seconds": time.perf_counter() - began}


def _naive_addresses(chance: random.Random, count: int) -> Iterator[str]:
    given, family = packaged("given.txt.gz"), packaged("family.txt.gz")
    while count > 0:
        some = min(count, CHUNK)
        firsts = chance.choices(given.texts, cum_weights=given.upto, k=some)
        lasts = chance.choices(family.texts, cum_weights=family.upto, k=some)
        for first, last in zip(firsts, lasts, strict=True):
            yield f"{first}.{last}{chance.randrange(100):02d}@post{chance.randrange(16):02d}.example"
        count -= some


def _duplicates(addresses: Iterator[str]) -> dict[str, int]:
    """Count by 64-bit digests, which meet by chance once in 370,000 runs of 10^7."""
    digests = array("Q")
    for each in addresses:
        digest = hashlib.blake2b(canonical(each).encode(), digest_size=8).digest()
        digests.append(int.from_bytes(digest))
    return {"decoys": len(digests), "duplicates": len(digests) - len(set(digests))}
