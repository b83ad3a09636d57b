"""A slot's salt, or what was kept of its decoy, becomes a place among the records, and what stands there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from canary.model import Decoy, Face
from canary.seed.cells import Form, Record, Span, raw_at
from canary.seed.columns import Kind
from canary.seed.encoding import Encoding
from canary.seed.faces import cells_of, face_of
from canary.seed.fill import Filler
from canary.seed.filled import Filled, Place
from canary.seed.seats import Seat, Seats
from canary.seed.sketch import Sketch, Spot, number, ranked

CANDIDATES = 64


@dataclass(slots=True)
class Export:
    """An export at hand: its bytes, its encoding and format, and what one reading left.

    `known` are records that were read already.
    """

    source: BinaryIO
    encoding: Encoding
    form: Form
    sketch: Sketch
    known: dict[Span, Record] = field(default_factory=dict)

    def raw(self, span: Span) -> bytes:
        """Return the bytes of a record."""
        return raw_at(self.source, span)

    def record(self, span: Span) -> Record:
        """Return the cells of a record."""
        known = self.known.get(span)
        return self.form.cells(self.raw(span)) if known is None else known

    def holds(self, column: str, value: bytes) -> bool:
        """Say whether a record has this identifier, by reading all of them."""
        extract = self.form.extractor([column])
        return any(value in values for batch in self.form.batches() for values in extract(batch))


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a slot's decoy goes: `seat.gap` records come before it, `turn` orders decoys in one gap.

    `template` is the record whose layout it takes; `found` is what was kept of it, for these columns.
    `beside` is whom it stands beside where that must be kept.
    """

    seat: Seat
    template: Span
    filled: Filled
    found: Record
    beside: tuple[bytes, bytes] | None
    turn: int = 0

    @property
    def gap(self) -> int:
        """Return how many records come before it."""
        return self.seat.gap

    @property
    def offset(self) -> int:
        """Return where its bytes are inserted."""
        before, after, anchor = self.seat.before, self.seat.after, self.seat.anchor
        return before[1] if before else (after or anchor)[0]


