"""Plant in a process of its own: a line `employee record` in, a line with access and addresses out.

Arguments: the database, the keys. A third word in a line is the instant to wait for, seconds since 1970.
"""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from canary import keyring
from canary.errors import CanaryError
from canary.mint import Minter, MintPolicy
from canary.model import Access
from canary.persona import NaturalGenerator
from canary.plant import LivePlanter, Planter
from canary.store import open_store


def main() -> None:
    """Read the arguments, plant, tell."""
    database, keys_file = sys.argv[1:]
    keys = keyring.load(Path(keys_file))
    store = open_store(Path(database), keys, patience=1.0)
    policy = MintPolicy((("one.example", 1.0),))
    minter = Minter(policy, NaturalGenerator(keys.draw, floor_bits=24), keys.draw)
    live = LivePlanter(Planter(store, minter), keys, prompt=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        employee, record, *instant = line.split()
        while instant and time.time() < float(instant[0]):
            pass
        try:
            planted = live.plant(Access(employee, record, datetime.now(UTC), session=str(os.getpid())))
        except CanaryError as error:
            said = f"refused temporary={error.temporary} {error.message}"
        else:
            said = f"{planted.access.id} {' '.join(each.decoy.address for each in planted.shown)}"
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()
    live.close()
    store.close()


if __name__ == "__main__":
    main()
