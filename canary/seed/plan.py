"""A slot's salt becomes a place among the records, and what stands there."""

from dataclasses import dataclass, field, replace
from typing import BinaryIO

from canary.seed.cells import Form, Record, Span, raw_at
from canary.seed.columns import Kind
from canary.seed.encoding import Encoding
from canary.seed.fill import Filled, Filler, Place
from canary.seed.sketch import Sketch, Spot, number, ranked

CANDIDATES = 64


@dataclass(slots=True)
class Export:
    """An export at hand: its bytes, its encoding and format, and what one reading left."""

    source: BinaryIO
    encoding: Encoding
    form: Form
    sketch: Sketch

    def raw(self, span: Span) -> bytes:
        """Return the bytes of a record."""
        return raw_at(self.source, span)

    def record(self, span: Span | None) -> Record | None:
        """Return the cells of a record."""
        return None if span is None else self.form.cells(self.raw(span))


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a slot's decoy goes: `gap` records come before it, `turn` orders decoys in one gap.

    `offset` is where its bytes are inserted, behind the record `before`; `template` is the
    record whose layout it takes.
    """

    gap: int
    turn: int
    offset: int
    before: bytes | None
    template: bytes
    filled: Filled


@dataclass(slots=True)
class Planner:
    """Plans the slots of one export in their order, so that later slots never move earlier ones.

    `crowded` says that sorted identifiers left no room for a decoy's between its neighbours'.
    """

    export: Export
    filler: Filler
    salts: tuple[bytes, ...]
    crowded: bool = False
    _plans: list[Plan] = field(default_factory=list)

    def plan(self, slot: int) -> Plan:
        """Return the plan of a slot. Raises ValueError for a slot without a salt."""
        if not 0 <= slot < len(self.salts):
            raise ValueError(f"slot {slot} has no salt among {len(self.salts)}")
        while len(self._plans) <= slot:
            self._plans.append(self._next(self.salts[len(self._plans)]))
        return self._plans[slot]

    def _next(self, salt: bytes) -> Plan:
        spots = ranked(self.export.sketch.spots, salt, "anchor")
        place, span = self._chosen(spots, salt)
        filled = self.filler.fill(salt, place)
        same = [plan for plan in self._plans if plan.gap == place.gap]
        turn = -len(same) if place.gap == 0 else len(same)
        before = None if place.gap == 0 else self.export.raw(span)
        return Plan(place.gap, turn, span[0 if place.gap == 0 else 1], before, self._template(spots), filled)

    def _chosen(self, spots: list[Spot], salt: bytes) -> tuple[Place, Span]:
        """Return the first place in rank that is free and fits, else the first that is free.

        Where identifiers count up without gaps none fits: a keyed place with an identifier behind
        the greatest is kept rather than the end of the export, which anybody could foretell.
        """
        free: list[tuple[Place, Span]] = []
        taken = {plan.gap for plan in self._plans}
        for spot in spots[:CANDIDATES]:
            after = self._after(spot, salt)
            if spot.index + after not in taken or len(taken) > self.export.sketch.count:
                place = self._place(spot, after)
                if self.filler.fits(place[0]):
                    return place
                free.append(place)
        chosen = free[0] if free else self._place(spots[0], self._after(spots[0], salt))
        self.crowded = self.crowded or not self.filler.fits(chosen[0])
        return chosen

    def _after(self, spot: Spot, salt: bytes) -> bool:
        """Say whether a decoy stands behind its anchor; in a sorted export it stays inside."""
        after = bool(number(salt, "side") & 1)
        sorted_ = any(column.order for column in self.filler.profile.columns.values())
        if sorted_ and self.export.sketch.count > 1:
            return (after or spot.before is None) and spot.after is not None
        return after

    def _place(self, spot: Spot, after: bool) -> tuple[Place, Span]:
        """Return a place beside an anchor, and the span of the record whose edge it lies on."""
        before, behind = (spot.span, spot.after) if after else (spot.before, spot.span)
        gap = spot.index + after
        anchor = self.export.record(spot.span) or {}
        place = Place(gap, self.export.record(before), self.export.record(behind), anchor)
        same = [plan for plan in self._plans if plan.gap == gap]
        if same and gap == 0:
            place = replace(place, after=same[-1].filled.cells)
        elif same:
            place = replace(place, before=same[-1].filled.cells)
        return place, before or spot.span

    def _template(self, spots: list[Spot]) -> bytes:
        """Return the record of least rank that has all columns of a person."""
        needed = {column.name for column in self.filler.profile.of(Kind.PERSON)}
        raws = (self.export.raw(spot.span) for spot in spots)
        return next(
            (raw for raw in raws if needed <= set(self.export.form.cells(raw))),
            self.export.raw(spots[0].span),
        )
