"""Survey: an export is read once and learned; then it is written again with decoys among its records."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import SEEK_END
from typing import BinaryIO

from canary.errors import DataError
from canary.model import Decoy, Placement
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


@dataclass(frozen=True, slots=True)
class Seeding:
    """What became of writing: where each decoy stands in the output, and what to tell the user."""

    placements: tuple[Placement, ...]
    warnings: tuple[str, ...]


def survey(
    source: BinaryIO,
    *,
    fmt: str | None = None,
    name: str = "-",
    columns: Mapping[str, str] | None = None,
    texts: Sequence[str] = (),
    salts: Sequence[bytes],
) -> "Survey":
    """Read an export once, validate it whole and learn its columns.

    `source` is seekable. `fmt` is one of `FORMATS`, or None to go by `name`, then by content.
    `columns` maps roles (email, name, given, family) to columns. `salts` are 64 keyed bytes for
    each slot. Raises DataError saying line, column and what to do.
    """
    if not salts:
        raise ValueError("a survey needs a salt for at least one slot")
    plain, encoding = transparent(source, name)
    try:
        return _surveyed(plain, encoding, fmt, name, dict(columns or {}), texts, salts)
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
    salts: Sequence[bytes],
) -> "Survey":
    form = form_of(source, encoding, fmt=fmt, name=name)
    size = source.seek(0, SEEK_END)
    sketch = sketch_of(form.batches(), salts[0], lambda head: _tracking(source, form, head), size=size)
    if not sketch.count:
        hint = "export at least one record"
        raise fault(source, 0, "there are no records to imitate", name=name, codec=encoding.inner, hint=hint)
    return Survey(Export(source, encoding, form, sketch), columns, texts, salts=salts, name=name)


def _tracking(source: BinaryIO, form: Form, head: Sequence[Span]) -> tuple[Sequence[str], Extractor]:
    values = _values([form.cells(raw_at(source, span)) for span in head])
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
        salts: Sequence[bytes],
        name: str,
    ) -> None:
        spots = sorted(export.sketch.spots, key=lambda spot: spot.index)
        raws = [export.raw(spot.span) for spot in spots]
        export.form.learn(raws)
        sample = [export.form.cells(raw) for raw in raws]
        values = _values(sample)
        roles = roles_of(values, given, name=name)
        fitting = [text for text in texts if export.form.accepts(text)]
        profile = profile_of(sample, roles, export.sketch.seen.columns, texts=bool(fitting))
        filler = Filler(
            profile,
            list(zip(spots, sample, strict=True)),
            Identifiers(export.sketch.seen, values, export.encoding.inner),
            Pool(fitting, list(_ratings(profile, sample))),
        )
        if export.encoding.recoded:
            weakref.finalize(self, export.source.close)
        self._export = export
        self._profile = profile
        self._planner = Planner(export, filler, tuple(salts))
        self._name = name
        self.records = export.sketch.count
        self.fmt = export.form.fmt
        self.encoding = export.encoding.name
        self.columns = {role: column for column, role in reversed(roles.items())}
        self.warnings = profile.warnings

    def write(self, out: BinaryIO, decoys: Sequence[Decoy]) -> Seeding:
        """Write the export with decoys in place, every byte of its records as it was.

        Places and fields depend on salts and slots alone. Where there are fewer records than decoys,
        only as many are placed, oldest slots first. Raises DataError for an address that the
        export's encoding cannot write, or that the export has already.
        """
        self._refuse_seeded(decoys)
        chosen = sorted(decoys, key=lambda decoy: decoy.slot)[: self.records]
        warnings: list[str] = []
        if len(chosen) < len(decoys):
            warnings.append(
                f"the export has {self.records} records: {len(chosen)} of {len(decoys)} decoys are placed"
            )
        plans = sorted(
            ((self._planner.plan(decoy.slot), decoy) for decoy in chosen), key=lambda p: (p[0].gap, p[0].turn)
        )
        if self._planner.crowded:
            warnings.append(CROWDED)
        self._copy(
            self._export.encoding.writer(out), [(plan, self._row(plan, decoy)) for plan, decoy in plans]
        )
        placements = [Placement(decoy, plan.gap + earlier) for earlier, (plan, decoy) in enumerate(plans)]
        return Seeding(tuple(sorted(placements, key=lambda p: p.decoy.slot)), tuple(warnings))

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
        return self._export.form.joined(self._export.form.render(plan.template, cells), plan.before)

    def _copy(self, out: Writable, insertions: Sequence[tuple[Plan, bytes]]) -> None:
        source = self._export.source
        source.seek(0)
        at = 0
        for plan, row in insertions:
            _pour(source, out, plan.offset - at)
            at = plan.offset
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
