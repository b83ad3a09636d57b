"""Survey: an export is read once and learned; then it is written again with decoys among its records."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import SEEK_END
from itertools import accumulate
from types import MappingProxyType
from typing import BinaryIO

from canary.errors import DataError
from canary.model import Decoy, Face, Layer, Placement
from canary.seed.cells import Cell, Extractor, Form, Record, Span, raw_at
from canary.seed.columns import Kind, Profile, cells_by_column, number_in, profile_of, trackable
from canary.seed.encoding import Encoding, Writable, transparent, unaccented
from canary.seed.fill import Filler
from canary.seed.identifiers import Identifiers
from canary.seed.plan import Export, Plan, Planner
from canary.seed.position import fault
from canary.seed.roles import roles_of
from canary.seed.sketch import sketch_of
from canary.seed.sniff import form_of
from canary.seed.texts import Pool

BLOCK = 1 << 20
UNSHARED: Mapping[Layer, Sequence[bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seeding:
    """What became of writing: where each decoy stands in the output, and what to tell the user."""

    placements: tuple[Placement, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Decoys in their places, before anything is written: what to insert, and where.

    `faces` are those that changed, by the decoy's identifier: keep them before anybody sees the export.
    """

    rows: tuple[tuple[int, bytes], ...]
    seeding: Seeding
    faces: Mapping[str, Face]


class Places:
    """The salts of all slots, layer after layer, in the order in which they are placed."""

    def __init__(self, salts: Mapping[Layer, Sequence[bytes]]) -> None:
        self.salts = tuple(salt for each in salts.values() for salt in each)
        counts = accumulate(map(len, salts.values()), initial=0)
        self._first = dict(zip(salts, counts, strict=False))

    def of(self, decoy: Decoy) -> int:
        """Return the place of a decoy's slot among all salts."""
        return self._first[decoy.layer] + decoy.slot


def survey(
    source: BinaryIO,
    *,
    fmt: str | None = None,
    name: str = "-",
    columns: Mapping[str, str] | None = None,
    texts: Sequence[str] = (),
    salts: Sequence[bytes],
    shared: Mapping[Layer, Sequence[bytes]] = UNSHARED,
) -> "Survey":
    """Read an export once, validate it whole and learn its columns.

    `source` is seekable. `fmt` is one of `FORMATS`, or None to go by `name`, then by content.
    `columns` maps roles (email, name, given, family) to columns. `salts` are 64 keyed bytes for
    each slot, `shared` those for the slots of the layers that employees share: these are placed first, shown
    or not, so that they stand at one place for all. Raises DataError saying line, column and what to do.
    """
    if not salts:
        raise ValueError("a survey needs a salt for at least one slot")
    places = Places({**shared, Layer.VIEW: salts})
    plain, encoding = transparent(source, name)
    try:
        return _surveyed(plain, encoding, fmt, name, dict(columns or {}), texts, places)
    except BaseException:
        if encoding.recoded:
            plain.close()
        raise


def _surveyed(
    source: BinaryIO,
    encoding: Encoding,
    fmt: str | None,
    name: str,
    columns: Mapping[str, str],
    texts: Sequence[str],
    places: "Places",
) -> "Survey":
    form = form_of(source, encoding, fmt=fmt, name=name)
    size = source.seek(0, SEEK_END)
    known: dict[Span, Record] = {}
    sketch = sketch_of(
        form.batches(), places.salts[0], lambda head: _tracking(source, form, head, known), size=size
    )
    if not sketch.count:
        hint = "export at least one record"
        raise fault(source, 0, "there are no records to imitate", name=name, codec=encoding.inner, hint=hint)
    return Survey(Export(source, encoding, form, sketch, known), columns, texts, places=places, name=name)


def _tracking(
    source: BinaryIO, form: Form, head: Sequence[Span], known: dict[Span, Record]
) -> tuple[Sequence[str], Extractor]:
    """Return the columns to watch for identifiers; small first records are `known` then."""
    cells = [form.cells(raw_at(source, span)) for span in head]
    if head[-1][1] - head[0][0] <= BLOCK:
        known.update(zip(head, cells, strict=True))
    values = _values(cells)
    tracked = [column for column, texts in values.items() if trackable(texts, column)]
    return tracked, form.extractor(tracked)


def _values(sample: Sequence[Record]) -> dict[str, list[str]]:
    """Return column to its texts, record by record, "" where a field holds nothing."""
    columns = cells_by_column(sample)
    return {name: ["" if cell.empty else cell.text for cell in cells] for name, cells in columns.items()}


def _ratings(profile: Profile, sample: Sequence[Record]) -> Iterator[tuple[str, float]]:
    """Yield what the sample's records say and how they rate."""
    rating = profile.rating
    for column in profile.of(Kind.BODY, Kind.TEXT) if rating else ():
        for record in sample:
            text, stars = record.get(column.name), number_in(record.get(rating or "", Cell("")))
            if text is not None and not text.empty and stars is not None:
                yield text.text, stars


CROWDED = (
    "identifiers count up without gaps: a decoy's is behind the greatest, out of order among its neighbours; "
    "leave that column out of the export, or sort it by another"
)


