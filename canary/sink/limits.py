"""Who comes, and how often, becomes: come in, not now, later, or go away."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import lru_cache
from math import inf
from typing import NamedTuple

from canary import tallies
from canary.model import Attempts
from canary.sink.account import HOUR, WELCOME, Account, Allowance
from canary.sink.budget import Budget, Purse
from canary.sink.guesses import Guesses
from canary.sink.network import NETWORK_BYTES, Networks, packed
from canary.sink.settings import SinkSettings, of_one_worker
from canary.sink.shelf import Shelf
from canary.tallies import Tallies

__all__ = ["Budget", "Gate", "Purse", "Refusal", "Tried", "of_one_worker"]

RELAXED = 10
"""How many times what a stranger may a network may that named a live decoy lately."""
STRANGERS_SHARE, FAVOURED_SHARE = 4, 2
"""A network takes at most one part in so many of memory and of disk."""
REMEMBERED = 32_768
"""How many networks that are not here are remembered, those last seen; about 12 MB when it is that many."""
WELCOMED = 16_384
"""How many networks are remembered that named a live decoy, those that did so last; about 4 MB."""
ADDRESSES = 4096
"""How many addresses are known to belong to which network without reading them again."""
LATE, LATER, LATEST = 1.0, 0.05, 8.0
"""Seconds: the first late answer, how much later each one after it is, and the latest."""
RENEWAL = 60.0
MODEST = 256 * 1024
"""How large a stranger's message may be that names a decoy, while little is left of the disk."""


class Refusal(Enum):
    """Why somebody is not let in; the value is what it is counted as."""

    UNKNOWN = tallies.LIMIT_UNKNOWN
    CONNECTIONS = tallies.LIMIT_CONNECTIONS
    CONNECTION_RATE = tallies.LIMIT_CONNECTION_RATE
    FULL = tallies.LIMIT_FULL


class Tried(NamedTuple):
    """What a recipient that nobody has costs: seconds that its answer comes late, or being sent away."""

    delay: float = 0.0
    turned_away: bool = False


AT_ONCE, AWAY = Tried(), Tried(turned_away=True)


