"""Bytes of messages on their way become room for a piece more, or none."""

from collections.abc import Callable

from canary.sink.account import RESERVE, Account, Allowance
from canary.tallies import IN_FLIGHT_BYTES, LIMITS, LIMITS_FAVOURED, Tallies


class Budget:
    """The bytes that all clients together have in "memory" and on "disk".

    The last tenth of each is for those that named a live decoy lately.
    """

    __slots__ = ("_strangers", "_tallies", "_whole", "used")

    def __init__(self, memory: int, disk: int, counts: Tallies) -> None:
        self.used = {"memory": 0, "disk": 0}
        self._tallies = counts
        self.reload(memory, disk)

    def reload(self, memory: int, disk: int) -> None:
        """Grant other amounts from now on; what was taken stays taken."""
        self._whole = {"memory": memory, "disk": disk}
        self._strangers = {kind: count - int(count * RESERVE) for kind, count in self._whole.items()}

    def take(self, kind: str, count: int, *, favoured: bool = False) -> bool:
        """Claim so many bytes; say whether they were there."""
        used = self.used[kind] + count
        if used > (self._whole if favoured else self._strangers)[kind]:
            self.refuse(kind, favoured=favoured)
            return False
        self._put(kind, used)
        return True

    def give(self, kind: str, count: int) -> None:
        """Give so many bytes back. Raises ValueError where more would be given than was taken."""
        used = self.used[kind] - count
        if used < 0:
            raise ValueError("more given back than taken")
        self._put(kind, used)

    def refuse(self, kind: str, *, favoured: bool) -> None:
        """Count that somebody was refused bytes."""
        self._tallies.add(f"{LIMITS}|{kind}")
        if favoured:
            self._tallies.add(f"{LIMITS_FAVOURED}|{kind}")

    def _put(self, kind: str, used: int) -> None:
        self.used[kind] = used
        self._tallies.put(f"{IN_FLIGHT_BYTES}|{kind}", used)


class Purse:
    """One connection's part of the budget, of which its network has a share.

    Has the methods of a Budget. Once it is closed it has nothing to take or to give. A network that becomes
    favoured while a message arrives has its larger share from then on.
    """

    __slots__ = ("_account", "_allowed", "_budget", "_closed", "_time", "used")

    def __init__(
        self,
        budget: Budget,
        account: Account,
        allowed: Callable[[Account, float], Allowance],
        time: Callable[[], float],
    ) -> None:
        self._budget = budget
        self._account = account
        self._allowed = allowed
        self._time = time
        self._closed = False
        self.used = {"memory": 0, "disk": 0}

    def take(self, kind: str, count: int) -> bool:
        """Claim so many bytes of "memory" or "disk"; say whether they were there for this network."""
        if self._closed:
            return False
        account = self._account
        now = self._time()
        favoured = account.welcome_until > now
        if account.used is None:
            account.used = {"memory": 0, "disk": 0}
        if account.used[kind] + count > self._allowed(account, now).shares[kind]:
            self._budget.refuse(kind, favoured=favoured)
            return False
        if not self._budget.take(kind, count, favoured=favoured):
            return False
        account.used[kind] += count
        self.used[kind] += count
        return True

    def give(self, kind: str, count: int) -> None:
        """Give so many bytes back. Raises ValueError where more would be given than was taken."""
        if self._closed:
            return
        if count > self.used[kind]:
            raise ValueError("more given back than taken")
        self.used[kind] -= count
        if self._account.used is not None:
            self._account.used[kind] -= count
        self._budget.give(kind, count)

    def close(self) -> None:
        """Give back whatever is left."""
        for kind, count in self.used.items():
            if count:
                self.give(kind, count)
        self._closed = True
