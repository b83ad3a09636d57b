"""What was kept of a decoy becomes the place that it has among the records of today."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from canary.model import Face
from canary.seed.cells import Cell, Form, Record, Span
from canary.seed.columns import Column, Kind, Profile
from canary.seed.sketch import Spot

Ranks = tuple[int, ...]
HASH_BYTES = 12


class Seat(NamedTuple):
    """A gap among the records, the records on both sides of it, and the one whose neighbour the decoy is."""

    gap: int
    before: Span | None
    after: Span | None
    anchor: Span


class Seats:
    """Finds places among the records of one export. `sample` is in its order.

    Where the export is sorted the kept date or identifier decides; between equal ones, and where it is
    not sorted, whom the decoy stood beside. What lies between two records of the sample is read again.
    """

    def __init__(
        self,
        profile: Profile,
        sample: Sequence[tuple[Spot, Record]],
        form: Form,
        record: Callable[[Span], Record],
    ) -> None:
        columns = profile.columns.values()
        self.ordered = sorted((c for c in columns if c.order), key=lambda c: c.kind is not Kind.DATE)
        # where the order is that of the whole export, it decides: equal values may stand together by chance
        apart = not self.ordered or any(c.within for c in self.ordered)
        self._grouped = [c.name for c in columns if c.grouped and apart]
        identifying = (*profile.of(Kind.IDENTIFIER), *(c for c in columns if c.role == "email"))
        self._identifying = identifying[0].name
        self._sample = sample
        self._form = form
        self._record = record

    def among(self, cells: Record) -> Sequence[tuple[Spot, Record]]:
        """Return the records of the sample that stand in the group of a decoy, all where there is none."""
        group = [(name, cells[name]) for name in self._grouped if name in cells]
        if not group:
            return self._sample
        same = [(s, r) for s, r in self._sample if all(r.get(name) == cell for name, cell in group)]
        return same or self._sample

    def ranks(self, record: Record, columns: Sequence[Column] | None = None) -> Ranks | None:
        """Return numbers that ascend through the export, None for a record without them."""
        found = [c.rank(record.get(c.name)) for c in (self.ordered if columns is None else columns)]
        known = tuple(rank for rank in found if rank is not None)
        return known if known and len(known) == len(found) else None

    def beside(self, salt: bytes, seat: Seat) -> tuple[bytes, bytes]:
        """Return what the records on both sides of a gap are known by."""
        before, after = (
            b"" if span is None else self._known_by(salt, self._record(span))
            for span in (seat.before, seat.after)
        )
        return before, after

    def find(self, salt: bytes, face: Face, cells: Record) -> Seat | None:
        """Return where a decoy belongs that looks so, None where nothing of today tells."""
        some = self.among(cells)
        columns = [c for c in self.ordered if c.rank(cells.get(c.name)) is not None]
        ranks = self.ranks(cells, columns)
        if ranks is None:
            return self._neighbour(salt, face, some)
        ranked = [(r, each) for each in some if (r := self.ranks(each[1], columns)) is not None]
        keys = [key[0] for key, _ in ranked]
        left, right = bisect_left(keys, ranks[0]), bisect_right(keys, ranks[0])
        if left < right:
            tied = [each for _, each in ranked[max(0, left - 1) : right + 1]]
            seat = self._neighbour(salt, face, tied, (columns[0], ranks[0]))
            if seat is not None:
                return seat
            left = bisect_right([key for key, _ in ranked], ranks, left, right)
        return self._between([each[0] for _, each in ranked], left, cells, columns, ranks)

    def _neighbour(
        self,
        salt: bytes,
        face: Face,
        some: Sequence[tuple[Spot, Record]],
        bound: tuple[Column, int] | None = None,
    ) -> Seat | None:
        """Return the place behind or ahead of a record of last time, if the sorted column allows it."""
        known = {self._known_by(salt, record): spot for spot, record in reversed(some)}
        behind, ahead = known.get(face.behind), known.get(face.ahead)
        seats = []
        if behind is not None:
            seats.append(Seat(behind.index + 1, behind.span, behind.after, behind.span))
        if ahead is not None:
            seats.append(Seat(ahead.index, ahead.before, ahead.span, ahead.span))
        return next((seat for seat in seats if bound is None or self._allowed(seat, *bound)), None)

    def _allowed(self, seat: Seat, column: Column, rank: int) -> bool:
        low, high = (
            None if span is None else column.rank(self._record(span).get(column.name))
            for span in (seat.before, seat.after)
        )
        return (low is None or low <= rank) and (high is None or rank <= high)

    def _between(
        self, spots: Sequence[Spot], at: int, cells: Record, columns: Sequence[Column], ranks: Ranks
    ) -> Seat:
        """Return the place behind the last record that ranks no higher, from spot `at - 1` to spot `at`."""
        low = spots[at - 1] if at else None
        high = spots[at] if at < len(spots) else None
        gap, before = (low.index + 1, low.span) if low else (0, None)
        anchor = low or high or self._sample[0][0]
        if high is not None and high.index == gap:
            return Seat(gap, before, high.span, anchor.span)
        group = {name: cells[name] for name in self._grouped if name in cells}
        if low is None and group:
            return Seat(anchor.index, anchor.before, anchor.span, anchor.span)
        for span in self._spans(low, high):
            record = self._record(span)
            mine = self.ranks(record, columns)
            if (mine is not None and mine > ranks) or not _in(group, record):
                return Seat(gap, before, span, anchor.span)
            gap, before = gap + 1, span
        return Seat(gap, before, high.span if high else None, anchor.span)

    def _spans(self, low: Spot | None, high: Spot | None) -> Iterator[Span]:
        """Read the records between two of the sample."""
        if low is not None and low.after is None:
            return
        end = high.span[0] if high else None
        for batch in self._form.batches(low.after[0] if low and low.after else None):
            for span in zip(batch.starts, batch.ends, strict=True):
                if end is not None and span[0] >= end:
                    return
                yield span

    def _known_by(self, salt: bytes, record: Record) -> bytes:
        value = record.get(self._identifying, Cell("")).text.encode("utf-8", "surrogatepass")
        return blake2b(value, key=salt, person=b"beside", digest_size=HASH_BYTES).digest()


def _in(group: Mapping[str, Cell], record: Record) -> bool:
    return all(record.get(name) == cell for name, cell in group.items())