class Planner:
    """Plans slots of one export: decoys that were kept first, then the others in their order.

    So later slots never move earlier ones. `crowded` says that sorted identifiers left no room for a
    decoy's between its neighbours'.
    """

    def __init__(self, export: Export, filler: Filler, salts: Sequence[bytes]) -> None:
        self._export = export
        self._filler = filler
        self._salts = salts
        self._profile = filler.profile
        self._seats = Seats(filler.profile, filler.sample, export.form, export.record)
        self._uniform = len({tuple(record) for _, record in filler.sample}) == 1
        self._literals = export.form.fmt.startswith("json")
        self._plans: dict[int, Plan] = {}
        self._gaps: dict[int, list[int]] = {}
        self.crowded = False

    def arrange(self, slots: Sequence[int], faces: Mapping[int, Face]) -> dict[int, Plan]:
        """Return a plan for each slot; `faces` are those that were kept. Raises ValueError without a salt."""
        if not all(0 <= slot < len(self._salts) for slot in slots):
            raise ValueError(f"a slot of {list(slots)} has no salt among {len(self._salts)}")
        self._plans, self._gaps, self.crowded = {}, {}, False
        found = {slot: self._found(face) for slot, face in sorted(faces.items())}
        self._filler.begin(found.values())
        kept = {slot: self._claimed(cells) for slot, cells in found.items()}
        for slot, cells in kept.items():
            self._enter(slot, self._again(self._salts[slot], faces[slot], found[slot], cells))
        if len(kept) < len(slots):
            for slot in range(max(slots) + 1):  # those that this employee is not shown have their places, too
                if slot not in kept:
                    self._enter(slot, self._next(self._salts[slot]))
        turns = {slot: turn for gap in self._gaps.values() for turn, slot in enumerate(gap)}
        return {slot: replace(self._plans[slot], turn=turns[slot]) for slot in slots}

    def face(self, face: Face, plan: Plan, decoy: Decoy) -> Face:
        """Return the face of a decoy, given what was kept of it, once it stands as planned."""
        shown = self._export.record(plan.template)
        cells = {
            name: cell
            for name, cell in plan.filled.dressed(decoy, self._profile).items()
            if name in shown and self._profile.columns[name].role != "email"
        }
        return face_of(face, cells, plan.found, plan.beside)

    def _found(self, face: Face) -> Record:
        like = self._filler.sample[0][1]
        return cells_of(face, self._profile, like, literals=self._literals, pooled=bool(self._filler.pool))

    def _claimed(self, cells: Record) -> Record:
        """Return what was kept without the identifiers that another has now."""
        mine = (c.name for c in self._profile.of(Kind.IDENTIFIER) if c.name in cells)
        gone = {name for name in mine if not self._filler.identifiers.claim(name, cells[name].text)}
        return {name: cell for name, cell in cells.items() if name not in gone}

    def _again(self, salt: bytes, face: Face, found: Record, cells: Record) -> Plan:
        """Plan a decoy as it was."""
        seat = self._seats.find(salt, face, cells)
        lost = seat is None
        if seat is None:
            among = [spot for spot, _ in self._seats.among(cells)]
            seat = self._chosen(ranked(among, salt, "anchor"), salt)
        turn = self._turn(seat.gap, cells)
        place = self._place(seat, turn)
        self.crowded = self.crowded or not self._filler.fits(place, cells)
        return self._planned(salt, seat, turn, place, (found, cells), beside=lost)

    def _next(self, salt: bytes) -> Plan:
        """Plan a decoy that was not kept."""
        seat = self._chosen(ranked(self._export.sketch.spots, salt, "anchor"), salt)
        turn = self._last(seat.gap)
        return self._planned(salt, seat, turn, self._place(seat, turn), ({}, {}), beside=True)

    def _planned(
        self, salt: bytes, seat: Seat, turn: int, place: Place, kept: tuple[Record, Record], *, beside: bool
    ) -> Plan:
        found, cells = kept
        template = self._template(salt, found)
        filled = self._filler.fill(salt, place, cells, self._export.record(template))
        known = self._seats.beside(salt, seat) if beside else None
        return Plan(seat, template, filled, found, known, turn)

    def _enter(self, slot: int, plan: Plan) -> None:
        self._plans[slot] = plan
        self._gaps.setdefault(plan.gap, []).insert(plan.turn, slot)

    def _last(self, gap: int) -> int:
        """Return the turn of one more decoy in a gap: ahead of the others where no record is before them."""
        return 0 if gap == 0 else len(self._gaps.get(gap, ()))

    def _turn(self, gap: int, cells: Record) -> int:
        """Return the turn of a decoy that was kept: where the export is sorted, so are those in a gap."""
        columns = [c for c in self._seats.ordered if c.rank(cells.get(c.name)) is not None]
        ranks = self._seats.ranks(cells, columns)
        if ranks is None:
            return self._last(gap)
        others = (
            self._seats.ranks(self._plans[slot].filled.cells, columns) for slot in self._gaps.get(gap, ())
        )
        return sum(1 for other in others if other is not None and other <= ranks)

    def _chosen(self, spots: list[Spot], salt: bytes) -> Seat:
        """Return the first place in rank that is free and fits, else the first that is free.

        Where identifiers count up without gaps none fits: a keyed place with an identifier behind
        the greatest is kept rather than the end of the export, which anybody could foretell.
        """
        free: list[Seat] = []
        for spot in spots[:CANDIDATES]:
            seat = self._seat(spot, salt)
            if seat.gap not in self._gaps or len(self._gaps) > self._export.sketch.count:
                if self._filler.fits(self._place(seat, self._last(seat.gap))):
                    return seat
                free.append(seat)
        chosen = free[0] if free else self._seat(spots[0], salt)
        fits = self._filler.fits(self._place(chosen, self._last(chosen.gap)))
        self.crowded = self.crowded or not fits
        return chosen

    def _seat(self, spot: Spot, salt: bytes) -> Seat:
        """Return the gap beside an anchor; in a sorted export a decoy stays inside."""
        after = bool(number(salt, "side") & 1)
        sorted_ = any(column.order for column in self._profile.columns.values())
        if sorted_ and self._export.sketch.count > 1:
            after = (after or spot.before is None) and spot.after is not None
        before, behind = (spot.span, spot.after) if after else (spot.before, spot.span)
        return Seat(spot.index + after, before, behind, spot.span)

    def _place(self, seat: Seat, turn: int) -> Place:
        """Return what a decoy finds at its turn in a gap: records, or other decoys."""
        same = [self._plans[slot].filled.cells for slot in self._gaps.get(seat.gap, ())]
        ends = [None if span is None else self._export.record(span) for span in (seat.before, seat.after)]
        before = same[turn - 1] if turn else ends[0]
        after = same[turn] if turn < len(same) else ends[1]
        return Place(seat.gap, before, after, self._export.record(seat.anchor))

    def _template(self, salt: bytes, found: Record) -> Span:
        """Return the record whose layout a decoy takes: that of least rank with the fields that it has had.

        One that had none takes that of a record with all columns of a person.
        """
        if self._uniform:
            return self._filler.sample[0][0].span
        spans = [spot.span for spot in ranked(self._export.sketch.spots, salt, "anchor")]
        persons = {column.name for column in self._profile.of(Kind.PERSON)}
        emails = {column.name for column in self._profile.of(Kind.PERSON) if column.role == "email"}
        whole = (span for span in spans if persons <= self._export.record(span).keys())
        if not found:
            return next(whole, spans[0])
        had = found.keys() | emails
        return min(spans, key=lambda span: len(self._export.record(span).keys() ^ had))
