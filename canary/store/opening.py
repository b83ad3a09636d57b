"""A path and keys become a store: made, brought to today's schema, checked to belong together."""

import sqlite3
from pathlib import Path

from canary.errors import KeyringError
from canary.keyring import Keyring
from canary.ports import Clock, Owing, system_clock
from canary.store.connection import connect, create, migrate, reported, transaction
from canary.store.sqlite import SqliteStore


def create_store(path: Path, keyring: Keyring) -> None:
    """Make a database for this keyring, or bring the one at `path` to today's schema."""
    create(path)
    with reported():
        connection = connect(path)
        try:
            with transaction(connection):
                connection.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('keyring', ?)", (keyring.fingerprint.encode(),)
                )
            _check_keyring(connection, keyring, path)
        finally:
            connection.close()


def open_store(
    path: Path,
    keyring: Keyring,
    *,
    owing: Owing | None = None,
    clock: Clock = system_clock,
    patience: float | None = None,
) -> SqliteStore:
    """Open the database at `path`; what is written waits `patience` seconds for another process that writes.

    Raises ConfigurationError if there is none, SchemaError if a newer version wrote it, KeyringError if
    it belongs to other keys.
    """
    migrate(path)
    with reported():
        connection = connect(path)
        try:
            _check_keyring(connection, keyring, path)
        finally:
            connection.close()
    return SqliteStore(path, keyring, owing or Owing(), clock, patience)


def _check_keyring(connection: sqlite3.Connection, keyring: Keyring, path: Path) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'keyring'").fetchone()
    if row is None or bytes(row[0]) != keyring.fingerprint.encode():
        raise KeyringError(
            f"the keys are not those of {path}: nothing in it could be found or opened",
            hint="point keyring.file at the keys that `canary init` made with this database",
        )