class Gate:
    """What each client network may still do. `ip` is the client's, `now` the loop's time in seconds.

    A network is an IPv4 address or an IPv6 /64. One that named a live decoy in the last 24 hours (`welcome`)
    is favoured: it may do ten times as much, and has the last tenth of the house to itself. Networks in
    `limits.exempt`, and whoever comes over a Unix socket, are favoured always and limited by the size of the
    house alone. Nothing is asked of the clock, the network or the disk, and each call costs about a
    microsecond, however many networks come: REMEMBERED of those that are not here are remembered, and only
    for as long as something is held against them.

    Rates are token buckets: a network may do a minute's worth at once, and goes on at the even rate. That
    needs one number a rate, nobody has to wait for the end of a window, and what was refused costs nothing,
    so that a client which tries again meanwhile does not lock itself out. Unknown recipients are counted for
    an hour from the first one on.
    """

    __slots__ = (
        "_away", "_exempt", "_favoured", "_free", "_here", "_place", "_proxies", "_shelf", "_strangers",
        "_tallies", "_welcomed", "entered", "guesses",
    )  # fmt: skip

    def __init__(self, settings: SinkSettings, counts: Tallies) -> None:
        self._tallies = counts
        self._here: dict[bytes, Account] = {}
        self._away: OrderedDict[bytes, Account] = OrderedDict()
        self._welcomed: OrderedDict[bytes, float] = OrderedDict()
        self._exempt = Account(inf)
        self.guesses = Guesses()
        self._shelf = Shelf(settings)
        self.entered = 0
        self.reload(settings)

    def reload(self, settings: SinkSettings) -> None:
        """Take other limits from now on; what is held against networks stays."""
        self._strangers = Allowance(settings, 1, STRANGERS_SHARE, reserve=False)
        self._favoured = Allowance(settings, RELAXED, FAVOURED_SHARE, reserve=True)
        self._free = Allowance.without_limits(settings)
        self._shelf.reload(settings)
        self._proxies = Networks(settings.proxy_peers)
        exempt = Networks(settings.limits.exempt)

        @lru_cache(ADDRESSES)
        def place(ip: str) -> tuple[bytes, bool]:
            address = packed(ip)
            return address[:NETWORK_BYTES], not address or exempt.have(address)

        self._place: Callable[[str], tuple[bytes, bool]] = place

    def is_proxy(self, ip: str) -> bool:
        """Say whether connections from this address begin with a PROXY header."""
        return self._proxies.have(packed(ip))

    def is_exempt(self, ip: str) -> bool:
        """Say whether this client is not limited: its network is exempt, or it came over a Unix socket."""
        return self._place(ip)[1]

    def is_favoured(self, ip: str, now: float) -> bool:
        """Say whether this client's network named a live decoy lately, or is exempt."""
        return self._account(ip, now).welcome_until > now

    def enter(
        self, ip: str, now: float, present: int, make_room: Callable[[], bool] = lambda: False
    ) -> Refusal | None:
        """Let a client in, to `leave` later, or say why not; `present` counts it and all the others.

        Where only a place is missing, `make_room` may hang up somebody (Idlers.victim) and say that it did.
        """
        account = self._account(ip, now)
        allowed = self._allowed(account, now)
        refusal = _refusal(account, allowed, now)
        if refusal is None and present > allowed.house and not make_room():
            refusal = Refusal.FULL
        if refusal is not None:
            self._count(refusal.value, account, now)
            return refusal
        if not account.here:
            key, exempt = self._place(ip)
            if not exempt:
                self._here[key] = account
                self._away.pop(key, None)
        account.here += 1
        self.entered += 1
        return None

    def leave(self, ip: str) -> None:
        """Note that a client is gone that was let in under this address."""
        key, _ = self._place(ip)
        account = self._here.get(key, self._exempt)
        account.here -= 1
        self.entered -= 1
        if account.here or account is self._exempt:
            return
        self._away[key] = self._here.pop(key)
        if len(self._away) > REMEMBERED:
            self._away.popitem(last=False)

    def welcome(self, ip: str, now: float) -> None:
        """Favour the client's network, which named a live decoy, or somebody who is to be taken for one.

        To be called before `recipient` is asked: nobody is made to wait for having named decoys at ten times
        the speed of a stranger, and a decoy that is refused all the same is known to have been named.
        """
        account = self._account(ip, now)
        if account.welcome_until > now + WELCOME - RENEWAL:
            return
        account.welcome_until = now + WELCOME
        welcomed = self._welcomed
        key, _ = self._place(ip)
        welcomed[key] = now + WELCOME
        welcomed.move_to_end(key)
        while len(welcomed) > WELCOMED or next(iter(welcomed.values())) <= now:
            welcomed.popitem(last=False)

    def message(self, ip: str, now: float) -> bool:
        """Say whether the client's network may begin another message now."""
        return self._may("message", tallies.LIMIT_MESSAGE_RATE, ip, now)

    def recipient(self, ip: str, now: float) -> bool:
        """Say whether the client's network may name another recipient now."""
        return self._may("recipient", tallies.LIMIT_RECIPIENT_RATE, ip, now)

    def unknown(self, ip: str, address: str, now: float) -> Tried:
        """Note a recipient that nobody has, as evidence, and say what it costs.

        In a house that is nearly full a stranger is sent away where it would have been slowed down.
        """
        account = self._account(ip, now)
        self.note(ip, address)
        if account.hour_ends <= now:
            account.hour_ends = now + HOUR
            account.unknown = 0
        account.unknown += 1
        allowed = self._allowed(account, now)
        late = account.unknown - allowed.slow
        if late < 0:
            return AT_ONCE
        crowded = allowed is self._strangers and self.entered >= allowed.house
        if crowded or account.unknown >= allowed.unknown:
            self._count(tallies.LIMIT_UNKNOWN, account, now)
            return AWAY
        self._count(tallies.LIMIT_UNKNOWN_SLOW, account, now)
        return Tried(min(LATEST, LATE + LATER * late))

    def note(self, ip: str, address: str) -> None:
        """Note a recipient that nobody has, as evidence only."""
        self.guesses.note(self._place(ip)[0], address)

    def may_keep(self, ip: str, size: int, now: float, *, live: bool) -> bool:
        """Say whether a message that is complete may be kept, `live` being one that names a live decoy.

        Of others a network has only so much a day, and all together (SinkSettings.ordinary). While little is
        left of the disk none are kept, and of the messages of strangers only modest ones.
        """
        network, exempt = self._place(ip)
        account = self._account(ip, now)
        if self._shelf.is_low(now) and not (live and (size <= MODEST or account.welcome_until > now)):
            self._count(tallies.LIMIT_FREE_DISK, account, now)
            return False
        if live or self._shelf.take(None if exempt else network, size, now):
            return True
        self._count(tallies.LIMIT_ORDINARY, account, now)
        return False

    def purse(self, ip: str, budget: Budget, time: Callable[[], float]) -> Purse:
        """Return what the bytes of a client that was let in are taken from; `time` is the loop's."""
        return Purse(budget, self._account(ip, time()), self._allowed, time)

    def drain(self, at: datetime) -> list[Attempts]:
        """Return what networks tried in vain since the last time, and forget it; to be called often."""
        return self.guesses.drain(at)

    def _account(self, ip: str, now: float) -> Account:
        key, exempt = self._place(ip)
        if exempt:
            return self._exempt
        account = self._here.get(key)
        if account is not None:
            return account
        account = self._away.get(key)
        if account is not None:
            self._away.move_to_end(key)
            return account
        account = Account(self._welcomed.get(key, 0.0))
        self._set_aside(key, account, now)
        return account

    def _set_aside(self, key: bytes, account: Account, now: float) -> None:
        """Remember somebody who is not here, and forget up to two of those who were not seen for longest."""
        away = self._away
        away[key] = account
        for _ in range(2):
            oldest = next(iter(away.values()))
            if oldest is account or (len(away) <= REMEMBERED and oldest.is_burdened(now)):
                break
            away.popitem(last=False)

    def _may(self, rate: str, cause: str, ip: str, now: float) -> bool:
        """Say whether the client's network may do one thing more of a rate; count that it may not."""
        account = self._account(ip, now)
        if account.spends(rate, getattr(self._allowed(account, now), rate), now):
            return True
        self._count(cause, account, now)
        return False

    def _allowed(self, account: Account, now: float) -> Allowance:
        if account.welcome_until <= now:
            return self._strangers
        return self._free if account is self._exempt else self._favoured

    def _count(self, cause: str, account: Account, now: float) -> None:
        self._tallies.add(cause)
        if account.welcome_until > now:
            self._tallies.add(f"{tallies.LIMITS_FAVOURED}|{cause.partition('|')[2]}")


def _refusal(account: Account, allowed: Allowance, now: float) -> Refusal | None:
    """Return why a network's next connection is not let in, and hold it against it otherwise."""
    if account.unknown >= allowed.unknown and account.hour_ends > now:
        return Refusal.UNKNOWN
    if account.here >= allowed.connections:
        return Refusal.CONNECTIONS
    return None if account.spends("connection", allowed.connection, now) else Refusal.CONNECTION_RATE
