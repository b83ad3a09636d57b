"""What is measured of pages that are shown now: looks, first views, fifty at once, and what they leave."""

import asyncio
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from canary.config import load
from canary.model import Access
from canary.plant import LivePlanter, opened_live
from canary.ports import Look
from scripts.measure.baselines import plain_database
from scripts.measure.house import opened

WARM = 20
VIEWERS = 50
EMPLOYEES = 500
TOGETHER = 5000
FIRST, AGAIN = "LivePlanter, first view", "LivePlanter, repeated view"
BARE, LOOKUP = "bare INSERT; COMMIT", "dict look-up"
THREADS, COROUTINES = "first views, 50 threads", "first views, 50 coroutines"
BURST = "first views, 50 at one instant"
BARE_THREADS = "bare INSERT; COMMIT, 50 threads"


@contextmanager
def _live(home: Path) -> Iterator[LivePlanter]:
    config = load(home / "canary.toml", environ={}, cwd=home)
    with opened_live(config, patience=30) as live:
        yield live


def one_by_one(home: str, views: int) -> dict[str, list[float]]:
    """Time a first view, a repeated one, a bare row and a dict look-up, in turn."""
    folder = Path(home)
    bare, known = _bare(folder), {}
    took: dict[str, list[float]] = {name: [] for name in (AGAIN, FIRST, LOOKUP, BARE)}
    with _live(folder) as live:
        for number in range(WARM + views):
            access = _access(f"e.{number % EMPLOYEES}", f"B{number:09d}")
            took[FIRST].append(_timed(lambda one=access: live.plant(one)))  # type: ignore[misc]
            known[access.employee, access.record] = access
            later = _access(access.employee, access.record)
            took[AGAIN].append(_timed(lambda one=later: live.plant(one)))  # type: ignore[misc]
            took[LOOKUP].append(_timed(lambda one=later: known.get((one.employee, one.record))))  # type: ignore[misc]
            took[BARE].append(_timed(lambda: _row(bare)))
    bare.close()
    return {name: seconds[WARM:] for name, seconds in took.items()}


def together(home: str, views: int, pause: float) -> dict[str, list[float]]:
    """Time first views of fifty who look every so many seconds, and of fifty who look at one instant."""
    folder = Path(home)
    bare, turn = _bare(folder), threading.Lock()

    def row(_: Access) -> None:
        with turn:
            _row(bare)

    with _live(folder) as live:
        told = {THREADS: _threads(live.plant, "t", views, pause)}
        told[COROUTINES] = asyncio.run(_coroutines(live, "c", views, pause))
        told[BURST] = asyncio.run(_coroutines(live, "b", views, 0))
        told[BARE_THREADS] = _threads(row, "x", views, pause)
    bare.close()
    return told


def _threads(act: Callable[[Access], object], kind: str, views: int, pause: float) -> list[float]:
    took: list[float] = []

    def view(viewer: int) -> None:
        chance = random.Random(viewer)  # noqa: S311 - when somebody looks is no secret
        for number in range(views // VIEWERS):
            time.sleep(chance.expovariate(1 / pause))
            access = _access(f"{kind}.{viewer}", f"B{number:09d}")
            took.append(_timed(lambda one=access: act(one)))  # type: ignore[misc]

    viewers = [threading.Thread(target=view, args=(viewer,)) for viewer in range(VIEWERS)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    return took


async def _coroutines(live: LivePlanter, kind: str, views: int, pause: float) -> list[float]:
    took: list[float] = []

    async def view(viewer: int) -> None:
        chance = random.Random(viewer)  # noqa: S311 - the same
        for number in range(views // VIEWERS):
            await asyncio.sleep(chance.expovariate(1 / pause) if pause else 0)
            began = time.perf_counter()
            await live.aplant(_access(f"{kind}.{viewer}", f"B{number:09d}"))
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(view(viewer) for viewer in range(VIEWERS)))
    return took


def growth(home: str, accesses: int, share: float) -> dict[str, float]:
    """Count the bytes that first views, repeated ones and decoys leave in the database."""
    firsts = max(int(accesses * share), 1)
    with opened(Path(home)) as (planter, _, config):
        database = config.store.path
        empty = _size(database)
        shown = []
        for at in range(0, firsts, TOGETHER):
            some = range(at, min(at + TOGETHER, firsts))
            shown += planter.plant_all([_access(f"e.{each % EMPLOYEES}", f"B{each:09d}") for each in some])
        seen = _size(database)
        chance, left = random.Random(3), accesses - firsts  # noqa: S311 - a load
        while left > 0:
            some = range(min(left, TOGETHER))
            with planter.store.planting() as ledger:
                numbers = ledger.reserve_accesses(len(some))
                looks = []
                for number in numbers:
                    first = chance.choice(shown)
                    access = _access(first.access.employee, first.access.record, session=f"s-{number}")
                    numbered = access.numbered(f"acc_{number}")
                    looks.append(Look(numbered, access.identity, first.access.id, first.decoys))
                ledger.look_again(looks)
            left -= len(some)
        again = _size(database)
        planter.mint_controls(firsts)
        minted = _size(database)
    return {
        "accesses": accesses,
        "first_views": firsts,
        "bytes_per_first_view": (seen - empty) / firsts,
        "bytes_per_repeated_view": (again - seen) / max(accesses - firsts, 1),
        "bytes_per_decoy": (minted - again) / firsts,
    }


def _size(database: Path) -> int:
    db = sqlite3.connect(database)
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    (pages,), (size,) = (db.execute(f"PRAGMA {what}").fetchone() for what in ("page_count", "page_size"))
    db.close()
    return int(pages * size)


def _bare(folder: Path) -> sqlite3.Connection:
    path = folder / "bare.db"
    plain_database(str(path)).close()
    bare = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE access (id INTEGER PRIMARY KEY, said BLOB)")
    return bare


def _row(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO access (said) VALUES (?)", (b"x" * 200,))
    db.execute("COMMIT")


def _access(employee: str, record: str, session: str = "s") -> Access:
    return Access(employee, record, datetime.now(UTC), session=session)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
