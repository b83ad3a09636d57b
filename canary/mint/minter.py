"""Accesses become drafts: which view each belongs to, and what that shows."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate

from canary.errors import TemporaryError
from canary.mint.layers import Draw, is_shown, joining, shared_seed
from canary.mint.policy import MintPolicy
from canary.mint.views import PERSON, own_of, unused, view_of, view_seed, with_view
from canary.model import Access, Decoy
from canary.persona import Generator
from canary.ports import Draft, Minted, RecordStanding, Standing, View

ATTEMPTS = 1000
NOBODY_YET = RecordStanding()

Reserve = Callable[[str], bool]


class Minter:
    """Turns accesses into drafts; deterministic in (key, view, slot, attempt).

    Shared decoys are so in (key, record, layer, slot, attempt). `draw` gives keyed pseudo-random bytes
    (`Keyring.draw`). `policy` holds for every record, unless `policy_of` says which one does.
    """

    def __init__(
        self,
        policy: MintPolicy,
        generator: Generator,
        draw: Draw,
        policy_of: Callable[[str], MintPolicy] | None = None,
    ) -> None:
        self.policy = policy
        self.policy_of = policy_of or (lambda _: policy)
        self._generator = generator
        self._draw = draw
        self._names = [name for name, _ in policy.domains]
        self._bounds = list(accumulate(weight for _, weight in policy.domains))
        self._slack = timedelta(0)

    def slackened(self, slack: timedelta) -> "Minter":
        """Return the same minter for pages that are shown now: a view takes those up to `slack` before it."""
        other = copy(self)
        other._slack = slack  # noqa: SLF001 - another of the same kind
        return other

    def draft(
        self,
        access: Access,
        identity: str,
        standing: Standing,
        reserve: Reserve,
        now: datetime,
        there: RecordStanding = NOBODY_YET,
    ) -> tuple[Draft, Standing, RecordStanding]:
        """Return what an access shows, and what its employee, and then everybody, is shown of its record.

        `there` is what stands of the record's shared decoys. Within a view's window the same is shown
        whatever was minted meanwhile.
        """
        view = view_of(access.at, standing.views, self.policy.window, self._slack)
        if view is not None:
            shown = () if access.bare else self.shown(access, view, standing, there)
            return Draft(access, identity, view, shown), standing, there
        if access.bare:
            return *self._bare(access, identity, standing), there
        opened, policy = unused(access.at, standing), self.policy_of(access.record)
        always = policy.view_rate >= 1 or access.actor_class is not PERSON
        drawn = always or self._drawn(access, policy, opened)
        own = self._own(access, policy, opened, len(standing.minted), reserve, now) if drawn else ()
        shared: tuple[Minted, ...] = ()
        if policy.stable or policy.cohort:
            shared = tuple(self._shared(access, policy, opened, there, reserve, now))
            there = RecordStanding(there.minted + shared) if shared else there
        minted = standing.minted + own
        some = always or own or any(each.opened <= opened for each in minted)
        view = View(opened, len(minted) if some else 0, len(there.minted))
        after = Standing(with_view(standing.views, view), minted, standing.bare)
        shown = self.shown(access, view, after, there)
        return Draft(access, identity, view, shown, own + shared), after, there

    def shown(
        self, access: Access, view: View, standing: Standing, there: RecordStanding
    ) -> tuple[Decoy, ...]:
        """Return what a view shows: its own decoys, the pair's earlier ones, and the shared ones by then."""
        own = own_of(view, standing.minted)
        if not view.stood:
            return own
        shared = (
            each.decoy
            for each in there.minted[: view.stood]
            if each.opened <= view.opened and is_shown(self._draw, each.decoy, access.record, access.employee)
        )
        return (*own, *shared)

    def controls(self, first: int, count: int, reserve: Reserve, now: datetime) -> list[Decoy]:
        """Return decoys that nobody is ever shown, numbered from `first`."""
        return [
            self._mint(b"control", slot, reserve, now, control=True) for slot in range(first, first + count)
        ]

    def selftest(self, domain: str, reserve: Reserve, now: datetime) -> Decoy:
        """Return the decoy at a domain that our own tests write to, as believable as any."""
        decoy = self._mint(b"selftest\x00%b" % domain.encode(), 0, reserve, now, control=True, domain=domain)
        return replace(decoy, selftest=True)

    def stranger(self, domain: str, seed: bytes) -> str:
        """Return an address that looks like a decoy's. It may be one: ask the store."""
        return f"{self._generator.persona(seed, domain).local}@{domain}"

    def _bare(self, access: Access, identity: str, standing: Standing) -> tuple[Draft, Standing]:
        """Return the draft of an access that was shown without decoys, outside every view.

        It opens no view that others join: the next access in the window must still mint, or an outage of
        planting would leave pages without decoys for a whole window. Bare accesses of one window share a row.
        """
        view = view_of(access.at, standing.bare, self.policy.window)
        if view is None:
            view = View(unused(access.at, standing), 0, bare=True)
            standing = replace(standing, bare=with_view(standing.bare, view))
        return Draft(access, identity, view, ()), standing

    def _own(
        self,
        access: Access,
        policy: MintPolicy,
        opened: datetime,
        first: int,
        reserve: Reserve,
        now: datetime,
    ) -> tuple[Minted, ...]:
        """Return the view-unique decoys that join with a view, while there is room."""
        seed, last = view_seed(access, opened), min(first + policy.per_view, policy.cap)
        return tuple(Minted(opened, self._mint(seed, slot, reserve, now)) for slot in range(first, last))

    def _shared(
        self,
        access: Access,
        policy: MintPolicy,
        opened: datetime,
        there: RecordStanding,
        reserve: Reserve,
        now: datetime,
    ) -> Iterator[Minted]:
        found = joining(policy, self._draw, access.record, access.employee, opened, there)
        for layer, slot, joined in found:
            seed = shared_seed(layer, access.record)
            yield Minted(joined, replace(self._mint(seed, slot, reserve, now), layer=layer))

    def _drawn(self, access: Access, policy: MintPolicy, opened: datetime) -> bool:
        """Say whether a person's view gets decoys of its own: at the plan's rate."""
        part = int.from_bytes(self._draw(b"view", view_seed(access, opened))[:8]) / 2**64
        return part < policy.view_rate

    def _mint(
        self,
        seed: bytes,
        slot: int,
        reserve: Reserve,
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
