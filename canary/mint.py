"""Mint: an access becomes decoys."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from canary.errors import ConfigurationError, TemporaryError
from canary.model import EPOCH, MICROSECOND, Access, Decoy
from canary.persona import Generator
from canary.ports import Draft, Minted, Standing

ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class MintPolicy:
    """How many decoys a view gets and where they live.

    `domains` are (domain, weight); `window` is how long a view lasts from its first access, 0 making
    every access a view; `per_view` decoys join with each view until an employee has seen `cap` of a record.
    """

    domains: tuple[tuple[str, float], ...]
    window: timedelta = timedelta(hours=24)
    per_view: int = 1
    cap: int = 5

    def __post_init__(self) -> None:
        if not self.domains:
            raise ConfigurationError(
                "no domains to mint decoys on",
                hint='set mint.domains, e.g. mint.domains = ["your-domain.net"]',
            )


class Minter:
    """Turns accesses into drafts; deterministic in (key, view, slot, attempt).

    `draw` gives keyed pseudo-random bytes (`Keyring.draw`); `reserve` says whether an address is free.
    """

    def __init__(
        self, policy: MintPolicy, generator: Generator, draw: Callable[[bytes, bytes], bytes]
    ) -> None:
        self.policy = policy
        self._generator = generator
        self._draw = draw
        self._names = [name for name, _ in policy.domains]
        self._bounds = list(accumulate(weight for _, weight in policy.domains))

    def draft(
        self,
        access: Access,
        identity: str,
        standing: Standing,
        reserve: Callable[[str], bool],
        now: datetime,
    ) -> tuple[Draft, Standing]:
        """Return what an access shows, and what its employee has then been shown of its record."""
        opened = self.view_of(access.at, standing.views)
        if opened is not None:
            return Draft(access, identity, opened, shown_at(opened, standing.minted)), standing
        opened = unused(access.at, standing.views)
        first = len(standing.minted)
        fresh = tuple(
            Minted(opened, self._mint(view_seed(access, opened), slot, reserve, now))
            for slot in range(first, min(first + self.policy.per_view, self.policy.cap))
        )
        after = Standing(tuple(sorted((*standing.views, opened))), standing.minted + fresh)
        return Draft(access, identity, opened, shown_at(opened, after.minted)), after

    def view_of(self, at: datetime, views: Sequence[datetime]) -> datetime | None:
        """Return when the view opened that an access at this time belongs to, None for a new view."""
        place = bisect_right(views, at)
        if place and at - views[place - 1] < self.policy.window:
            return views[place - 1]
        return None

    def controls(self, first: int, count: int, reserve: Callable[[str], bool], now: datetime) -> list[Decoy]:
        """Return decoys that nobody is ever shown, numbered from `first`."""
        return [
            self._mint(b"control", slot, reserve, now, control=True) for slot in range(first, first + count)
        ]

    def selftest(self, domain: str, reserve: Callable[[str], bool], now: datetime) -> Decoy:
        """Return the decoy at a domain that our own tests write to, as believable as any."""
        decoy = self._mint(b"selftest\x00%b" % domain.encode(), 0, reserve, now, control=True, domain=domain)
        return replace(decoy, selftest=True)

    def stranger(self, domain: str, seed: bytes) -> str:
        """Return an address that looks like a decoy's. It may be one: ask the store."""
        return f"{self._generator.persona(seed, domain).local}@{domain}"

    def _mint(
        self,
        seed: bytes,
        slot: int,
        reserve: Callable[[str], bool],
        now: datetime,
        *,
        control: bool = False,
        domain: str = "",
    ) -> Decoy:
        for attempt in range(ATTEMPTS):
            draw_seed = b"%b\x00%d\x00%d" % (seed, slot, attempt)
            domain = domain or self._domain(draw_seed)
            persona = self._generator.persona(draw_seed, domain)
            address = f"{persona.local}@{domain}"
            if reserve(address):
                return Decoy(
                    address=address,
                    given=persona.given,
                    family=persona.family,
                    minted_at=now,
                    slot=slot,
                    surprisal=persona.surprisal,
                    generator=persona.generator,
                    control=control,
                )
        raise TemporaryError(
            f"no free address in {ATTEMPTS} draws: the domains are full",
            hint="add domains to mint.domains or raise mint.floor_bits",
        )

    def _domain(self, seed: bytes) -> str:
        if len(self._names) == 1:
            return self._names[0]
        part = int.from_bytes(self._draw(b"domain", seed)[:8]) / 2**64
        return self._names[min(bisect_right(self._bounds, part * self._bounds[-1]), len(self._names) - 1)]


def unused(at: datetime, views: Sequence[datetime]) -> datetime:
    """Return the first microsecond from `at` on at which no view opened."""
    place = bisect_left(views, at)
    while place < len(views) and views[place] == at:
        at, place = at + MICROSECOND, place + 1
    return at


def view_seed(access: Access, opened: datetime) -> bytes:
    """Return the bytes that stand for a view in keyed draws."""
    micros = (opened - EPOCH) // MICROSECOND
    return f"{access.employee}\0{access.record}\0{micros}".encode("utf-8", "surrogatepass")


def shown_at(opened: datetime, minted: Sequence[Minted]) -> tuple[Decoy, ...]:
    """Return the decoys that a view shows, in the order of their slots: its own and the earlier ones.

    What a late log mints afterwards for older views has later slots and stays out: the view is as it was.
    For an access older than every decoy of a full record: the oldest, since something was shown.
    """
    own = [each.decoy.slot for each in minted if each.opened == opened]
    last = max(own) if own else len(minted)
    shown = tuple(each.decoy for each in minted if each.opened <= opened and each.decoy.slot <= last)
    if shown or not minted:
        return shown
    return (min(minted, key=lambda each: (each.opened, each.decoy.slot)).decoy,)
