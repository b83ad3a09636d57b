"""What somebody would write instead, in an afternoon; each function is the work of one process."""

import asyncio
import csv
import hmac
import os
import shutil
import sqlite3
import sys
import uuid
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

KEY = b"k" * 32
PLAIN = "CREATE TABLE access (at, employee, record, beneficiary, tool, session, ip)"


def wire(log: str, database: str) -> dict[str, int]:
    """Copy the rows of a log into one table with a unique index, 2,000 a commit."""
    db = plain_database(database)
    db.execute(PLAIN)
    db.execute("CREATE UNIQUE INDEX once ON access (at, employee, record, session, ip)")
    with Path(log).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        while batch := list(islice(rows, 2000)):
            db.execute("BEGIN")
            db.executemany("INSERT OR IGNORE INTO access VALUES (?, ?, ?, ?, ?, ?, ?)", batch)
            db.execute("COMMIT")
    return closed(db, database)


def naive(log: str, database: str) -> dict[str, int]:
    """Give every row a uuid4 address found by its HMAC, one INSERT at a time, 1,000 rows a commit."""
    db = plain_database(database)
    db.execute(f"{PLAIN[:-1]}, id INTEGER PRIMARY KEY)")
    db.execute("CREATE TABLE decoy (access_id INTEGER, address TEXT, address_ix BLOB UNIQUE)")
    with Path(log).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        db.execute("BEGIN")
        for number, row in enumerate(rows, 1):
            address = f"{uuid.uuid4().hex}@mail{number % 4:02d}.example"
            found = hmac.digest(KEY, address.encode(), "sha256")
            db.execute("INSERT INTO access VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, number))
            db.execute("INSERT INTO decoy VALUES (?, ?, ?)", (number, address, found))
            if number % 1000 == 0:
                db.execute("COMMIT")
                db.execute("BEGIN")
        db.execute("COMMIT")
    return closed(db, database)


def plain_database(path: str) -> sqlite3.Connection:
    """Open a new file as durable as the store's: WAL, synchronous = FULL, 64 MiB of cache."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -65536")
    return db


def closed(db: sqlite3.Connection, path: str) -> dict[str, int]:
    """Close a database and say how large it is."""
    db.close()
    return {"bytes": Path(path).stat().st_size}


def copy(source: str, target: str) -> None:
    """Copy a file as `cp` does (copy_file_range or sendfile where the kernel can) and fsync it."""
    shutil.copyfile(source, target)
    synced(target)


def retype(source: str, target: str) -> None:
    """Read and write a CSV with Python's csv module, row by row, and fsync it."""
    with Path(source).open(newline="") as read, Path(target).open("w", newline="") as written:
        csv.writer(written, lineterminator="\n").writerows(csv.reader(read))
    synced(target)


def synced(path: str) -> None:
    """Let a file be on the disk."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def relay(url: str) -> None:
    """Receive for anybody with aiosmtpd and post to Slack with httpx before the 250; keep nothing."""
    asyncio.run(_relay(url))


async def _relay(url: str) -> None:
    import httpx  # noqa: PLC0415 - only this baseline posts
    from aiosmtpd.smtp import SMTP  # noqa: PLC0415 - only this baseline receives

    class Post:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
            await client.post(url, json={"text": f"mail for {envelope.rcpt_tos[0]}"})
            return "250 OK"

    async with httpx.AsyncClient() as client:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Post(), loop=loop), "127.0.0.1", 0)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


def bare(port: int) -> None:
    """Receive for anybody with aiosmtpd as it comes, on asyncio's own loop, and keep nothing."""
    asyncio.run(_bare(port))


async def _bare(port: int) -> None:
    from aiosmtpd.smtp import SMTP  # noqa: PLC0415 - only the baselines receive

    class Accept:
        async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
            return "250 OK"

    loop = asyncio.get_running_loop()
    hostname = "mx.mail00.example"  # aiosmtpd would look its own name up for every connection
    factory = partial(SMTP, Accept(), loop=loop, hostname=hostname)
    server = await loop.create_server(factory, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


def webhook() -> None:
    """Take what is posted as Slack would; the URL is told on standard output."""
    asyncio.run(_webhook())


async def _webhook() -> None:
    from canary.demo.slack import SlackReceiver  # noqa: PLC0415 - only this baseline is posted to

    async with SlackReceiver() as slack:
        sys.stdout.write(f"{slack.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
