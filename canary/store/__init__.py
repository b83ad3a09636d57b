"""What is remembered: the ledger, the mail side and the outbox, sealed, behind one port."""

from canary.store.sqlite import SqliteStore, create_store, open_store

__all__ = ["SqliteStore", "create_store", "open_store"]
