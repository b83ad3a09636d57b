"""Keep messages one after the other in a process of its own, and say of each whether it was acknowledged.

Arguments: the database, the keys, a decoy's address, how many, of how many bytes.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from canary import keyring
from canary.errors import StoreError
from canary.model import Message, Peer
from canary.ports import Owing
from canary.store import open_store
from canary.watch.keeping import keep_message


def main() -> None:
    """Read the arguments, keep, tell."""
    database, keys, address, count, size = sys.argv[1:]
    owing = Owing(("slack",), timedelta(minutes=5))
    store = open_store(Path(database), keyring.load(Path(keys)), owing=owing)
    for number in range(int(count)):
        raw = b"Subject: %d\r\n\r\n" % number + bytes(int(size))
        message = Message(raw, "a@b.example", (address,), Peer("192.0.2.1", 25), datetime.now(UTC))
        try:
            keep_message(store, message)
        except StoreError as error:
            said = "refused" if error.temporary and error.hint else "refused for good"
            sys.stdout.write(f"{said} {number}\n")
        else:
            sys.stdout.write(f"kept {number}\n")
        sys.stdout.flush()
    store.close()


if __name__ == "__main__":
    main()
