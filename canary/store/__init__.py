"""What is remembered: the ledger, the mail side and the outbox, sealed, behind one port."""

from canary.store.lookup import Lookup, open_lookup
from canary.store.opening import create_store, open_store
from canary.store.sqlite import SqliteStore

__all__ = ["Lookup", "SqliteStore", "create_store", "open_lookup", "open_store"]
