"""Accesses become decoys to show at once: known views from memory, the others in shared commits."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from canary.attribute import judge_touch
from canary.errors import CanaryError, StoreError
from canary.keyring import Keyring
from canary.model import Access, Decoy, Layer, Placement, Planting, Touch
from canary.plant.checking import AHEAD, checked, checked_touch
from canary.plant.line import PIECE, Job, Line
from canary.plant.line import Outcome as LineOutcome
from canary.plant.marker import marked, marker_of
from canary.plant.placing import placement_salt, position
from canary.plant.planted import Planted, Shown
from canary.plant.planter import Planter
from canary.plant.views import View, Views
from canary.ports import Attributed, Finding, Ledger, Look, Sighting

Outcome = Planted | CanaryError
PATIENCE = 1.0
MOST_VIEWS = 20_000
MOST_TOLD = 16_384
NUMBERS = 1000
FEW_NUMBERS = 250


class LivePlanter:
    """Plants while an application waits; for threads, and by `a…` for coroutines, whose loop it never blocks.

    A repeated look is answered from memory, and its row written down some milliseconds later; everything else
    is durable before it is answered. `patience` is how many seconds anybody waits for the database; open the
    store with as much, and say so by `prompt`: then threads that wait commit by themselves. `most_views`
    bounds the memory. Call `close` when done.
    """

    def __init__(
        self,
        planter: Planter,
        keyring: Keyring,
        *,
        patience: float = PATIENCE,
        prompt: bool = False,
        most_views: int = MOST_VIEWS,
    ) -> None:
        self.store = planter.store
        self._planter = replace(planter, minter=planter.minter.slackened(AHEAD))
        self._keyring = keyring
        self._clock = planter.clock
        self._patience = patience
        self._prompt = prompt
        self._views = Views(planter.minter.policy.window, most_views, MOST_TOLD)
        self._line = Line(self._plant_together, self._write_down)
        self._numbers: deque[int] = deque()
        self._lock = threading.Lock()
        self._planter.minter.stranger("", b"")  # reads the tables of names, before anybody waits for them

    def plant(self, access: Access) -> Planted:
        """Return what to show in an access. Raises AccessError, TemporaryError."""
        return _only(self.plant_many([access]))

    def plant_many(self, accesses: Sequence[Access]) -> list[Outcome]:
        """Return what to show in each access, or why it cannot be planted."""
        outcomes, missing = self._answered(accesses)
        if missing:
            job = Job([access for _, access in missing])
            try:
                if self._prompt and len(missing) <= PIECE:
                    self._line.plant_now(job)
                else:
                    self._line.put(job)
                job.wait(self._patience)
            except CanaryError as error:
                _refuse(outcomes, missing, error)
            else:
                self._settle(outcomes, missing, job.outcomes)
        return outcomes

    async def aplant(self, access: Access) -> Planted:
        """Return what to show in an access. Raises AccessError, TemporaryError."""
        return _only(await self.aplant_many([access]))

    async def aplant_many(self, accesses: Sequence[Access]) -> list[Outcome]:
        """Return what to show in each access, or why it cannot be planted."""
        outcomes: list[Outcome] = []
        missing: list[tuple[int, Access]] = []
        for at in range(0, len(accesses), PIECE):
            if at:
                await asyncio.sleep(0)  # others of the loop come in between
            some, left = self._answered(accesses[at : at + PIECE])
            outcomes += some
            missing += [(at + place, access) for place, access in left]
        if missing:
            job = Job([access for _, access in missing], asyncio.get_running_loop())
            try:
                self._line.put(job)
                await job.wanted(self._patience)
            except CanaryError as error:
                _refuse(outcomes, missing, error)
            else:
                self._settle(outcomes, missing, job.outcomes)
        return outcomes

    def unmark(self, marker: str) -> tuple[str, str]:
        """Return the identifiers of a marker's decoy and access. Raises NotFoundError, at the same cost."""
        return marked(self._keyring, marker)

    def touch(self, marker: str, action: str, employee: str, at: datetime | None = None) -> str:
        """Keep an action on a decoy's record as a hit, the same one twice as one; return its identifier.

        Raises AccessError, NotFoundError for a marker that is none of ours, StoreError.
        """
        now = self._clock()
        action, employee, at = checked_touch(action, employee, at, now)
        decoy_id, access_id = self.unmark(marker)
        seen = self._sighting(decoy_id, access_id)
        touch = Touch(seen.decoy.address, action, employee, at, access_id)
        verdict = judge_touch(touch, seen)
        (kept,) = self.store.keep([Attributed(touch, [Finding(seen.decoy, verdict)])])
        if isinstance(kept, CanaryError):
            raise kept
        return kept.hit_ids[0]

    async def atouch(self, marker: str, action: str, employee: str, at: datetime | None = None) -> str:
        """Keep an action on a decoy's record as a hit, as `touch` does."""
        return await asyncio.to_thread(self.touch, marker, action, employee, at)

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown, as `Store.place` does, once it is written down."""
        self.flush()
        self.store.place(access_id, placements, all_of_them=all_of_them)

    def shared_slots(self, record: str) -> dict[Layer, int]:
        """Return how many slots a record's shared decoys have or will have, by layer."""
        return self._planter.shared_slots(record)

    def flush(self) -> None:
        """Wait until the repeated looks that were answered by now are written down."""
        self._line.flush(self._patience)

    def close(self) -> None:
        """Plant and write down what waits. The store stays open."""
        self._line.close()

    def _answered(self, accesses: Sequence[Access]) -> tuple[list[Outcome], list[tuple[int, Access]]]:
        """Return an outcome for each, and those, by place, that must be planted for it."""
        now = self._clock()
        outcomes: list[Outcome] = []
        missing: list[tuple[int, Access]] = []
        for place, told in enumerate(accesses):
            try:
                access = checked(told, now)
                answer = self._from_memory(access)
            except CanaryError as error:
                outcomes.append(error)
                continue
            if answer is None:
                missing.append((place, access))
                answer = Planted(access, ())
            outcomes.append(answer)
        return outcomes, missing

    def _from_memory(self, access: Access) -> Planted | None:
        """Return what a repeated look shows; None where the ledger must be asked. Raises StoreError."""
        view = None if access.bare else self._views.find(access)
        if view is None:
            return None
        identity = (access.actor_class, access.identity)
        told = self._views.told(identity)
        if told is not None:
            return self._shown(*told, duplicate=True)
        if self.store.known_access(view.first, access.identity):
            return None
        with self._lock:
            if self._views.told(identity) or not self._numbers or self._line.full:
                return None
            numbered = access.numbered(f"acc_{self._numbers.popleft()}")
            self._views.note_told(identity, numbered, view)
            self._line.look(Look(numbered, access.identity, view.first, view.decoys))
        return self._shown(numbered, view)

    def _plant_together(self, accesses: Sequence[Access]) -> Sequence[LineOutcome]:
        """Plant accesses in one commit; where one of them cannot be, each in its own."""
        try:
            plantings: Sequence[LineOutcome] = self._committed(accesses)
        except StoreError:
            raise
        except CanaryError as error:
            if len(accesses) == 1:
                return [error]
            return [outcome for access in accesses for outcome in self._plant_together([access])]
        return plantings

    def _committed(self, accesses: Sequence[Access]) -> list[Planting]:
        """Plant accesses, and set numbers for repeated looks aside where few are left."""
        few = len(self._numbers) < FEW_NUMBERS

        def work(ledger: Ledger) -> tuple[list[Planting], range]:
            numbers = ledger.reserve_accesses(NUMBERS) if few else range(0)
            return self._planter.within(ledger, accesses), numbers

        plantings, numbers = self.store.plant(work)
        self._numbers.extend(numbers)
        return plantings

    def _write_down(self, looks: Sequence[Look]) -> None:
        few = len(self._numbers) < FEW_NUMBERS

        def work(ledger: Ledger) -> range:
            ledger.look_again(looks)
            return ledger.reserve_accesses(NUMBERS) if few else range(0)

        self._numbers.extend(self.store.plant(work))

    def _settle(
        self,
        outcomes: list[Outcome],
        missing: Sequence[tuple[int, Access]],
        planted: Sequence[LineOutcome],
    ) -> None:
        """Put what was planted in its place, and remember the views."""
        for (place, asked), planting in zip(missing, planted, strict=True):
            outcomes[place] = planting if isinstance(planting, CanaryError) else self._told(asked, planting)

    def _told(self, asked: Access, planting: Planting) -> Planted:
        access, decoys = planting.access, planting.decoys
        places = tuple(self._position(access, decoy) for decoy in decoys)
        view = View(access.at, access.at, access.id, decoys, places)
        if planting.opened is not None and not access.bare:
            view = self._views.remember(access, planting.opened, decoys, places)
        self._views.note_told((asked.actor_class, asked.identity), access, view)
        return self._shown(access, view, duplicate=planting.duplicate)

    def _shown(self, access: Access, view: View, *, duplicate: bool = False) -> Planted:
        shown = tuple(
            Shown(decoy, place, marker_of(self._keyring, decoy.id, access.id))
            for decoy, place in zip(view.decoys, view.positions, strict=True)
        )
        return Planted(access, shown, duplicate)

    def _position(self, access: Access, decoy: Decoy) -> float:
        return position(placement_salt(self._keyring.draw, access, decoy))

    def _sighting(self, decoy_id: str, access_id: str) -> Sighting:
        """Return a decoy and the access that showed it, which may wait to be written down."""
        seen = self.store.sighting(decoy_id, access_id)
        if not seen.accesses:
            self.flush()
            seen = self.store.sighting(decoy_id, access_id)
        return seen


def _refuse(outcomes: list[Outcome], missing: Sequence[tuple[int, Access]], error: CanaryError) -> None:
    for place, _ in missing:
        outcomes[place] = error


def _only(outcomes: Sequence[Outcome]) -> Planted:
    (outcome,) = outcomes
    if isinstance(outcome, CanaryError):
        raise outcome
    return outcome