class Survey:
    """An export that was read once: what it is, and the decoys' places in it.

    `columns` maps the roles in force to their columns.
    """

    def __init__(
        self,
        export: Export,
        given: Mapping[str, str],
        texts: Sequence[str],
        *,
        places: Places,
        name: str,
    ) -> None:
        spots = sorted(export.sketch.spots, key=lambda spot: spot.index)
        raws = [export.raw(spot.span) for spot in spots]
        export.form.learn(raws)
        sample = [
            export.known.get(spot.span) or export.form.cells(raw)
            for spot, raw in zip(spots, raws, strict=True)
        ]
        export.known = {spot.span: record for spot, record in zip(spots, sample, strict=True)}
        values = _values(sample)
        roles = roles_of(values, given, name=name)
        fitting = [text for text in texts if export.form.accepts(text)]
        profile = profile_of(sample, roles, export.sketch.seen.columns, texts=bool(fitting))
        filler = Filler(
            profile,
            list(zip(spots, sample, strict=True)),
            Identifiers(export.sketch.seen, values, export.encoding.inner, export.holds),
            Pool(fitting, list(_ratings(profile, sample))),
        )
        if export.encoding.recoded:
            weakref.finalize(self, export.source.close)
        self._export = export
        self._profile = profile
        self._places = places
        self._planner = Planner(export, filler, places.salts)
        self._name = name
        self.records = export.sketch.count
        self.fmt = export.form.fmt
        self.encoding = export.encoding.name
        self.columns = {role: column for column, role in reversed(roles.items())}
        self.warnings = profile.warnings

    def arrange(self, decoys: Sequence[Decoy], faces: Mapping[str, Face]) -> Arrangement:
        """Return decoys in their places; those whose faces were kept look, and stand, as they did.

        `faces` are by the decoys' identifiers. Where there are fewer records than decoys, only as many are
        placed, oldest slots first. Raises DataError for an address that the export's encoding cannot write,
        or that the export has already.
        """
        self._refuse_seeded(decoys)
        place_of = self._places.of
        chosen = sorted(decoys, key=place_of)[: self.records]
        warnings: list[str] = []
        if len(chosen) < len(decoys):
            warnings.append(
                f"the export has {self.records} records: {len(chosen)} of {len(decoys)} decoys are placed"
            )
        kept = {place_of(decoy): faces[decoy.id] for decoy in chosen if decoy.id in faces}
        arranged = self._planner.arrange([place_of(decoy) for decoy in chosen], kept)
        plans = [(arranged[place_of(decoy)], decoy) for decoy in chosen]
        changed = {
            decoy.id: face
            for plan, decoy in plans
            if (face := self._planner.face(faces.get(decoy.id, Face()), plan, decoy)) != faces.get(decoy.id)
        }
        plans.sort(key=lambda p: (p[0].gap, p[0].turn))
        if self._planner.crowded:
            warnings.append(CROWDED)
        rows = tuple((plan.offset, self._row(plan, decoy)) for plan, decoy in plans)
        placements = [Placement(decoy, plan.gap + earlier) for earlier, (plan, decoy) in enumerate(plans)]
        placements.sort(key=lambda p: place_of(p.decoy))
        return Arrangement(rows, Seeding(tuple(placements), tuple(warnings)), changed)

    def pour(self, out: BinaryIO, arranged: Arrangement) -> Seeding:
        """Write the export with decoys in place, every byte of its records as it was."""
        self._copy(self._export.encoding.writer(out), arranged.rows)
        return arranged.seeding

    def _refuse_seeded(self, decoys: Sequence[Decoy]) -> None:
        """Refuse an export that holds one of the decoys: seeded again, it would show it twice."""
        encoding, source = self._export.encoding, self._export.source
        wanted = [decoy.address.encode(encoding.inner) for decoy in decoys if encoding.can(decoy.address)]
        overlap = max(map(len, wanted), default=1)
        source.seek(0)
        tail = b""
        while block := source.read(BLOCK):
            text = tail + block
            if any(address in text for address in wanted):
                raise DataError(
                    f"{self._name} was seeded for this view before: a decoy's address is in it",
                    hint="seed the export as it came from its source",
                )
            tail = block[-overlap:]

    def _row(self, plan: Plan, decoy: Decoy) -> bytes:
        encoding = self._export.encoding
        if not encoding.can(decoy.address):
            raise DataError(
                f"{self._name}: a decoy's address cannot be written in {encoding.name}",
                hint="export as UTF-8",
            )
        cells = {
            column: cell if encoding.can(cell.text) else Cell(unaccented(cell.text))
            for column, cell in plan.filled.dressed(decoy, self._profile).items()
        }
        form, raw = self._export.form, self._export.raw
        before = None if plan.seat.before is None else raw(plan.seat.before)
        return form.joined(form.render(raw(plan.template), cells), before)

    def _copy(self, out: Writable, insertions: Sequence[tuple[int, bytes]]) -> None:
        source = self._export.source
        source.seek(0)
        at = 0
        for offset, row in insertions:
            _pour(source, out, offset - at)
            at = offset
            out.write(row)
        _pour(source, out, None)


def _pour(source: BinaryIO, out: Writable, size: int | None) -> None:
    """Copy so many bytes, or all that are left."""
    left = size
    while left is None or left > 0:
        block = source.read(BLOCK if left is None else min(BLOCK, left))
        if not block:
            return
        out.write(block)
        left = None if left is None else left - len(block)
