"""Keys and databases that do not fit, and databases that are busy."""

import functools
import sqlite3

import pytest

from canary.store.connection import transaction
from tests.cli.conftest import Desk


def test_keys_that_others_can_read_are_refused(desk: Desk) -> None:
    (desk.folder / "canary.keys").chmod(0o644)
    desk("hits").failed(78, "can be read by others", hint="chmod 600")


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '{"format": 1, "keys": {"index": "AA"}}'])
def test_a_file_that_holds_no_keys_is_refused(desk: Desk, content: str) -> None:
    desk.write("canary.keys", content)
    desk("hits").failed(78, "is not a canary key file")


def test_keys_of_a_newer_version_are_refused(desk: Desk) -> None:
    desk.write("canary.keys", '{"format": 9, "keys": {}}')
    desk("hits").failed(78, "has key format 9")


@pytest.mark.parametrize("verb", [["hits"], ["decoys"], ["status"], ["mint", "--control", "1"]])
def test_foreign_keys_are_said_not_shown_as_nothing(desk: Desk, verb: list[str]) -> None:
    desk("--set", "keyring.file=other.keys", "--set", "store.url=sqlite:///other.db", "init").ok()
    done = desk("--set", "keyring.file=other.keys", *verb)
    done.failed(78, "the keys are not those of", hint="keyring.file")
    assert done.out == ""


def test_a_database_of_a_newer_version_is_refused(desk: Desk) -> None:
    with sqlite3.connect(desk.folder / "canary.db") as db:
        (table,) = db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migrations%'").fetchone()
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        row = dict(zip(columns, db.execute(f"SELECT * FROM {table}").fetchone(), strict=True))
        row |= {"name": "0099_later"} | ({"id": 99} if "id" in row else {})
        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", tuple(row.values()))
    db.close()
    desk("hits").failed(78, "was written by a newer canary (it has 0099_later)", hint="upgrade canary")


def test_a_file_that_is_no_database_is_refused(desk: Desk) -> None:
    desk.write("canary.db", "this is a letter, and a long one at that\n" * 100)
    desk("hits").failed(78, "not a canary database")


def test_somebody_elses_database_is_refused(desk: Desk) -> None:
    (desk.folder / "canary.db").unlink()
    with sqlite3.connect(desk.folder / "canary.db") as db:
        db.execute("CREATE TABLE theirs (id)")
    db.close()
    desk("hits").failed(78, "is not a canary database")


def test_a_database_that_is_not_there_is_said(desk: Desk) -> None:
    (desk.folder / "canary.db").unlink()
    desk("hits").failed(78, "no database at", hint="canary init")


def test_a_database_that_somebody_else_writes_to_all_the_time_leaves_with_75(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "canary.store.sqlite.transaction",
        functools.partial(transaction, patience=0.2),
    )
    monkeypatch.setattr("canary.store.writer.PATIENCE", 0.2)
    address = desk.address()
    desk.write("m.eml", f"Delivered-To: {address}\n\nhello\n")
    other = sqlite3.connect(desk.folder / "canary.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        for arguments in (["mint", "--employee", "a", "--record", "b"], ["ingest", "m.eml"]):
            desk(*arguments).failed(75, "database is locked", hint="try again")
        assert "no hits" in desk("hits").ok().err
    finally:
        other.execute("ROLLBACK")
        other.close()
    desk("ingest", "m.eml").ok()
