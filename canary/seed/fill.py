"""A place among the records becomes a decoy's fields, drawn from the other records."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from canary.seed.cells import Cell, Record
from canary.seed.columns import TITLE_WORDS, Column, Kind, Profile, number_in
from canary.seed.dates import DateFormat, Moment
from canary.seed.filled import Filled, Place
from canary.seed.identifiers import Identifiers
from canary.seed.roles import words_of
from canary.seed.shapes import other_digits
from canary.seed.sketch import Spot, number, ranked
from canary.seed.texts import Pool, opening

DONORS = 64
FINE = 1 << 32
DAY = timedelta(days=1)
NUDGES = 50


@dataclass(slots=True)
class Filler:
    """Draws fields for one export. `sample` is in the order of the export."""

    profile: Profile
    sample: Sequence[tuple[Spot, Record]]
    identifiers: Identifiers
    pool: Pool
    _records: dict[int, Record] = field(init=False)
    _numbers: dict[str, list[Any]] = field(init=False)
    _held: dict[str, set[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._records = {spot.index: record for spot, record in self.sample}
        self._numbers = {}
        self._held = {}
        for column in self.profile.of(Kind.DATE, Kind.NUMBER):
            cells = [r[column.name] for _, r in self.sample if column.name in r]
            self._held[column.name] = {cell.text for cell in cells}
            keys = (column.key(c) if column.dates else number_in(c) for c in cells if not c.empty)
            self._numbers[column.name] = sorted(k for k in keys if k is not None)

    def fits(self, place: Place, cells: Record | None = None) -> bool:
        """Say whether the sorted identifiers, or those of a decoy, have room between the neighbours."""
        return all(
            self._has_room(column, place, (cells or {}).get(column.name))
            for column in self.profile.of(Kind.IDENTIFIER)
            if column.order
        )

    def _has_room(self, column: Column, place: Place, cell: Cell | None) -> bool:
        low, high = self._bounds(column, place)
        if cell is not None:
            mine = column.key(cell)
            return mine is None or ((low is None or low < mine) and (high is None or mine < high))
        return low is None or high is None or self.identifiers.has_room(column, low, high)

    def begin(self, kept: Iterable[Record]) -> None:
        """Forget what was drawn, since decoys are dressed anew; these fields of theirs are kept."""
        self.identifiers.begin()
        bodies = [c.name for c in self.profile.of(Kind.BODY)]
        self.pool.begin(cells[name].text for cells in kept for name in bodies if name in cells)

    def fill(self, salt: bytes, place: Place, kept: Record, wanted: Iterable[str]) -> Filled:
        """Return the fields of the decoy that a salt draws for a place; those that are kept stay.

        Nothing is drawn where what is `wanted` is kept.
        """
        cells = dict(kept)
        if all(name in cells or self.profile.columns[name].role == "email" for name in wanted):
            return Filled(cells, {})
        donors = self._donors(salt, place)
        donor = donors[0]
        self._dates(cells, salt, place, donor)

        def missing(kind: Kind) -> list[Column]:
            return [column for column in self.profile.of(kind) if column.name not in cells]

        for column in missing(Kind.IDENTIFIER):
            cells[column.name] = self._identifier(column, salt, place)
        for column in missing(Kind.CHOICE):
            cells[column.name] = _taken(column, donors)
        for column in missing(Kind.NUMBER):
            cells[column.name] = self._measure(column, salt, donor)
        for column in missing(Kind.CODE):
            cells[column.name] = _coded(column, salt, donors)
        self._texts(cells, salt, donors)
        likes = {c.name: _like(c, donors) for c in self.profile.of(Kind.PERSON)}
        return Filled(cells, likes)

    def _donors(self, salt: bytes, place: Place) -> list[Record]:
        """Return records in the order of their rank, first the one that lends the choices."""
        grouped = [c.name for c in self.profile.columns.values() if c.grouped]
        records = [self._records[s.index] for s in ranked((s for s, _ in self.sample), salt, "donor")]
        if grouped:
            own = [r for r in records if all(r.get(g) == place.anchor.get(g) for g in grouped)]
            records = own or [place.anchor]
        choices = self.profile.of(Kind.CHOICE)

        def lends(record: Record) -> bool:
            return all(c.copyable(record.get(c.name, Cell(""))) for c in choices)

        first = next((r for r in records[:DONORS] if lends(r)), records[0])
        return [first, *(r for r in records if r is not first)]

    def _bounds(self, column: Column, place: Place) -> tuple[Any, Any]:
        """Return between which values a sorted column's must lie; None is open."""
        grouped = [c.name for c in self.profile.columns.values() if c.grouped and column.within]
        keys = [
            column.key(r.get(column.name))
            if r is not None and all(r.get(g) == place.anchor.get(g) for g in grouped)
            else None
            for r in (place.before, place.after)
        ]
        return (keys[0], keys[1]) if column.order > 0 else (keys[1], keys[0])

    def _identifier(self, column: Column, salt: bytes, place: Place) -> Cell:
        low, high = self._bounds(column, place) if column.order else (None, None)
        return Cell(self.identifiers.draw(column, salt, low, high), literal=column.literal)

    def _dates(self, cells: dict[str, Cell], salt: bytes, place: Place, donor: Record) -> None:
        columns = sorted(self.profile.of(Kind.DATE), key=lambda c: not c.order)
        shift: timedelta | None = None
        for column in columns:
            model = donor.get(column.name, Cell(""))
            old = _moment(column, model)
            if column.name in cells:
                there = _moment(column, cells[column.name])
                shift = there.at - old.at if there and old and shift is None else shift
                continue
            if column.order:
                new = self._between(column, salt, place)
            elif old is None:  # nothing, or what is said instead of a date
                said = not model.empty and column.copyable(model)
                cells[column.name] = model if said else column.blank or Cell("")
                continue
            elif shift is not None:
                new = self._clipped(column, old.at, shift)
            else:
                new = self._beside(column, salt, old.at)
            if shift is None and old is not None:
                shift = new - old.at
            like = old or _moment(column, place.anchor.get(column.name, Cell(""))) or Moment(new)
            low, high = self._bounds(column, place) if column.order else (None, None)
            text = self._date_text(column, replace(like, at=new), low, high)
            cells[column.name] = Cell(text, literal=column.literal)

    def _between(self, column: Column, salt: bytes, place: Place) -> datetime:
        low, high = self._bounds(column, place)
        known: list[datetime] = self._numbers[column.name]
        step = max((known[-1] - known[0]) / max(1, len(known)), timedelta(minutes=1))
        step = min(step, DAY)
        if low is None and high is None:
            return known[number(salt, "date", column.name) % len(known)]
        low = high - step if low is None else low
        high = low + step if high is None else high
        return self._within(column, salt, low, max(low, high))

    def _beside(self, column: Column, salt: bytes, at: datetime) -> datetime:
        """Return a moment between a record's and the next later one in the sample."""
        known: list[datetime] = self._numbers[column.name]
        place = bisect_right(known, at)
        if place < len(known):
            return self._within(column, salt, at, known[place])
        low = known[place - 2] if place > 1 else at - DAY
        return self._within(column, salt, min(low, at), at)

    def _within(self, column: Column, salt: bytes, low: datetime, high: datetime) -> datetime:
        return low + (high - low) * (number(salt, "date", column.name) % FINE / FINE)

    def _clipped(self, column: Column, at: datetime, shift: timedelta) -> datetime:
        """Return a moment that much later, inside of what is known: the calendar may end before."""
        known: list[datetime] = self._numbers[column.name]
        return at + min(max(shift, known[0] - at), known[-1] - at)

    def _date_text(self, column: Column, moment: Moment, low: datetime | None, high: datetime | None) -> str:
        """Return a date in the column's grain that no record has; a day may be anybody's."""
        dates = cast("DateFormat", column.dates)
        held = self._held[column.name]
        start = dates.floored(moment)
        for step in range(NUDGES if dates.grain < DAY else 0):
            near = replace(start, at=start.at + dates.grain * (step // 2 if step % 2 else -step // 2))
            inside = (low is None or near.at > low) and (high is None or near.at < high)
            if inside and (text := dates.write(near)) not in held:
                return text
        return dates.write(replace(start, at=max(start.at, low) if low is not None else start.at))

    def _measure(self, column: Column, salt: bytes, donor: Record) -> Cell:
        cell = donor.get(column.name, Cell(""))
        old = number_in(cell)
        if column.copyable(cell) or old is None:
            return cell if column.copyable(cell) else column.blank or Cell("")
        known: list[float] = self._numbers[column.name]
        place = bisect_right(known, old)
        low, high = (old, known[place]) if place < len(known) else (known[max(0, place - 2)], old)
        text = cell.text
        point = next((c for c in ".," if c in text), "")
        decimals = len(text.partition(point)[2]) if point else 0
        for attempt in range(NUDGES):
            share = number(salt, "number", column.name, attempt) % FINE / FINE
            drawn = f"{low + (high - low) * share:.{decimals}f}".replace(".", point or ".")
            if drawn not in self._held[column.name]:
                return Cell(drawn, literal=cell.literal)
        return Cell(self._other(column, salt, text), literal=cell.literal)

    def _other(self, column: Column, salt: bytes, text: str) -> str:
        """Return a number of the same length that no record has."""
        drawn = (other_digits(text, number(salt, "other", column.name, n)) for n in range(NUDGES))
        return next((d for d in drawn if d not in self._held[column.name]), "")

    def _texts(self, cells: dict[str, Cell], salt: bytes, donors: Sequence[Record]) -> None:
        donor = donors[0]
        rating = self.profile.rating
        stars = cells.get(rating, donor.get(rating)) if rating else None
        alike = [d for d in donors if rating is None or d.get(rating) == stars]
        body = ""
        for column in self.profile.of(Kind.BODY):
            if column.name in cells:
                body = body or cells[column.name].text
                continue
            empty = donor.get(column.name, Cell("")).empty
            if self.pool and not empty:
                text = self.pool.draw(salt, column.name, number_in(stars) if stars else None)
                cells[column.name] = Cell(text)
                body = body or text
            else:
                cells[column.name] = _taken(column, alike)
        for column in self.profile.of(Kind.TEXT):
            if column.name in cells:
                continue
            cell = _taken(column, alike)
            if body and cell.empty and column.blank is None and set(words_of(column.name)) & TITLE_WORDS:
                cell = Cell(opening(body))
            cells[column.name] = cell


def _taken(column: Column, donors: Sequence[Record]) -> Cell:
    """Return the first donor's value that may be taken over, else what is natural where nothing stands."""
    cells = (donor.get(column.name, Cell("")) for donor in donors)
    blank = column.blank or Cell("null" if column.literal else "", literal=column.literal)
    return next((cell for cell in cells if column.copyable(cell)), blank)


def _coded(column: Column, salt: bytes, donors: Sequence[Record]) -> Cell:
    """Return nothing where the column is sometimes empty, else the same shape with other digits."""
    if column.blank is not None:
        return column.blank
    model = donors[0].get(column.name, Cell(""))
    held = {donor.get(column.name, Cell("")).text for donor in donors}
    for attempt in range(NUDGES):
        text = other_digits(model.text, number(salt, "code", column.name, attempt))
        if text not in held:
            return Cell(text, literal=model.literal)
    return _taken(column, donors)


def _like(column: Column, donors: Sequence[Record]) -> Cell:
    cells = [donor.get(column.name, Cell("")) for donor in donors]
    return next((c for c in cells if not c.empty and c not in column.repeated), cells[0])


def _moment(column: Column, cell: Cell) -> Moment | None:
    return column.dates.read(cell.text) if column.dates and not cell.empty else None
